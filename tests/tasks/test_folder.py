"""A task's folder: read whole, or told what is wrong with it, by file and key."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.tasks import Binding, folder
from mappings import MappingError

ITEM = {
    "type": "object",
    "required": ["quote", "status"],
    "properties": {
        "quote": {"type": "string"},
        "status": {"enum": ["yes", "no"]},
        "dose": {"type": "string"},
        "size": {"type": "number"},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["items", "names", "age"],
    "properties": {
        "items": {"type": "array", "items": ITEM},
        "names": {"type": "array", "items": {"type": "string"}},
        "age": {"type": ["integer", "null"]},
    },
}
HEAD = 'name = "t"\nversion = "1"\ntitle = "T"\ninstruction = "Do."\n'
EXAMPLE = {
    "text": "No fever; 40 years; Ada.",
    "answer": {"items": [{"quote": "fever", "status": "no"}], "names": ["Ada"], "age": 40},
    "evidence": {"/age": "40 years"},
}


def made(path, toml=HEAD, schema=SCHEMA, examples=(EXAMPLE,)):
    (path / "task.toml").write_text(toml, "utf-8")
    (path / "answer.schema.json").write_text(
        schema if isinstance(schema, str) else json.dumps(schema), "utf-8"
    )
    lines = [one if isinstance(one, str) else json.dumps(one) for one in examples]
    (path / "examples.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return path


def wrong(path):
    return [(fault.file, fault.key) for fault in folder.examine(path)[1]]


def test_a_folder_is_a_task(tmp_path):
    view = '[[views]]\npath = "items"\nkind = "condition"\nstatus = "status"\nclaims = { no = ["negated"] }\n'
    details = 'details = [{ key = "dose", kind = "dose" }]\n'
    bindings = '[bindings]\n"items/dose" = "dose"\n'
    bindings += '"names" = { kind = "condition", within = """<< 64572001\n  MINUS 195967001""" }\n'
    task = folder.read(made(tmp_path, HEAD + view + details + bindings))
    assert (task.views[0].claims, task.views[0].details[0].key) == ({"no": ("negated",)}, "dose")
    assert task.examples[0].evidence == {"/age": "40 years"}
    assert task.bindings == {
        "items/dose": Binding(kind="dose"),
        "names": Binding(kind="condition", within="<< 64572001 MINUS 195967001"),
    }
    assert len(task.digest) == 64


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ("name = ", ""),
        (HEAD + "colour = 1\n", "colour"),
        (HEAD.replace('"t"', '"T!"'), "name"),
        (HEAD.replace('"Do."', '" "'), "instruction"),
        (HEAD + 'strategy = "wild"\n', "strategy"),
        (HEAD + "shots = 2\n", "shots"),
        (HEAD + "shots = -1\n", "shots"),
        (HEAD + 'languages = ["English"]\n', "languages.0"),
        (HEAD + '[[views]]\npath = "items"\n', "views.0.kind"),
        (HEAD + '[[views]]\npath = "items"\nkind = "thing"\n', "views.0.kind"),
        (HEAD + '[[views]]\npath = "age"\nkind = "condition"\n', "views.0.path"),
        (HEAD + '[[views]]\npath = "names"\nkind = "condition"\n', "views.0.quote"),
        (HEAD + '[[views]]\npath = "items"\nkind = "condition"\nquote = ""\n', "views.0.quote"),
        (HEAD + '[[views]]\npath = "items"\nkind = "condition"\nquote = "dose"\n', "views.0.quote"),
        (HEAD + '[[views]]\npath = "items"\nkind = "condition"\nstatus = "dose"\n', "views.0.status"),
        (
            HEAD
            + '[[views]]\npath = "items"\nkind = "condition"\nstatus = "status"\nclaims = { maybe = [] }\n',
            "views.0.claims.maybe",
        ),
        (
            HEAD
            + '[[views]]\npath = "items"\nkind = "condition"\nstatus = "status"\nclaims = { no = ["x"] }\n',
            "views.0.claims.no",
        ),
        (
            HEAD
            + '[[views]]\npath = "items"\nkind = "condition"\ndetails = [{ key = "size", kind = "dose" }]\n',
            "views.0.details.0.key",
        ),
        (HEAD + '[bindings]\n"items/status" = "condition"\n', "bindings.items/status"),
        (HEAD + '[bindings]\n"none" = "condition"\n', "bindings.none"),
        (HEAD + '[bindings]\n"names" = "thing"\n', "bindings.names"),
        (HEAD + '[bindings]\n"names" = 3\n', "bindings.names"),
        (HEAD + '[bindings]\n"names" = { within = "<< 64572001" }\n', "bindings.names.kind"),
        (HEAD + '[bindings]\n"names" = { kind = "test", of = "x" }\n', "bindings.names.of"),
        (HEAD + '[bindings]\n"names" = { kind = "test", within = "<< x" }\n', "bindings.names.within"),
        (HEAD + 'evidence = "none"\n[bindings]\n"names" = "condition"\n', "bindings"),
        (HEAD + 'evidence = "none"\n[[views]]\npath = "items"\nkind = "condition"\n', "views"),
    ],
)
def test_what_is_wrong_with_the_task_is_named(tmp_path, toml, key):
    assert ("task.toml", key) in wrong(made(tmp_path, toml))
    with pytest.raises(MappingError, match=r"task\.toml"):
        folder.read(tmp_path)


@pytest.mark.parametrize(
    ("schema", "key"),
    [
        ("{", ""),
        ('{"type": "object", "type": "object"}', ""),
        ('{"type": "object", "properties": {"a": {"type": "number", "maximum": NaN}}}', ""),
        ("[" * 100_000, ""),
        ('{"type": "object", "properties": {"a": {"const": "\\ud800"}}}', ""),
        ({"type": "object", "properties": {"": {"type": "string"}}}, ""),
        ("[]", ""),
        (
            {"type": "object", "properties": {"a": {"type": "string", "pattern": "x"}}},
            "/properties/a",
        ),
    ],
)
def test_what_is_wrong_with_the_schema_is_named(tmp_path, schema, key):
    assert wrong(made(tmp_path, schema=schema)) == [("answer.schema.json", key)]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"text": "No fever; Ada."}, "answer/age"),
        ({"evidence": {}}, "evidence"),
        ({"evidence": {"/age": "40 years", "/names": "Ada"}}, "evidence"),
        ({"answer": {"items": [], "names": ["Bob"], "age": None}, "evidence": {}}, "answer/names/0"),
        ({"answer": {"items": [{"quote": "fever"}], "names": [], "age": None}}, "answer/items/0/status"),
        ({"answer": []}, "answer"),
        ({"note": "more"}, "note"),
    ],
)
def test_what_is_wrong_with_an_example_is_named_and_not_quoted(tmp_path, change, key):
    made(tmp_path, examples=[EXAMPLE, "", EXAMPLE | change])
    assert wrong(tmp_path) == [("examples.jsonl line 3", key)]
    assert not any(
        "Bob" in fault.message or "fever" in fault.message for fault in folder.examine(tmp_path)[1]
    )


def test_a_line_that_is_no_json_is_named(tmp_path):
    assert wrong(made(tmp_path, examples=["{"])) == [("examples.jsonl line 1", "")]


def test_the_schema_may_be_yaml(tmp_path):
    pytest.importorskip("yaml")
    made(tmp_path)
    (tmp_path / "answer.schema.yaml").write_text(json.dumps(SCHEMA), "utf-8")
    assert wrong(tmp_path) == [("answer.schema.json", "")]  # one of them
    (tmp_path / "answer.schema.json").unlink()
    assert folder.read(tmp_path).name == "t"
    (tmp_path / "answer.schema.yaml").write_text("a: [", "utf-8")
    assert wrong(tmp_path) == [("answer.schema.yaml", "")]
    (tmp_path / "answer.schema.yaml").write_text("!!python/object/apply:os.getcwd []", "utf-8")
    assert wrong(tmp_path) == [("answer.schema.yaml", "")]  # nothing is executed


def test_an_empty_folder_is_told(tmp_path):
    assert wrong(tmp_path) == [("task.toml", ""), ("answer.schema.json", "")]


@settings(max_examples=60)
@given(
    st.sampled_from(["task.toml", "answer.schema.json", "examples.jsonl"]),
    st.binary(max_size=40) | st.text(max_size=40).map(str.encode),
)
def test_whatever_the_files_hold_it_is_told(tmp_path_factory, name, data):
    path = made(tmp_path_factory.mktemp("task"))
    (path / name).write_bytes(data)
    task, faults = folder.examine(path)
    assert task is not None or faults
