"""Pasted tasks of other tools: the same as from their files, with nothing left behind and nothing run."""

import json
import tempfile

import pytest

from adapter.errors import InputError
from adapter.tasks import folder
from adapter.tasks.importing import pasted

FIELDS = {"size": {"type": "float"}, "side": {"type": "str", "literals": ["left", "right"], "optional": True}}
TASK = {"Description": "Extract the size.", "Extra_Instructions": "In mm.", "Parser_Format": FIELDS}
SOURCE = "from pydantic import BaseModel\n\nclass OutputParser(BaseModel):\n    size: float\n    side: str\n"
DRAGON = {
    "jobid": 1,
    "task_name": "Task101_Example_sl_bin_clf",
    "input_name": "text",
    "label_name": "single_label_binary_classification_target",
    "recommended_truncation_side": "left",
}
ROWS = [{"uid": "a", "text": "Mass.", "single_label_binary_classification_target": 1}] * 1
ROWS += [{"uid": "b", "text": "None.", "single_label_binary_classification_target": 0}]


@pytest.fixture(autouse=True)
def nothing_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == []


def read(imported):
    task, faults = folder.examined({name: text.encode() for name, text in imported.files().items()})
    assert faults == ()
    return task


def test_a_task_file_with_fields():
    task = read(pasted.convert(json.dumps(TASK), name="Task007 sizes"))
    assert (task.name, task.instruction, task.rules) == ("task007-sizes", "Extract the size.", ("In mm.",))
    assert list(task.schema["properties"]) == ["size", "side"]


def test_source_of_models():
    task = read(pasted.convert(SOURCE, name="Sizes.v2"))
    assert (task.name, list(task.schema["properties"])) == ("sizes-v2", ["size", "side"])


def test_a_task_file_that_names_its_models_and_examples():
    named = TASK | {"Parser_Format": "sizes.py", "Example_Path": "examples.json"}
    rows = [{"input": "12.5 mm, left side.", "output": {"size": 12.5, "side": "left"}}]
    task = read(pasted.convert(json.dumps(named), parser=SOURCE, rows=json.dumps(rows)))
    assert list(task.schema["properties"]) == ["size", "side"]
    assert [one.answer for one in task.examples] == [{"size": 12.5, "side": "left"}]


def test_a_job_of_dragon():
    task = read(pasted.convert(json.dumps(DRAGON), rows=json.dumps(ROWS)))
    assert (task.evidence, len(task.examples)) == ("none", 2)
    assert read(pasted.convert(json.dumps(DRAGON))).examples == ()


@pytest.mark.parametrize("name", ["../sizes.py", "/etc/passwd", "a/b.py", ".hidden.py", "x\0.py", "a" * 300])
def test_no_other_file_is_written_or_read(name):
    with pytest.raises(InputError):
        pasted.convert(json.dumps(TASK | {"Parser_Format": name}), parser=SOURCE)


@pytest.mark.parametrize(
    "source",
    [
        "",
        " \n",
        "{",
        "[" * 100_000,
        "{}",
        '{"Description": 1}',
        "import os\nos.system('x')",
        "print(1)",
        "x" * 2_000_000,
        "class A(__import__('os')): pass",
        '{"label_name": "weather"}',
        "\ud800",
    ],
)
def test_what_is_no_task_is_refused(source):
    with pytest.raises(InputError):
        pasted.convert(source)
