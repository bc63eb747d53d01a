"""Drafts: what is typed becomes the files of a task and comes back from them; what is wrong is told."""

import io
import json
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings

from adapter.errors import InputError
from adapter.tasks import folder, library
from adapter.tasks.drafting import Draft, Field, Shown, edited, opened, pack, save, written
from adapter.tasks.schema import parse, write
from adapter.tasks.task import Binding, Task
from mappings import MappingError
from tests.tasks.shapes import schemas

DISEASES = "<< 64572001 |Disease|"
FALLS = Draft(
    name="fall-risk",
    title="Risk of falls",
    instruction="Say what the note tells about falls.",
    rules="Only the last twelve months.\n\nCopy every quote.",
    languages="en, de-AT",
    shots="1",
    fields=(
        Field(name="fell", kind="boolean", presence="null", description="Whether the patient fell."),
        Field(name="falls", kind="number", whole=True, minimum="0", maximum="99", presence="either"),
        Field(name="gap", kind="number", unit="cm", minimum="0.5", presence="absent"),
        Field(name="aid", kind="choice", choices="none\nstick\nwalker"),
        Field(name="seen", kind="date", presence="absent"),
        Field(
            name="factors",
            kind="list",
            most="20",
            finding="condition",
            fields=(
                Field(
                    kind="group",
                    fields=(
                        Field(name="quote", role="words", bound="condition", within=DISEASES),
                        Field(
                            name="sure",
                            kind="choice",
                            choices="yes\nmaybe",
                            role="status",
                            claims="maybe: uncertain",
                        ),
                        Field(name="when", role="date", presence="absent"),
                        Field(name="why", free=True, length="80", presence="absent"),
                    ),
                ),
            ),
        ),
    ),
    shown=(
        Shown(
            text="Fell twice. Walks with a stick. Vertigo suspected in May.",
            answer=json.dumps(
                {
                    "fell": True,
                    "falls": 2,
                    "aid": "stick",
                    "factors": [{"quote": "Vertigo", "sure": "maybe", "when": "in May"}],
                }
            ),
            evidence='{"/fell": "Fell twice", "/falls": "Fell twice", "/aid": "stick"}',
        ),
    ),
)


def changed(path, **told):
    """The draft above with one field changed."""
    first, *rest = path
    one = FALLS.fields[first]
    for step in rest:
        one = one.fields[step]
    one = replace(one, **told)
    for at in range(len(path) - 1, 0, -1):
        above = FALLS.at(path[:at])
        one = replace(
            above, fields=tuple(one if n == path[at] else part for n, part in enumerate(above.fields))
        )
    return replace(FALLS, fields=tuple(one if n == first else part for n, part in enumerate(FALLS.fields)))


def test_a_draft_is_a_task():
    found = written(FALLS)
    assert found.wrong == ()
    task = found.sound
    assert task.languages == ("en", "de-AT")
    assert task.rules == ("Only the last twelve months.", "Copy every quote.")
    assert (task.views[0].status, task.views[0].claims) == ("sure", {"maybe": ("uncertain",)})
    assert [(one.key, one.kind) for one in task.views[0].details] == [("when", "date")]
    assert task.bindings == {"factors/quote": Binding(kind="condition", within=DISEASES)}
    properties = json.loads(found.files["answer.schema.json"])["properties"]
    assert list(properties) == ["fell", "falls", "gap", "aid", "seen", "factors"]
    assert properties["gap"] == {"type": "number", "minimum": 0.5, "x-unit": "cm"}
    assert properties["fell"]["anyOf"][1] == {"type": "null"}


def test_a_draft_comes_back_from_its_files(tmp_path):
    home = tmp_path / "fall-risk"
    save(written(FALLS).files, "fall-risk", tmp_path)
    task = folder.read(home)
    again, lost = opened(task)
    assert lost == ()
    assert replace(written(again).sound, digest="") == replace(task, digest="")
    assert again.fields == FALLS.fields


