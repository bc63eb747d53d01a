"""Secrets do not show themselves."""

import copy
import json
import logging
import pickle
from dataclasses import asdict, dataclass

import pytest

from adapter.errors import SettingsError
from adapter.secret import MASK, Secret

WORD = "s3cret-Word"


@pytest.fixture(params=["variable", "file"])
def secret(request, tmp_path):
    if request.param == "variable":
        return Secret.of_variable("NOTEWRIGHT_PASSWORD", {"NOTEWRIGHT_PASSWORD": WORD})
    (tmp_path / "password").write_text(f"{WORD}\n")
    return Secret.of_file(tmp_path / "password")


@dataclass(frozen=True)
class Target:
    password: Secret


def test_it_reveals_itself_when_asked(secret):
    assert secret.reveal() == WORD


def test_it_shows_itself_nowhere(secret, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("test").info("%s %r", secret, Target(secret))
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret:>12}",
        f"{secret!r}",
        caplog.text,
    ]
    shown += [
        repr(Target(secret)),
        str([secret]),
        str(asdict(Target(secret))),
        str(SettingsError(f"{secret}")),
    ]
    shown += [str(copy.copy(secret)), str(copy.deepcopy(secret)), json.dumps(Target(secret), default=str)]
    assert not [text for text in shown if WORD in text or "s3cret" in text]
    assert str(secret) == MASK
    assert secret.origin in repr(secret)


def test_it_cannot_be_pickled_or_written(secret):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        vars(secret)


def test_a_file_changed_on_disk_is_read_anew(tmp_path):
    path = tmp_path / "word"
    path.write_text("one")
    secret = Secret.of_file(path)
    path.write_text("two\r\n")
    assert secret.reveal() == "two"
    path.unlink()
    with pytest.raises(SettingsError, match="No such file"):
        secret.reveal()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_files_that_hold_no_secret(content, tmp_path):
    (tmp_path / "word").write_bytes(content)
    with pytest.raises(SettingsError, match="word"):
        Secret.of_file(tmp_path / "word")


@pytest.mark.parametrize("environment", [{}, {"WORD": ""}])
def test_variables_that_hold_none(environment):
    with pytest.raises(SettingsError, match="WORD is not set"):
        Secret.of_variable("WORD", environment)
