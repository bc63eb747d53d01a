import json

import pytest

from adapter.errors import InputError
from adapter.tasks import folder, grounded
from adapter.tasks.importing import convert, tags
from adapter.tasks.importing.tags import Entity

LABELS = {
    "single_label_binary_classification": [True, False, True],
    "multi_label_binary_classification": [[1, 0], [0, 0], [1, 1]],
    "single_label_multi_class_classification": ["2", "10", "2"],
    "multi_label_multi_class_classification": [["a", "x"], ["b", "y"], ["a", "y"]],
    "single_label_regression": [4.5, 12.0, None],
    "multi_label_regression": [[4.5, None], [None, None], [1.0, 2.0]],
    "named_entity_recognition": [["B-DRUG", "I-DRUG", "O", "B-DOSE"]] * 3,
    "multi_label_named_entity_recognition": [[["B-1-drug", "B-2-drug"], ["I-1-drug"], ["O"], ["B-1-dose"]]]
    * 3,
}


def job(folder, kind, *, name="Task900_ours", rows=None):
    entities = kind.endswith("named_entity_recognition")
    told = {
        "jobid": 9000,
        "task_name": name,
        "input_name": "text_parts" if entities else "text",
        "label_name": f"{kind}_target",
        "recommended_truncation_side": "left",
        "version": "1.0",
    }
    (folder / "nlp-task-configuration.json").write_text(json.dumps(told), "utf-8")
    if rows is None:
        report = {"text_parts": ["beta", "blocker", "at", "5mg"]} if entities else {"text": "Some report."}
        rows = [{"uid": f"case{n}", f"{kind}_target": label} | report for n, label in enumerate(LABELS[kind])]
    if rows:
        (folder / "nlp-training-dataset.json").write_text(json.dumps(rows), "utf-8")
    return folder


def kept(home, imported):
    home.mkdir()
    (home / "task.toml").write_text(imported.task_toml, "utf-8")
    (home / "answer.schema.json").write_text(json.dumps(imported.schema), "utf-8")
    lines = (json.dumps({"text": one.text, "answer": one.answer}) for one in imported.examples)
    (home / "examples.jsonl").write_text("\n".join(lines), "utf-8")
    return folder.read(home)


@pytest.mark.parametrize("kind", LABELS)
def test_each_of_the_eight_types_becomes_a_task(tmp_path, kind):
    task = kept(tmp_path / "kept", convert(job(tmp_path, kind)))
    grounded.schema(task)
    assert task.name == "task900-ours"
    assert task.evidence == ("quote" if "entity" in kind else "none")
    assert task.examples and 0 < task.shots <= len(task.examples)


def shape(folder, kind, **more):
    return convert(job(folder, kind, **more)).schema["properties"]


def test_classes_come_from_the_training_data(tmp_path):
    found = shape(tmp_path, "single_label_multi_class_classification")
    assert found == {"label": {"type": "string", "enum": ["10", "2"]}}
    found = shape(tmp_path, "multi_label_multi_class_classification")
    assert found["label_2"] == {"type": "string", "enum": ["x", "y"]}


def test_entities_are_quotes_of_the_words_together(tmp_path):
    imported = convert(job(tmp_path, "multi_label_named_entity_recognition"))
    item = imported.schema["properties"]["entities"]["items"]["properties"]
    assert item["label"]["enum"] == ["1-dose", "1-drug", "2-drug"]
    assert imported.examples[0].text == "beta blocker at 5mg"
    assert imported.examples[0].answer["entities"] == [
        {"quote": "beta", "label": "2-drug"},
        {"quote": "beta blocker", "label": "1-drug"},
        {"quote": "5mg", "label": "1-dose"},
    ]


def test_what_is_known_of_a_task_by_its_name_is_used(tmp_path):
    rows = [{"uid": "1", "text": "t", "multi_label_binary_classification_target": [1, 0, 0, 1, 0, 1, 0]}]
    name = "Task015_colon_pathology_clf"
    imported = convert(job(tmp_path, "multi_label_binary_classification", name=name, rows=rows))
    assert list(imported.schema["properties"])[:2] == ["biopsy", "hyperplastic_polyps"]
    assert "colon" in imported.task_toml
    with pytest.raises(InputError, match="not 7 parts"):
        convert(job(tmp_path, "multi_label_binary_classification", name=name))


def test_without_training_data_what_needs_no_classes_is_a_task(tmp_path):
    imported = convert(job(tmp_path, "single_label_regression", rows=[]))
    assert imported.examples == ()
    assert any("no examples" in note for note in imported.notes)
    for kind in (
        "single_label_multi_class_classification",
        "named_entity_recognition",
        "multi_label_regression",
    ):
        with pytest.raises(InputError, match="nlp-training-dataset"):
            convert(job(tmp_path, kind, rows=[]))


def test_examples_show_every_class(tmp_path):
    kind = "single_label_binary_classification"
    rows = [{"uid": str(n), "text": f"report {n}", f"{kind}_target": n == 90} for n in range(100)]
    imported = convert(job(tmp_path, kind, rows=rows))
    assert {one.answer["label"] for one in imported.examples[:2]} == {True, False}
    assert len(imported.examples) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"label_name": "text_target"},
        {"label_name": "single_label_regression"},
        {"input_name": "image"},
        {"task_name": None},
    ],
)
def test_what_is_no_task_of_dragon_is_refused(tmp_path, change):
    path = job(tmp_path, "single_label_regression") / "nlp-task-configuration.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(InputError):
        convert(path, "dragon")


@pytest.mark.parametrize(
    "rows",
    [
        [{"uid": "1", "text": "t", "multi_label_regression_target": 3}],
        [{"uid": str(n), "text": "t", "multi_label_regression_target": [1.0] * n} for n in (1, 2)],
        [{"uid": "1", "text": "t", "multi_label_regression_target": [1.0]}] * 2,
        [{"text": "t"}],
        {"uid": "1"},
    ],
)
def test_training_data_of_another_form_is_refused(tmp_path, rows):
    with pytest.raises(InputError):
        convert(job(tmp_path, "multi_label_regression", rows=rows))


def test_labels_of_words_are_read_as_seqeval_reads_them():
    labels = ["I-A", "I-A", "B-A", "I-B", "O", "B-1-x", "I-1-x", "I-2-x"]
    assert tags.entities(labels) == [
        Entity(first=0, last=1, label="A"),
        Entity(first=2, last=2, label="A"),
        Entity(first=3, last=3, label="B"),
        Entity(first=5, last=6, label="1-x"),
        Entity(first=7, last=7, label="2-x"),
    ]


def test_entities_are_written_as_labels_of_words():
    marked = [Entity(first=0, last=1, label="A"), Entity(first=1, last=2, label="B")]
    assert tags.single(4, marked) == ["B-A", "I-A", "O", "O"]
    assert tags.several(4, marked) == [["B-A"], ["I-A", "B-B"], ["I-B"], ["O"]]