@pytest.mark.parametrize("entry", library.entries(), ids=lambda entry: entry.name)
def test_every_task_that_ships_can_be_a_draft(entry):
    task = entry.read()
    draft, lost = opened(task)
    assert lost == ()
    assert replace(written(draft).sound, digest="") == replace(task, digest="")


@settings(max_examples=150)
@given(schemas())
def test_every_schema_comes_back_or_is_said_not_to(schema):
    node = write(parse(schema))
    task = Task(name="t", version="1", title="T", instruction="Do.", schema=node)
    draft, lost = opened(task)
    found = written(draft)
    if not lost:
        assert found.wrong == ()
        assert found.task.schema == node


@pytest.mark.parametrize(
    ("path", "told", "where", "key"),
    [
        ((0,), {"name": ""}, "0", "name"),
        ((1,), {"name": "fell"}, "1", "name"),
        ((1,), {"minimum": "few"}, "1", "minimum"),
        ((1,), {"minimum": "100"}, "1", ""),
        ((2,), {"maximum": "1e400"}, "2", "maximum"),
        ((2,), {"minimum": "NaN"}, "2", "minimum"),
        ((3,), {"choices": " \n"}, "3", "choices"),
        ((3,), {"choices": "a\na"}, "3", "choices"),
        ((3,), {"of": "integer"}, "3", "choices"),
        ((5,), {"most": "501"}, "5", ""),
        ((5,), {"least": "-1"}, "5", ""),
        ((5,), {"finding": "weather"}, "5", "findings kind"),
        ((5, 0), {"fields": ()}, "5.0", ""),
        ((5, 0, 0), {"presence": "absent"}, "5.0.0", ""),
        ((5, 0, 0), {"bound": "weather"}, "5.0.0", "bound"),
        ((5, 0, 0), {"bound": ""}, "5.0.0", "bound"),
        ((5, 0, 0), {"within": "<< disease"}, "5.0.0", "within"),
        ((5, 0, 1), {"claims": "maybe: perhaps"}, "5", "findings claims.maybe"),
        ((5, 0, 1), {"claims": "never: negated"}, "5", "findings claims.never"),
        ((5, 0, 3), {"length": "2001"}, "5.0.3", ""),
        ((5, 0, 3), {"length": "x"}, "5.0.3", "length"),
        ((0,), {"kind": "list", "fields": (Field(kind="group"),)}, "0.0", ""),
    ],
)
def test_what_is_wrong_names_its_field(path, told, where, key):
    found = written(changed(path, **told))
    assert found.sound is None
    assert (where, key) in {(one.field, one.key) for one in found.wrong}


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"name": "Fall risk"}, "name"),
        ({"name": "../fall"}, "name"),
        ({"title": " "}, "title"),
        ({"instruction": ""}, "instruction"),
        ({"shots": "three"}, "shots"),
        ({"shots": "7"}, "shots"),
        ({"max_tokens": "0"}, "max_tokens"),
        ({"strategy": "loud"}, "strategy"),
        ({"languages": "English"}, "languages.0"),
    ],
)
def test_what_is_wrong_with_the_task_itself_is_said(told, key):
    assert ("", key) in {(one.field, one.key) for one in written(replace(FALLS, **told)).wrong}


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ({"answer": "{"}, "answer"),
        ({"answer": "[]"}, "answer"),
        ({"answer": '{"aid": "stick", "fell": null, "factors": []} x'}, "answer"),
        ({"answer": '{"aid": "cane", "fell": null, "factors": []}'}, "answer/aid"),
        ({"evidence": "[1]"}, "evidence"),
        ({"evidence": "{}"}, "evidence"),
        ({"text": "Nothing of the kind."}, "answer/fell"),
    ],
)
def test_what_is_wrong_with_an_example_is_said(told, key):
    example = replace(FALLS.shown[0], **told)
    found = written(replace(FALLS, shown=(Shown(text="", answer="{"), example)))
    assert ("shown.1", key) in {(one.field, one.key) for one in found.wrong}
    assert ("shown.0", "answer") in {(one.field, one.key) for one in found.wrong}


