import json
import math

import pytest

from adapter import cli
from adapter.errors import InputError
from adapter.evaluation import dragon
from adapter.evaluation.predictions import Answered, exported, graded
from adapter.tasks.importing import benchmark


def asked(folder, kind, name="Task900_ours"):
    told = {"task_name": name, "label_name": f"{kind}_target"}
    told["input_name"] = "text_parts" if kind.endswith("recognition") else "text"
    path = folder / "nlp-task-configuration.json"
    path.write_text(json.dumps(told), "utf-8")
    return benchmark.configuration(path)


def rows(key, values, **more):
    return [{"uid": f"case{n}", key: value} | more for n, value in enumerate(values)]


def score(asked, truth, predicted):
    return dragon.score(asked, rows(asked.prediction, predicted), rows(asked.target, truth))


def test_graded_answers_are_ranked(tmp_path):
    task = asked(tmp_path, "single_label_binary_classification")
    assert score(task, [True, False, True, False], [0.9, 0.8, 0.7, 0.1]) == 3 / 4
    assert score(task, [1, 1], [0.9, 0.8]) == 0.0  # DRAGON's rule where one class is missing


def test_several_labels_are_pooled_or_scored_one_by_one(tmp_path):
    kind = "multi_label_binary_classification"
    truth, given = [[1, 0], [0, 1]], [[0.9, 0.1], [0.8, 0.2]]
    assert score(asked(tmp_path, kind), truth, given) == 3 / 4
    apart = asked(tmp_path, kind, "Task015_colon_pathology_clf")
    assert score(apart, truth, given) == 1.0


def test_classes_that_are_numbers_are_ordered_as_numbers(tmp_path):
    task = asked(tmp_path, "single_label_multi_class_classification", "Task102_Example_sl_mc_clf")
    truth = ["2", "9", "10"]
    assert score(task, truth, ["2", "10", "9"]) == score(task, [1, 2, 3], [1, 3, 2])


def test_epsilon_is_the_tasks_or_given(tmp_path):
    known = asked(tmp_path, "single_label_regression", "Task020_psa_reg-fold3")
    assert score(known, [1.0], [0.6]) == pytest.approx(1 - 0.4 / 2.0)
    with pytest.raises(InputError, match="epsilon"):
        score(asked(tmp_path, "single_label_regression"), [1.0], [1.0])


def test_every_case_needs_a_prediction_and_no_other(tmp_path):
    task = asked(tmp_path, "named_entity_recognition")
    truth = rows(task.target, [["B-A"], ["O"]])
    with pytest.raises(InputError, match="missing for 1 of 2"):
        dragon.score(task, rows(task.prediction, [["O"]]), truth)
    with pytest.raises(InputError, match="1 cases that have no label"):
        dragon.score(task, rows(task.prediction, [["O"], ["O"], ["O"]]), truth)
    with pytest.raises(InputError, match="not as many parts"):
        dragon.score(task, rows(task.prediction, [["O"], ["O", "O"]]), truth)


@pytest.mark.parametrize(
    "kind, label, given",
    [
        ("single_label_binary_classification", 1, "yes"),
        ("single_label_binary_classification", 1, None),
        ("multi_label_binary_classification", [1], 0.5),
        ("multi_label_named_entity_recognition", [["O"]], ["O"]),
    ],
)
def test_predictions_of_another_form_are_refused(tmp_path, kind, label, given):
    with pytest.raises(InputError):
        score(asked(tmp_path, kind), [label], [given])


def test_folds_and_tasks_have_means(tmp_path):
    task = asked(tmp_path, "single_label_binary_classification")
    truth = rows(task.target, [True, False])
    folds = [rows(task.prediction, [0.9, 0.1]), rows(task.prediction, [0.1, 0.9])]
    scored = dragon.scored(task, folds, truth)
    assert (scored.folds, scored.mean, scored.deviation) == ((1.0, 0.0), 0.5, 0.5)
    assert dragon.overall([scored, dragon.scored(task, folds[:1], truth)]) == 0.75
    assert math.isnan(dragon.overall([]))


def test_an_answer_and_how_sure_it_is_become_a_probability():
    assert (graded(True, 0.9), graded(False, 0.9)) == (0.9, pytest.approx(0.1))
    assert (graded(True, None), graded(False, None), graded(True, 1.5)) == (1.0, 0.0, 1.0)


