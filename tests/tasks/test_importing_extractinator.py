import json

import pytest

from adapter.errors import InputError
from adapter.tasks import folder
from adapter.tasks.importing import convert

TASK = {
    "Description": "Extract every measurement.",
    "Data_Path": "reports.csv",
    "Input_Field": "text",
    "Extra_Instructions": "Sizes are in mm.",
}
FIELDS = {
    "measurements": {
        "type": "list",
        "description": "One entry for each measurement",
        "items": {
            "type": "dict",
            "properties": {
                "structure": {"type": "str", "description": "What was measured"},
                "size_mm": {"type": "float"},
                "side": {"type": "str", "literals": ["left", "right"], "optional": True},
            },
        },
    },
    "contrast": {"type": "bool", "optional": True},
    "count": {"type": "int"},
}
NULL = {"type": "null"}
SOURCE = "from pydantic import BaseModel\n\nclass OutputParser(BaseModel):\n    size: float\n    side: str\n"


def task_file(root, task, name="Task007_sizes.json"):
    (root / "tasks" / "parsers").mkdir(parents=True, exist_ok=True)
    path = root / "tasks" / name
    path.write_text(json.dumps(task), "utf-8")
    return path


def kept(root, imported):
    """The imported task, once it is a folder."""
    home = root / "kept"
    home.mkdir()
    (home / "task.toml").write_text(imported.task_toml, "utf-8")
    (home / "answer.schema.json").write_text(json.dumps(imported.schema), "utf-8")
    lines = (
        json.dumps({"text": one.text, "answer": one.answer, "evidence": dict(one.evidence)})
        for one in imported.examples
    )
    (home / "examples.jsonl").write_text("\n".join(lines), "utf-8")
    return folder.read(home)


def test_a_dictionary_of_fields_becomes_a_schema(tmp_path):
    imported = convert(task_file(tmp_path, TASK | {"Parser_Format": FIELDS}))
    task = kept(tmp_path, imported)
    assert (task.name, task.title, task.strategy) == ("task007-sizes", "Task007 sizes", "advanced")
    assert (task.instruction, task.rules) == ("Extract every measurement.", ("Sizes are in mm.",))
    properties = task.schema["properties"]
    assert properties["measurements"]["items"]["properties"] == {
        "structure": {"type": "string", "description": "What was measured"},
        "size_mm": {"type": "number"},
        "side": {"anyOf": [{"type": "string", "enum": ["left", "right"]}, NULL]},
    }
    assert properties["contrast"] == {"anyOf": [{"type": "boolean"}, NULL]}
    assert task.schema["required"] == ["measurements", "count"]
    assert imported.notes[1:] == ("Data_Path is left out", "Input_Field is left out")


def test_a_source_file_is_found_beside_the_task(tmp_path):
    path = task_file(tmp_path, TASK | {"Parser_Format": "size.py"})
    (tmp_path / "tasks" / "parsers" / "size.py").write_text(SOURCE, "utf-8")
    assert list(convert(path).schema["properties"]) == ["size", "side"]


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_examples_are_carried_over_with_the_words_they_rest_on(tmp_path, kind):
    path = task_file(tmp_path, TASK | {"Parser_Format": "size.py", "Example_Path": f"shots.{kind}"})
    (tmp_path / "tasks" / "parsers" / "size.py").write_text(SOURCE, "utf-8")
    (tmp_path / "examples").mkdir()
    outputs = [{"size": 4.5, "side": "left"}, {"size": 9.0, "side": "left"}, {"size": "big"}]
    rows = [("Lesion on the left, 4.5 mm.", json.dumps(one)) for one in outputs] + [("x", "y")]
    shots = tmp_path / "examples" / f"shots.{kind}"
    if kind == "json":
        shots.write_text(json.dumps([{"input": one, "output": other} for one, other in rows]), "utf-8")
    else:
        quoted = ('"' + other.replace('"', '""') + '"' for _, other in rows)
        lines = [f'"{one}",{other}' for (one, _), other in zip(rows, quoted, strict=True)]
        shots.write_text("\n".join(["input,output", *lines]), "utf-8")
    imported = convert(path)
    task = kept(tmp_path, imported)
    assert [one.evidence for one in task.examples] == [{"/size": "4.5"}]
    assert task.shots == 1
    assert any("3 of 4 examples are left out" in note for note in imported.notes)


def test_only_files_beside_the_task_are_opened(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text(SOURCE, "utf-8")
    (tmp_path / "site").mkdir()
    for name in (str(secret), "../../../secret.py", "link.py", "\0"):
        path = task_file(tmp_path / "site", TASK | {"Parser_Format": name})
        link = path.parent / "parsers" / "link.py"
        link.unlink(missing_ok=True)
        link.symlink_to(secret)
        with pytest.raises(InputError, match="no such file"):
            convert(path)
    told = {"Parser_Format": FIELDS, "Example_Path": "../../secret.py"}
    assert any(
        "examples are left out" in note for note in convert(task_file(tmp_path / "site", TASK | told)).notes
    )


@pytest.mark.parametrize(
    "fields, where",
    [
        ({"x": {"type": "any"}}, "x: its type"),
        ({"x": {"type": "list"}}, r"x\[\]: not a dictionary"),
        ({"x": {"type": "dict"}}, "x: not a dictionary"),
        ({"x": {"type": "list of strings"}}, "x: its type"),
        ({"x": {"type": "str", "literals": ["a", 1]}}, "x: its literals"),
        ({"x": {"type": ["str"]}}, "x: its type"),
        ({"x": "str"}, "x: not a dictionary"),
        ({}, "Parser_Format: not a dictionary"),
        (7, "Parser_Format: neither"),
    ],
)
def test_what_is_no_field_is_refused_by_its_name(tmp_path, fields, where):
    with pytest.raises(InputError, match=where):
        convert(task_file(tmp_path, TASK | {"Parser_Format": fields}))


def test_fields_nested_without_end_are_refused(tmp_path):
    deep = {"type": "str"}
    for _ in range(60):
        deep = {"type": "dict", "properties": {"x": deep}}
    with pytest.raises(InputError, match="nested too deeply"):
        convert(task_file(tmp_path, TASK | {"Parser_Format": {"x": deep}}))


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{", '{"a": 1}', "[1]", "\ufffe", '{"Description": 1}'])
def test_what_is_no_task_is_refused(tmp_path, text):
    path = tmp_path / "task.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError):
        convert(path)


def test_a_format_is_one_there_is(tmp_path):
    with pytest.raises(InputError, match="format"):
        convert(task_file(tmp_path, TASK), "yaml")


def test_words_survive_toml(tmp_path):
    said = 'a "quoted" \\ back\u007f \u00e9 \ud800 \U0001f600\n{{x}}'
    task = kept(tmp_path, convert(task_file(tmp_path, TASK | {"Description": said, "Parser_Format": FIELDS})))
    assert task.instruction == said.replace("\ud800", "?")
