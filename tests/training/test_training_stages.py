"""The stages of a recipe, and the figures after them."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="only training needs PyTorch")

from training import dataset, evaluate, train  # noqa: E402

RECIPES = sorted(Path(train.__file__).parent.glob("*.toml"))


def window(number):
    ids = np.array([dataset.CLS, number, dataset.SEP])
    return dataset.Item(ids, np.array([1]), np.array([0]), np.array([-1]))


def stage(**more):
    return {"batch_pieces": 6, "data": {"a": 1}, "masked": {"b": 1}, **more}


@pytest.mark.parametrize(
    ("told", "steps"), [({"epochs": 2}, 6), ({"steps": 5}, 5), ({"epochs": 2, "steps": 4}, 4)]
)
def test_a_stage_is_as_long_as_its_epochs_or_its_steps(told, steps):
    pools, hidden = {"a": [window(one) for one in range(2000, 2004)]}, {"b": [window(2005), window(2006)]}
    planned = list(train.planned(stage(**told), pools, hidden, np.random.default_rng(1)))
    assert len(planned) == steps
    assert [epoch for epoch, _, _ in planned] == [at // 3 for at in range(steps)]
    assert {covered for _, covered, _ in planned[:3]} == {False, True}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_stage_of_a_recipe_ends(path):
    stages = tomllib.loads(path.read_text("utf-8"))["stages"]
    assert all("epochs" in one or "steps" in one for one in stages)


@pytest.mark.parametrize(("kinds", "score"), [(["condition"], 0.0), (["condition", "finding"], 1.0)])
def test_condition_and_finding_are_one_only_where_spans_may_be_either(tmp_path, monkeypatch, kinds, score):
    row = {"id": "1", "text": "fever", "spans": [[0, 5, kinds]], "complete": ["condition", "finding"]}
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(row) + "\n", "utf-8")
    monkeypatch.setattr(evaluate, "predict", lambda *_: [[(0, 5, "finding", 0.9)]])
    assert evaluate.strict_f1(torch.nn.Linear(1, 1), file, None, "cpu")["f1"] == score
