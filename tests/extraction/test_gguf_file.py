import shutil
from pathlib import Path

import pytest

from adapter.errors import ModelError
from adapter.extraction import classifier, gguf_file
from tests.conftest import MODEL


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ModelError, match=r"nothing\.gguf: no such model file"):
        gguf_file.read(Path("nothing.gguf"), "")


@pytest.mark.parametrize(
    "data", [b"", b"GGUF", b"PK\x03\x04" + b"x" * 100, b"GGUF\x03\x00\x00\x00" + b"\xff" * 64]
)
def test_what_is_no_gguf_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=r"broken\.gguf: not a readable GGUF file"):
        gguf_file.read(path, "")


@pytest.mark.model
def test_a_cut_off_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.gguf"
    path.write_bytes(MODEL.read_bytes()[:100_000])
    with pytest.raises(ModelError, match=r"short\.gguf"):
        classifier.describe(path)


@pytest.mark.model
def test_the_shipped_model_says_what_it_is(tmp_path: Path) -> None:
    info, kinds = classifier.describe(MODEL)
    assert info.quantization == "Q8_0"
    assert len(info.digest) == 64
    assert {"condition", "finding", "medication", "procedure", "dose"} <= set(kinds)
    assert MODEL.stat().st_size < 30 * 1024 * 1024
    copy = tmp_path / "renamed.gguf"
    shutil.copy(MODEL, copy)
    assert classifier.describe(copy)[0] == info
