"""The worked example of docs/tasks.md is sound, and what it says comes out."""

import json
import re
from pathlib import Path

import pytest

from adapter.tasks import answers, folder, grounded

PAGE = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def task(tmp_path):
    for name, text in BLOCKS.items():
        if "/" in name:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
    return folder.read(tmp_path / "fall-risk")


def test_the_example_is_a_task(task):
    assert (task.name, len(task.examples)) == ("fall-risk", 1)


def test_what_has_no_ground_is_dropped_as_the_page_says(task):
    written = json.loads(BLOCKS["grounded"])
    assert answers.problems(grounded.node(task), written) == ()
    text = task.examples[0].text
    kept = {leaf.pointer for leaf in grounded.leaves(task, written) if leaf.quote in text}
    rebuilt = grounded.rebuild(task, written, kept)
    assert rebuilt.answer == json.loads(BLOCKS["answer"])
    assert rebuilt.gaps == ("/aid",)
