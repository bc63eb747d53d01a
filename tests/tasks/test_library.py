"""The tasks that ship are sound, and a site's own stand beside them."""

import json
import shutil

import pytest

from adapter.errors import SettingsError
from adapter.extraction.generative.grounding import Ground
from adapter.tasks import answers, grounded, library
from adapter.tasks.schema import parse
from mappings import Files, MappingError

NAMES = [entry.name for entry in library.entries()]


@pytest.mark.parametrize("name", NAMES)
def test_a_task_that_ships_is_sound(name):
    task = library.find(name)
    assert len(task.examples) >= 2
    assert all(part.description for part in parse(task.schema).properties.values())
    assert parse(grounded.schema(task)) == grounded.node(task)


@pytest.mark.parametrize("name", NAMES)
def test_every_word_of_its_examples_has_a_place_in_the_note(name):
    task = library.find(name)
    for example in task.examples:
        written = grounded.written(task, example.answer, example.evidence)
        assert answers.problems(grounded.node(task), written) == ()
        leaves = grounded.leaves(task, written)
        ground = Ground(example.text)
        kept = {leaf.pointer for leaf in leaves if ground.find(leaf.quote)}
        assert kept == {leaf.pointer for leaf in leaves}
        assert grounded.rebuild(task, written, kept).answer == example.answer


def test_the_answer_a_model_is_trained_to_write():
    task = library.find("problems-medications-procedures")
    assert task.instruction == (
        "List the problems, medications and procedures of the note as JSON, in the note's own words."
    )
    shape = grounded.schema(task)
    assert shape["required"] == list(shape["properties"]) == ["problems", "medications", "procedures"]
    keys = {name: list(part["items"]["properties"]) for name, part in shape["properties"].items()}
    assert keys == {
        "problems": ["quote", "status", "date"],
        "medications": ["quote", "status", "dose", "route", "frequency", "duration", "form", "reason"],
        "procedures": ["quote", "status", "date", "reason"],
    }
    for part in shape["properties"].values():
        assert part["items"]["required"] == ["quote", "status"]
    assert task.schema == shape  # nothing to wrap: every value stands beside a quote


def test_a_sites_own_task_stands_beside_those_that_ship(tmp_path):
    shutil.copytree(library.BUILT_IN / "tumour-board", tmp_path / "our-board")
    toml = tmp_path / "our-board" / "task.toml"
    toml.write_text(toml.read_text("utf-8").replace('"tumour-board"', '"our-board"'), "utf-8")
    assert [entry.name for entry in library.entries(tmp_path)] == [*NAMES, "our-board"]
    task = library.find("our-board", tmp_path)
    assert task.name == "our-board"
    assert task.digest != library.find("tumour-board").digest
    assert library.find(str(tmp_path / "our-board")) == task
    with pytest.raises(SettingsError):
        library.named(str(tmp_path / "our-board"))


def test_a_name_is_taken_once(tmp_path):
    shutil.copytree(library.BUILT_IN / "tumour-board", tmp_path / "tumour-board")
    with pytest.raises(SettingsError, match="tumour-board"):
        library.entries(tmp_path)


def test_a_folder_is_called_as_its_task(tmp_path):
    shutil.copytree(library.BUILT_IN / "tumour-board", tmp_path / "other")
    with pytest.raises(MappingError, match=r"other/task\.toml: name"):
        library.find("other", tmp_path)


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="elmtex-15"):
        library.find("none")
    with pytest.raises(SettingsError, match="not a directory"):
        library.entries(tmp_path / "none")


def test_the_digest_of_the_mappings_covers_every_file_of_a_task(tmp_path):
    shutil.copytree(library.BUILT_IN, tmp_path / "tasks")
    before = Files((tmp_path,)).digest()
    for file in sorted((tmp_path / "tasks" / "elmtex-15").iterdir()):
        text = file.read_text("utf-8")
        file.write_text(text + "\n", "utf-8")
        assert Files((tmp_path,)).digest() != before
        file.write_text(text, "utf-8")
    assert Files((tmp_path,)).digest() == before
    assert json.loads((tmp_path / "tasks" / "elmtex-15" / "answer.schema.json").read_text("utf-8"))
