"""Folders of cases, good and hostile: what is wrong is told with file and key."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.cases import Shelf, folder
from adapter.cases.folder import Head, read
from adapter.errors import InputError

GOOD = 'why = "It is coded"\ntags = ["one"]\n'
BUNDLE = {"resourceType": "Bundle", "type": "transaction", "entry": []}


def case(path, *, toml=GOOD, note="Asthma.", expected=None, **files):
    path.mkdir(parents=True, exist_ok=True)
    given_ = {"case.toml": toml, "note.txt": note, "expected.json": expected or json.dumps(BUNDLE)}
    for name, text in {**given_, **{key.replace("__", "."): value for key, value in files.items()}}.items():
        if text is not None:
            (path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults(path):
    return [str(one) for one in read(path, path.name).faults]


def told(path):
    """What is wrong with a case, found when its files are read."""
    found = read(path, path.name)
    if found.faults:
        return str(found.faults[0])
    with pytest.raises(InputError) as caught:
        found.document(), found.expected()
    return str(caught.value)


def test_a_good_case(tmp_path):
    found = read(case(tmp_path / "good"), "good")
    assert found.faults == () and found.head == Head(why="It is coded", tags=("one",))
    assert found.document()["content"][0]["attachment"]["contentType"].startswith("text/plain")
    assert found.expected() == BUNDLE and found.text() == "Asthma."


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"toml": "why = "}, "case.toml: not TOML"),
        ({"toml": "tags = []"}, "case.toml: why: Field required"),
        ({"toml": 'why = ""'}, "case.toml: why:"),
        ({"toml": GOOD + "else = 1"}, "case.toml: else:"),
        ({"toml": GOOD + 'fhir = "r9"'}, "case.toml: fhir:"),
        ({"toml": 'why = "x"\ntags = ["../x"]'}, "case.toml: tags.0:"),
        ({"toml": 'why = "x"\ntags = 3'}, "case.toml: tags:"),
        ({"toml": GOOD + 'language = "<b>"'}, "case.toml: language:"),
        ({"toml": b"\xff"}, "case.toml: not UTF-8 at byte 0"),
        ({"toml": "a=" + "[" * 20_000}, "case.toml:"),
        ({"toml": "x" * 70_000}, "case.toml: larger than"),
        ({"toml": None}, "case.toml: missing"),
        ({"note": None}, "document.json: missing, and note.txt too"),
        ({"document__json": "{}"}, "document.json: beside note.txt"),
        ({"note": b"\xff\xfe"}, "note.txt: not UTF-8 at byte 0"),
        ({"note": None, "document__json": "{"}, "document.json: not JSON"),
        ({"note": None, "document__json": "[]"}, "document.json: the body is not an object"),
        ({"note": None, "document__json": '{"a": 1}'}, "document.json: resourceType"),
        (
            {"expected": '{"resourceType": "Bundle", "entry": [{"resource": 3}]}'},
            "expected.json: entry[0].resource",
        ),
        ({"expected": '{"resourceType": "Bundle", "entry": {}}'}, "expected.json: entry"),
        ({"expected": '{"resourceType": "Patient"}'}, "expected.json: resourceType"),
        ({"expected": '{"resourceType": "Bundle", "a": 1, "a": 2}'}, "expected.json: "),
        ({"expected": "[" * 100_000}, "expected.json: "),
        ({"expected": b"\x80"}, "expected.json: not UTF-8"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(tmp_path, files, said):
    assert told(case(tmp_path / "wrong", **files)).startswith(said)


@pytest.mark.parametrize("name", ["case.toml", "note.txt", "expected.json", "recording.jsonl"])
def test_links_and_other_things_are_not_read(tmp_path, name):
    outside = tmp_path / "outside"
    outside.write_text(GOOD)
    path = case(tmp_path / "linked")
    (path / name).unlink(missing_ok=True)
    (path / name).symlink_to(outside)
    assert any(f"{name}: is a link" in one for one in faults(path))
    (path / name).unlink()
    os.mkfifo(path / name)
    assert any(f"{name}: is not a file" in one for one in faults(path))


def test_a_file_that_becomes_a_link_is_not_followed(tmp_path):
    found = read(case(tmp_path / "late"), "late")
    (found.folder / "note.txt").unlink()
    (found.folder / "note.txt").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"note.txt: is a link"):
        found.text()


def test_a_tree_is_walked_without_links_and_hidden_folders(tmp_path):
    case(tmp_path / "tree" / "a")
    case(tmp_path / "tree" / "deep" / "b")
    case(tmp_path / "tree" / ".hidden" / "c")
    case(tmp_path / "elsewhere" / "d")
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "tree" / "round").symlink_to(tmp_path / "tree")
    shelf = Shelf(tmp_path / "tree")
    assert [one.name for one in shelf.cases()] == ["a", "deep/b"]
    assert [one.name for one in Shelf(tmp_path / "tree" / "a").cases()] == ["a"]
    assert shelf.case("deep/b").name == "deep/b"
    for name in ("link/d", "../elsewhere/d", "round/a", ".hidden/c", "/etc", "", "a/..", "a/", "a\0"):
        assert shelf.case(name) is None


def test_a_bad_name_is_a_fault(tmp_path):
    case(tmp_path / "tree" / "Bad Name\u202e")
    (one,) = Shelf(tmp_path / "tree").cases()
    assert one.faults[0].key == "name"


def test_no_folder_is_said(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        Shelf(tmp_path / "nowhere").cases()


@given(
    st.text(min_size=1, max_size=50).filter(
        lambda text: text.strip() and not any("\ud800" <= c <= "\udfff" for c in text)
    )
)
def test_every_reason_survives_being_written(why):
    head = Head(why=why)
    import tomllib

    assert tomllib.loads(folder.written(head).decode()) == {"why": head.why, "tags": [], "fhir": "r4"}


def test_changes_are_whole_or_not_at_all(tmp_path):
    (tmp_path / "tree").mkdir()
    shelf = Shelf(tmp_path / "tree")
    made = shelf.add("new", Head(why="x"), "Asthma.", BUNDLE)
    assert made.faults == () and made.expected() == BUNDLE
    with pytest.raises(InputError, match="already"):
        shelf.add("new", Head(why="y"), "Else.", BUNDLE)
    with pytest.raises(InputError):
        shelf.add("../out", Head(why="y"), "Else.", BUNDLE)
    shelf.change(made, Head(why="z", fhir="r5"))
    shelf.expect(made, BUNDLE | {"type": "batch"})
    again = shelf.case("new")
    assert again.head.fhir == "r5" and again.expected()["type"] == "batch" and again.stamp != made.stamp
    shelf.remove(again)
    assert list((tmp_path / "tree").iterdir()) == []
    with pytest.raises(InputError, match="by hand"):
        Shelf(case(tmp_path / "one")).remove(Shelf(tmp_path / "one").cases()[0])
