"""The default encoder is made of an earlier generation and an adapter: once, whole, and always the same."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapter import engines
from adapter.errors import ModelError
from adapter.models import lora
from adapter.models.card import card, digest

ENCODER = engines.ENCODER


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two parts as an installation has them: nothing is made yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "shipped"
    folder.mkdir()
    for part in (ENCODER.base, ENCODER.adapter):
        (folder / part).symlink_to(engines.model_folder() / part)
    return folder


def test_it_is_made_in_the_users_folder_and_is_what_it_is_said_to_be(shipped: Path, tmp_path: Path) -> None:
    path = ENCODER.path(shipped)
    assert path.parent == tmp_path / "home" / "notewright"
    assert digest(path) == ENCODER.sha256
    told = card(path)
    assert (told.name, told.version, told.kind) == (ENCODER.name, ENCODER.version, "encoder")
    before = path.stat().st_mtime_ns
    assert ENCODER.path(shipped).stat().st_mtime_ns == before
    assert [one.name for one in path.parent.iterdir()] == [ENCODER.file]


def test_what_was_made_beside_its_parts_is_used_there(shipped: Path, tmp_path: Path) -> None:
    beside = ENCODER.beside(shipped)
    assert beside.is_relative_to(shipped)
    assert ENCODER.path(shipped) == beside
    assert not (tmp_path / "home").exists()


def test_several_may_make_it_at_once(shipped: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        paths = set(pool.map(lambda _: ENCODER.path(shipped), range(3)))
    (path,) = paths
    assert digest(path) == ENCODER.sha256
    assert [one.name for one in path.parent.iterdir()] == [ENCODER.file]


def test_parts_that_are_not_those_it_was_tried_with_make_nothing(shipped: Path, tmp_path: Path) -> None:
    other = replace(ENCODER, sha256="0" * 64)
    with pytest.raises(ModelError, match=f"{ENCODER.base} and {ENCODER.adapter}: what is made of them"):
        other.path(shipped)
    assert list((tmp_path / "home" / "notewright").iterdir()) == []


def test_a_missing_part_is_named(shipped: Path) -> None:
    (shipped / ENCODER.adapter).unlink()
    with pytest.raises(ModelError, match=f"{ENCODER.adapter}: no such model file"):
        ENCODER.path(shipped)


def test_a_place_that_cannot_be_written_is_told(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be written"):
        ENCODER.path(shipped)


def test_the_change_of_a_matrix_does_not_hang_on_the_order_of_adding() -> None:
    chance = np.random.default_rng(7)
    a = (chance.standard_normal((48, 64)) * 0.1).astype(np.float16).astype(np.float32)
    b = (chance.standard_normal((32, 48)) * 0.1).astype(np.float16).astype(np.float32)
    turned = chance.permutation(48)
    one, other = (lora.Pair(a=a[order], b=b[:, order], scale=1.0) for order in (np.arange(48), turned))
    assert np.array_equal(lora._change("w", one, 0, 32), lora._change("w", other, 0, 32))
    assert not np.array_equal(b @ a, b[:, turned] @ a[turned])
