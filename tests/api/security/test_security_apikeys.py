"""API keys: made once, kept hashed, revoked at once."""

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.security.apikeys import KeyFile
from adapter.errors import SettingsError

START = datetime(2027, 1, 15, tzinfo=UTC)
SCOPES = "system/DocumentReference.cruds"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def keys(path):
    return KeyFile(path, now=lambda: START)


def test_a_key_opens_and_its_secret_is_nowhere(keys, path):
    key, text = keys.add("Ward 7", SCOPES)
    assert text.startswith(f"nw_{key.id}.")
    assert keys.verify(text) == key
    assert text.split(".")[1] not in path.read_text()
    assert text.split(".")[1] not in repr(key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.listed() == (key,)


def test_keys_differ(keys):
    texts = {keys.add(f"n{number}", SCOPES)[1] for number in range(20)}
    assert len(texts) == 20
    assert all(keys.verify(text) for text in texts)


def test_only_the_very_key_opens(keys):
    _, text = keys.add("a", SCOPES)
    other, _ = keys.add("b", SCOPES)
    secret = text.split(".")[1]
    flipped = "A" if secret[0] != "A" else "B"
    for wrong in (
        "",
        "nw_",
        text[:-1],
        text + "A",
        text + "\n",
        " " + text,
        text.upper(),
        text.replace(".", ""),
        text.removeprefix("nw_"),
        f"nw_{other.id}.{secret}",
        f"nw_{'0' * 12}.{secret}",
        f"{text.split('.')[0]}.{flipped}{secret[1:]}",
        f"{text.split('.')[0]}.{'0' * 43}",
    ):
        assert keys.verify(wrong) is None, wrong


@given(st.text(max_size=80))
def test_wild_text_opens_nothing(tmp_path_factory, text):
    assert KeyFile(tmp_path_factory.getbasetemp() / "no-such-file").verify(text) is None


def test_a_key_ends(path):
    moment = [START]
    keys = KeyFile(path, now=lambda: moment[0])
    _, text = keys.add("a", SCOPES, START + timedelta(days=1))
    assert keys.verify(text)
    moment[0] += timedelta(days=1)
    assert keys.verify(text) is None


def test_revoking_is_seen_by_a_running_server_and_kept(keys, path):
    running = KeyFile(path, now=lambda: START)
    assert running.listed() == ()
    key, text = keys.add("a", SCOPES)
    assert running.verify(text)
    revoked = keys.revoke(key.id)
    assert running.verify(text) is None
    assert keys.revoke(key.id) == revoked
    assert [one.revoked for one in running.listed()] == ["2027-01-15T00:00:00+00:00"]
    with pytest.raises(SettingsError):
        keys.revoke("0" * 12)
    assert not path.with_name("keys.json.new").exists()


def test_a_file_taken_away_takes_the_keys_with_it(keys, path):
    _, text = keys.add("a", SCOPES)
    assert keys.verify(text)
    path.unlink()
    assert keys.verify(text) is None


@pytest.mark.parametrize(
    ("name", "scopes", "expires"),
    [
        ("", SCOPES, None),
        ("a\nb", SCOPES, None),
        ("a" * 81, SCOPES, None),
        ("a", "", None),
        ("a", "openid", None),
        ("a", "patient/*.rs", None),
        ("a", "user/*.rs", None),
        ("a", f"{SCOPES} nonsense", None),
        ("a", "system/DocumentReference.c?unknown=1", None),
        ("a", SCOPES, START),
        ("a", SCOPES, START - timedelta(days=1)),
        ("a", SCOPES, datetime(2030, 1, 1)),
    ],
)
def test_keys_that_are_not_made(keys, path, name, scopes, expires):
    with pytest.raises(SettingsError):
        keys.add(name, scopes, expires)
    assert keys.listed() == ()
    assert list(path.parent.iterdir()) == []


ROW = {
    "id": "0123456789ab",
    "name": "a",
    "hash": "sha256:" + "0" * 64,
    "scopes": SCOPES,
    "created": "2027-01-15T00:00:00+00:00",
    "expires": None,
    "revoked": None,
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "keys": []}',
        '{"version": 1}',
        '{"version": 1, "keys": [1]}',
        "[" * 100_000,
        *(
            json.dumps({"version": 1, "keys": [{**ROW, **changed}]})
            for changed in (
                {"id": "../etc"},
                {"id": 1},
                {"id": []},
                {"hash": "md5:0"},
                {"hash": "secret"},
                {"created": "yesterday"},
                {"created": None},
                {"expires": "2030-01-01T00:00:00"},
                {"revoked": True},
                {"scopes": ["x"]},
                {"more": 1},
            )
        ),
        json.dumps({"version": 1, "keys": [ROW, ROW]}),
    ],
)
def test_a_broken_file_lets_nobody_in(keys, path, content):
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError):
        keys.verify(f"nw_{ROW['id']}.{'a' * 43}")
    with pytest.raises(SettingsError):
        keys.add("a", SCOPES)
    assert path.read_text() == content


def test_a_file_others_may_write_is_not_believed(keys, path):
    _, text = keys.add("a", SCOPES)
    path.chmod(0o622)
    with pytest.raises(SettingsError):
        KeyFile(path).verify(text)


def test_two_changes_at_once_do_not_lose_each_other(keys, path):
    keys.add("a", SCOPES)
    draft = path.with_name("keys.json.new")
    draft.touch()
    with pytest.raises(SettingsError, match=r"keys\.json\.new"):
        keys.add("b", SCOPES)
    assert draft.exists()
    draft.unlink()
    keys.add("b", SCOPES)
    assert [key.name for key in keys.listed()] == ["a", "b"]
