import sys

from adapter.cli import main
from training.lora.recipe import Recipe

GIVEN = ("--base", "x", "--data", "y", "--output", "z", "--task", "elmtex-15")


def test_what_is_to_be_installed_is_said(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)  # as where it is not installed
    for name in [name for name in sys.modules if name.startswith("training.lora")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["train", "lora", *GIVEN]) == 3
    assert "pip install 'notewright[train]'" in capsys.readouterr().err


def test_elmtex_s_recipe_is_the_default(tmp_path):
    recipe = Recipe(base=tmp_path, data=tmp_path, output=tmp_path, task="elmtex-15")
    assert (recipe.rank, recipe.alpha, recipe.dropout, recipe.targets) == (256, 128, 0.05, ("all-linear",))
    assert (recipe.learning_rate, recipe.schedule, recipe.warmup, recipe.clip) == (2e-4, "cosine", 0.03, 0.3)
    assert (recipe.batch, recipe.accumulate, recipe.epochs, recipe.max_length) == (1, 16, 1, 5120)
    assert recipe.strategy == "naive"