def test_wild_words_are_only_words(tmp_path):
    wild = 'a"]\nb = 1 # \\ \u202e </script> {{ x }} \x7f'
    draft = changed((0,), name=wild, description=wild)
    draft = replace(draft, title=wild, instruction=wild, shown=(), shots="0")
    found = written(draft)
    assert found.wrong == ()
    save(found.files, draft.name, tmp_path)
    task = folder.read(tmp_path / draft.name)
    assert (task.title, task.instruction) == (wild.strip(), wild.strip())
    assert task.schema["properties"][wild]["anyOf"][0]["description"] == wild.strip()


def test_fields_are_added_taken_away_and_moved():
    draft, path = edited.added(FALLS, (5, 0))
    assert (path, draft.at(path)) == ((5, 0, 4), Field())
    assert edited.removed(draft, path) == FALLS
    moved, path = edited.moved(FALLS, (5, 0, 3), -1)
    assert [one.name for one in moved.at((5, 0)).fields] == ["quote", "sure", "why", "when"]
    assert path == (5, 0, 2)
    assert edited.moved(FALLS, (0,), -1) == (FALLS, (0,))
    assert edited.without_shown(edited.with_shown(FALLS, Shown()), 1) == FALLS
    assert FALLS.named((5, 0, 1)) == "factors[].sure"
    assert json.loads(edited.blank(FALLS)) == {
        "fell": None,
        "falls": None,
        "aid": None,
        "factors": [],
    }


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "../a", "A", "a b", "-a", ".a", "a\0", "a" * 65, "elmtex-15"]
)
def test_a_task_is_kept_under_a_plain_name_of_its_own(tmp_path, name):
    with pytest.raises(InputError):
        save(written(FALLS).files, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_task_takes_the_place_of_the_one_it_was_opened_from_alone(tmp_path):
    files = written(FALLS).files
    home = save(files, "fall-risk", tmp_path)
    known = folder.digest(home)
    with pytest.raises(InputError, match="there already"):
        save(files, "fall-risk", tmp_path)
    (home / "notes.txt").write_text("of the site")
    newer = written(replace(FALLS, version="2", shown=(), shots="0")).files
    save(newer, "fall-risk", tmp_path, known)
    assert folder.read(home).version == "2"
    assert sorted(one.name for one in home.iterdir()) == ["answer.schema.json", "notes.txt", "task.toml"]
    with pytest.raises(InputError, match="changed"):
        save(files, "fall-risk", tmp_path, known)
    assert [one.name for one in tmp_path.iterdir()] == ["fall-risk"]


def test_what_cannot_be_written_changes_nothing(tmp_path, monkeypatch):
    home = save(written(FALLS).files, "fall-risk", tmp_path)
    known, rename = folder.digest(home), __import__("os").rename

    def failing(source, target):
        if str(target) == str(home) and "new" in str(source):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr("adapter.tasks.drafting.kept.os.rename", failing)
    with pytest.raises(Exception, match="No space left"):
        save(written(replace(FALLS, version="2")).files, "fall-risk", tmp_path, known)
    assert folder.digest(home) == known
    assert [one.name for one in tmp_path.iterdir()] == ["fall-risk"]


def test_a_zip_holds_the_folder_and_is_the_same_every_time(tmp_path):
    content = pack(written(FALLS).files, "fall-risk")
    assert content == pack(written(FALLS).files, "fall-risk")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        packed.extractall(tmp_path)
    assert folder.read(tmp_path / "fall-risk").name == "fall-risk"


def test_a_schema_nested_too_deep_is_said_not_to_be_one():
    one = Field(name="a")
    for _ in range(20):
        one = Field(name="a", kind="group", fields=(one,))
    found = written(Draft(name="a", title="A", instruction="A.", fields=(one,)))
    assert found.wrong and found.sound is None
    with pytest.raises(MappingError):
        parse(json.loads(found.files["answer.schema.json"]))
