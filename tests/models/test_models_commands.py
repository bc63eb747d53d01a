import itertools
import json
import subprocess
import sys

import numpy as np
import pytest

from adapter.cli import main
from adapter.models import container, safetensors_file
from adapter.models.blocks import Kind
from adapter.models.container import Place
from tests import tiny_llama

MEASURED = """
import sys
from pathlib import Path
from adapter.models.merger import merge
from adapter.models.recipe import Recipe
folder = Path(sys.argv[1])
small, big = ([folder / f"{size}{n}.safetensors" for n in range(3)] for size in ("small", "big"))
def peak():
    return 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
recipe = Recipe(method="ties", weights=(1, 1), density=0.5)
merge(recipe, small[1:], small[0], folder / "small.safetensors", kind="F16")
before = peak()
merge(recipe, big[1:], big[0], folder / "big.safetensors", kind="F16")
print(peak() - before)
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def family(tmp_path):
    return [tiny_llama.write(tmp_path / f"{n}.gguf", seed=n, layers=1, name=f"tiny {n}") for n in range(3)]


def test_from_adding_to_merging(family, tmp_path, capsys):
    base, one, two = map(str, family)
    assert main(["models", "add", one, "--name", "one", "--licence", "MIT"]) == 0
    assert main(["models", "add", one]) == 0
    assert main(["models", "list", "--table"]) == 0
    shown = capsys.readouterr()
    assert "the same file is there already, as one" in shown.err
    assert any(line.split()[:2] == ["one", "decoder"] for line in shown.out.splitlines())
    out = tmp_path / "out.gguf"
    merge = ["models", "merge", "--method", "ties", "--base", base, "--model", "one:0.7", "--model", two]
    assert main([*merge, "--density", "0.4", "--type", "q8_0", "--output", str(out), "--name", "both"]) == 0
    recipe = json.loads(container.layout(out).get("notewright.merge.recipe"))
    assert [(part["name"], part["weight"]) for part in recipe["models"]] == [("tiny 1", 0.7), ("tiny 2", 1.0)]
    assert main(["models", "remove", "one"]) == 0
    assert main(["models", "remove", "one"]) == 3


def test_levels_are_written_and_reported(family, tmp_path, capsys):
    texts = tmp_path / "texts.txt"
    texts.write_text("The patient has chest pain and a dry cough.")
    quantize = ["models", "quantize", str(family[0]), "--to", "F16,Q8_0", "--output", str(tmp_path / "out")]
    assert main([*quantize, "--texts", str(texts), "--threads", "1"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "level",
        "F32",
        "F16",
        "Q8_0",
    ]
    rows = json.loads((tmp_path / "out" / "0.costs.json").read_text())
    assert [row["file"] for row in rows] == ["0.gguf", "0.F16.gguf", "0.Q8_0.gguf"]
    assert all(row["perplexity"] > 1 for row in rows)


def test_a_level_that_is_refused_does_not_lose_what_the_others_cost(tmp_path, capsys):
    wide = tiny_llama.write(tmp_path / "wide.gguf", width=256, layers=1)
    texts = tmp_path / "texts.txt"
    texts.write_text("The patient has chest pain and a dry cough.")
    quantize = ["models", "quantize", str(wide), "--to", "IQ1_S,Q8_0", "--output", str(tmp_path / "out")]
    assert main([*quantize, "--texts", str(texts), "--threads", "1"]) == 1
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == ["level", "F32", "Q8_0"]
    assert "cannot quantize it to IQ1_S" in told.err


def test_weights_are_searched_by_perplexity(family, tmp_path, capsys):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"text": "The patient has chest pain."}) + "\n")
    merge = ["models", "merge", "--method", "soup", "--model", str(family[1]), "--model", str(family[2])]
    search = ["--search", "--trials", "5", "--texts", str(texts), "--threads", "1"]
    assert main([*merge, "--output", str(tmp_path / "best.gguf"), *search]) == 0
    tried = [line.split(": ") for line in capsys.readouterr().err.splitlines()]
    best = max(tried, key=lambda line: float(line[1]))[0].removeprefix("weights ")
    recipe = json.loads(container.layout(tmp_path / "best.gguf").get("notewright.merge.recipe"))
    assert [float(weight) for weight in best.split(", ")] == [one["weight"] for one in recipe["models"]]
    assert main([*merge, "--output", str(tmp_path / "x.gguf"), "--search"]) == 2


def test_adapters_are_joined_and_baked(family, tmp_path):
    adapters = [str(tiny_llama.write_lora(tmp_path / f"l{n}.gguf", layers=1, seed=n)) for n in range(2)]
    soup, baked = str(tmp_path / "soup.gguf"), str(tmp_path / "baked.gguf")
    join = ["models", "merge", "--method", "lora-soup", "--model", adapters[0], "--model", adapters[1]]
    assert main([*join, "--output", soup]) == 0
    bake = ["models", "bake", "--base", str(family[0]), "--adapter", soup, "--output", baked]
    assert main([*bake, "--type", "Q8_0"]) == 0
    assert main(["models", "bake", "--base", soup, "--adapter", soup, "--output", baked]) == 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is counted as Linux counts it")
def test_merging_takes_the_memory_of_a_few_tensors(tmp_path):
    rows = {"small": 4, "big": 4096}
    for size, n in itertools.product(rows, range(3)):
        places = [Place(name=f"w{part}", shape=(rows[size], 1024), kind=Kind.F32) for part in range(4)]
        chance = np.random.default_rng(n)
        data = (chance.random(one.shape, np.float32).tobytes() for one in places)
        safetensors_file.write(tmp_path / f"{size}{n}.safetensors", {}, places, data)
    command = [sys.executable, "-c", MEASURED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert 0 < int(done.stdout) < 4 * places[0].size  # of twelve that are read and four that are written
