"""A DRAGON job from its files to its score, with a language model between."""

import json

import pytest
import tiny_llama

from adapter.cli import main

TEXTS = ["The lesion is 4 cm.", "No lesion.", "A lesion of 2 cm.", "Clear lungs."]
WORDS = [["Metformin", "500", "mg"], ["No", "drugs"], ["Aspirin", "daily"]]


def job(folder, label, key, rows):
    told = {
        "jobid": 9001,
        "task_name": "Task901_ours",
        "input_name": key,
        "label_name": label,
        "recommended_truncation_side": "left",
        "version": "1.0",
    }
    (folder / "nlp-task-configuration.json").write_text(json.dumps(told), "utf-8")
    (folder / "nlp-training-dataset.json").write_text(json.dumps(rows), "utf-8")
    (folder / "truth.json").write_text(json.dumps(rows), "utf-8")
    bare = [{name: value for name, value in row.items() if name != label} for row in rows]
    (folder / "test.json").write_text(json.dumps(bare), "utf-8")
    return folder / "nlp-task-configuration.json"


JOBS = {
    "single_label_binary_classification_target": ("text", TEXTS, [1, 0, 1, 0]),
    "single_label_regression_target": ("text", TEXTS, [4.0, 0.0, 2.0, 0.0]),
    "named_entity_recognition_target": ("text_parts", WORDS, [["B-D", "O", "O"], ["O", "O"], ["B-D", "O"]]),
}


@pytest.mark.parametrize("label", JOBS)
def test_a_job_is_imported_answered_and_scored(tmp_path, capsys, label):
    key, inputs, labels = JOBS[label]
    rows = [
        {"uid": f"c{n}", key: told, label: value}
        for n, (told, value) in enumerate(zip(inputs, labels, strict=True))
    ]
    configuration = job(tmp_path, label, key, rows)
    model = tiny_llama.write(tmp_path / "tiny.gguf", context=4096)
    assert main(["tasks", "import", "--from", str(configuration), "--output", str(tmp_path / "tasks")]) == 0
    (task,) = (tmp_path / "tasks").iterdir()
    asked = ["--task-configuration", str(configuration)]
    predictions = tmp_path / "predictions.json"
    chosen = ["--task", str(task), "--model", str(model), "--quiet", "--threads", "1"]
    where = ["--dataset", str(tmp_path / "test.json"), "--output", str(predictions)]
    told = main(["tasks", "answer-dragon", *asked, *where, *chosen])
    assert told in (0, 1)
    assert [row["uid"] for row in json.loads(predictions.read_text())] == [row["uid"] for row in rows]
    capsys.readouterr()
    truth = ["--predictions", str(predictions), "--ground-truth", str(tmp_path / "truth.json")]
    main(["evaluate", "dragon", *asked, *truth, "--epsilon", "4"])
    assert json.loads(capsys.readouterr().out)["cases"] == len(rows)