def test_answers_become_predictions(tmp_path):
    task = asked(tmp_path, "multi_label_binary_classification")
    answers = [Answered(id="case0", answer={"label_1": True, "label_2": False}, scores={"/label_2": 0.8})]
    made = exported(task, rows("text", ["a", "b"]), [*answers, Answered(id="case1", answer=None)])
    assert [row[task.prediction] for row in made.rows] == [[1.0, pytest.approx(0.2)], [0.5, 0.5]]
    assert (made.failed, made.lost) == (("case1",), 0)
    with pytest.raises(InputError, match="belong to no case"):
        exported(task, rows("text", ["a"]), [Answered(id="other", answer=None)])
    with pytest.raises(InputError, match="how many parts"):
        exported(task, rows("text", ["a"]), [])


@pytest.mark.parametrize(
    "kind, answer, prediction, nothing",
    [
        ("single_label_multi_class_classification", {"label": "b"}, "b", ""),
        ("single_label_regression", {"label": 4}, 4.0, 0.0),
        ("single_label_regression", {"label": None}, 0.0, 0.0),
        ("multi_label_regression", {"label_1": 4, "label_2": None}, [4.0, 0.0], [0.0, 0.0]),
    ],
)
def test_a_failed_answer_says_nothing_and_is_counted(tmp_path, kind, answer, prediction, nothing):
    task = asked(tmp_path, kind)
    made = exported(task, rows("text", ["a", "b"]), [Answered(id="case0", answer=answer)])
    assert [row[task.prediction] for row in made.rows] == [prediction, nothing]
    assert made.failed == ("case1",)


WORDS = ["lesion", "of", "4", "mm", ".", "lesion", "again"]


def entities(*pairs):
    return {"entities": [{"quote": quote, "label": label} for quote, label in pairs]}


def made_labels(tmp_path, kind, answer, **more):
    task = asked(tmp_path, kind)
    made = exported(
        task, [{"uid": "case0", "text_parts": WORDS}], [Answered(id="case0", answer=answer, **more)]
    )
    return made.rows[0][task.prediction], made.lost


def test_quotes_become_labels_of_words(tmp_path):
    found = entities(("lesion", "A"), ("4 mm", "SIZE"), ("lesion again", "A"), ("kidney", "A"))
    labels, lost = made_labels(tmp_path, "named_entity_recognition", found)
    assert labels == ["B-A", "O", "B-SIZE", "I-SIZE", "O", "B-A", "I-A"]
    assert lost == 1


def test_words_may_have_several_labels(tmp_path):
    found = entities(("4 mm", "1-x"), ("4 mm", "2-x"))
    labels, _ = made_labels(tmp_path, "multi_label_named_entity_recognition", found)
    assert labels[2:5] == [["B-1-x", "B-2-x"], ["I-1-x", "I-2-x"], ["O"]]


def test_a_quote_stands_in_all_the_places_that_are_told(tmp_path):
    spans = {"/entities/0/quote": ((0, 6), (17, 23))}
    labels, _ = made_labels(tmp_path, "named_entity_recognition", entities(("lesion", "A")), spans=spans)
    assert labels == ["B-A", "O", "O", "O", "O", "B-A", "O"]


def test_the_command_scores_files(tmp_path, capsys):
    task = asked(tmp_path, "single_label_regression", "Task106_Example_sl_reg")
    truth, folds = tmp_path / "truth.json", [tmp_path / "fold0.json", tmp_path / "fold1.json"]
    truth.write_text(json.dumps(rows(task.target, [10.0, None], text="t")), "utf-8")
    for path, value in zip(folds, (10.0, 4.0), strict=True):
        path.write_text(json.dumps(rows(task.prediction, [value, 1.0])), "utf-8")
    given = [
        "--task-configuration",
        str(tmp_path / "nlp-task-configuration.json"),
        "--ground-truth",
        str(truth),
    ]
    for path in folds:
        given += ["--predictions", str(path)]
    assert cli.main(["evaluate", "dragon", *given]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["metric"] == "r-smape"
    assert told["folds"] == [1.0, pytest.approx(1 - 6 / 18)]
    assert told["mean"] == pytest.approx(5 / 6)
    assert cli.main(["evaluate", "dragon", *given, "--epsilon", "none"]) == 2
