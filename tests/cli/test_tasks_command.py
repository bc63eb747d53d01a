"""`notewright tasks`: what there is, what is wrong, and tasks of other tools."""

import json
import shutil
from pathlib import Path

import pytest

from adapter import cli
from adapter.tasks import folder, library


@pytest.fixture
def own(tmp_path: Path) -> Path:
    task = tmp_path / "tasks" / "our-board"
    shutil.copytree(library.BUILT_IN / "tumour-board", task)
    toml = (task / "task.toml").read_text("utf-8")
    (task / "task.toml").write_text(toml.replace('"tumour-board"', '"our-board"'), "utf-8")
    return task.parent


def test_tasks_are_listed_with_where_they_are_from(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tasks", "list", "--tasks", str(own)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[-1] == {
        "name": "our-board",
        "version": "1",
        "title": "Tumour board",
        "strategy": "advanced",
        "from": str(own / "our-board"),
    }
    assert {row["from"] for row in rows[:-1]} == {"built-in"}


def test_a_broken_task_does_not_hide_the_others(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / "our-board" / "answer.schema.json").write_text("{}", "utf-8")
    assert cli.main(["tasks", "list", "--tasks", str(own)]) == 3
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == len(library.entries())
    assert "our-board/answer.schema.json" in told.err


def test_a_task_is_shown_with_what_a_model_answers(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tasks", "show", "our-board", "--tasks", str(own)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["examples"] == 2
    assert shown["schema"]["properties"]["ecog"]["anyOf"][0]["type"] == "integer"
    assert set(shown["grounded"]["properties"]["ecog"]["anyOf"][0]["properties"]) == {"quote", "value"}
    assert cli.main(["tasks", "show", "none"]) == 2


def test_everything_wrong_is_told(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tasks", "validate", str(own)]) == 0
    toml = own / "our-board" / "task.toml"
    toml.write_text(
        toml.read_text("utf-8").replace('kind = "condition"', 'kind = "thing"') + "\nx = 1\n", "utf-8"
    )
    schema = own / "our-board" / "answer.schema.json"
    schema.write_text(schema.read_text("utf-8").replace('"minimum": 0', '"least": 0'), "utf-8")
    capsys.readouterr()
    assert cli.main(["tasks", "validate", str(own / "our-board")]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("our-board/task.toml: bindings.x: ")
    assert any(line.endswith("least: not allowed") for line in lines)
    assert cli.main(["tasks", "validate", str(own / "none")]) == 2


EXTRACTINATOR = {
    "Description": "Extract the diagnosis and whether surgery is planned.",
    "Data_Path": "reports.csv",
    "Input_Field": "text",
    "Parser_Format": {
        "diagnosis": {"type": "str", "description": "The main diagnosis."},
        "surgery": {"type": "bool", "description": "Whether surgery is planned."},
    },
}


def test_a_task_of_another_tool_is_one_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, tasks = tmp_path / "Task001_surgery.json", tmp_path / "tasks"
    source.write_text(json.dumps(EXTRACTINATOR), "utf-8")
    given = ["tasks", "import", "--from", str(source), "--output", str(tasks)]
    assert cli.main(given) == 0
    (made,) = tasks.iterdir()
    assert capsys.readouterr().out.splitlines() == [str(made)]
    assert set(folder.read(made).schema["properties"]) == {"diagnosis", "surgery"}
    assert cli.main(["tasks", "show", made.name, "--tasks", str(tasks)]) == 0
    assert cli.main(given) == 2  # nothing is written over
