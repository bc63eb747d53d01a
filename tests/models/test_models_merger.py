import json
import shutil

import numpy as np
import pytest

from adapter.errors import InputError, ModelError
from adapter.models import card, container, merger, parents, safetensors_file
from adapter.models.blocks import Kind
from adapter.models.container import Place
from adapter.models.loop import Loop
from adapter.models.merger import merge
from adapter.models.parents import Parent
from adapter.models.recipe import Recipe
from tests import tiny_llama
from tests.conftest import MODEL


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    folder = tmp_path_factory.mktemp("family")
    return [tiny_llama.write(folder / f"{n}.gguf", seed=n, layers=1, name=f"tiny {n}") for n in range(3)]


def numbers(path):
    model = Parent(path)
    try:
        return {name: model.rows(name, 0, parents.height(one)) for name, one in model.places.items()}
    finally:
        model.close()


def same(one, other):
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize("method", ["soup", "ties", "dare", "dare-ties"])
def test_equal_models_merge_to_the_model(family, tmp_path, method):
    base, model, _ = family
    merge(Recipe(method=method, weights=(1, 2)), [model, model], base, tmp_path / "m.gguf")
    assert same(numbers(tmp_path / "m.gguf"), numbers(model))


def test_a_model_of_no_weight_is_not_in_the_soup(family, tmp_path):
    _, one, other = family
    merge(Recipe(method="soup", weights=(1, 0)), [one, other], None, tmp_path / "m.gguf")
    assert same(numbers(tmp_path / "m.gguf"), numbers(one))


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q4_K_M"])
def test_a_merged_model_runs_and_says_how_it_was_made(family, tmp_path, kind):
    base, *models = family
    path = tmp_path / "merged.gguf"
    recipe = Recipe(method="dare-ties", weights=(1, 3), density=0.6, seed=7)
    merge(recipe, models, base, path, kind=kind, name="ours")
    told = container.layout(path)
    known = [card.digest(model) for model in models]
    assert told.get("general.name") == "ours"
    assert (told.get("notewright.merge.method"), told.get("notewright.merge.seed")) == ("dare-ties", 7)
    assert told.get("notewright.merge.parents") == known
    whole = json.loads(told.get("notewright.merge.recipe"))
    assert [one["weight"] for one in whole["models"]] == [1, 3]
    assert whole["base"]["sha256"] == card.digest(base)
    assert card.card(path).quantization == kind
    with Loop(path, threads=1) as loop:
        loop.read(loop.tokens("chest pain"))
        assert np.isfinite(loop.logits(1)).all()


def test_the_same_seed_gives_the_same_bytes(family, tmp_path):
    base, *models = family
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        merge(Recipe(method="dare", weights=(1, 1), density=0.5, seed=seed), models, base, tmp_path / name)
    one, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert one == again
    assert one != other


def test_a_merge_in_small_pieces_is_the_same(family, tmp_path, monkeypatch):
    base, *models = family
    recipe = Recipe(method="ties", weights=(1, 1), density=0.3)
    merge(recipe, models, base, tmp_path / "whole.gguf")
    monkeypatch.setattr(parents, "ROWS", 64)
    merge(recipe, models, base, tmp_path / "pieces.gguf")
    assert (tmp_path / "whole.gguf").read_bytes() == (tmp_path / "pieces.gguf").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 128}, r"llama\.embedding_length differs"),
        ({"layers": 2}, r"llama\.block_count differs"),
        ({"special": ("<|endoftext|>", "<|im_end|>")}, r"tokenizer\.ggml\.tokens differs"),
    ],
)
def test_models_that_differ_are_refused_at_the_first_difference(family, tmp_path, options, said):
    other = tiny_llama.write(tmp_path / "other.gguf", **{"layers": 1, **options})
    with pytest.raises(ModelError, match=said):
        merge(Recipe(method="soup", weights=(1, 1)), [family[0], other], None, tmp_path / "m.gguf")
    assert not (tmp_path / "m.gguf").exists()


def test_recipes_that_do_not_fit_are_refused(family, tmp_path):
    with pytest.raises(InputError, match="ties needs the model"):
        merge(Recipe(method="ties", weights=(1,)), family[1:2], None, tmp_path / "m.gguf")
    with pytest.raises(InputError, match="overwrite"):
        merge(Recipe(method="soup", weights=(1,)), family[1:2], None, family[1])
    for wrong in ({"weights": (0, 0)}, {"weights": (1, -1)}, {"density": 0.0}, {"method": "stew"}):
        with pytest.raises(InputError):
            Recipe(**{"method": "soup", "weights": (1,), **wrong})


def sharded(folder, seed, kind=Kind.F32, parts=2):
    """A folder of safetensors."""
    folder.mkdir()
    rng, index = np.random.default_rng(seed), {}
    for part in range(parts):
        places = [
            Place(name=f"w.{part}.{n}", shape=shape, kind=kind) for n, shape in enumerate([(6, 4), (3,)])
        ]
        data = [rng.standard_normal(one.shape, np.float32) for one in places]
        form = np.float16 if kind == Kind.F16 else np.float32
        name = safetensors_file.SINGLE if parts == 1 else f"model-{part}.safetensors"
        safetensors_file.write(folder / name, {}, places, [one.astype(form).tobytes() for one in data])
        index |= {one.name: name for one in places}
    if parts > 1:
        (folder / safetensors_file.INDEX).write_text(json.dumps({"weight_map": index}))
    (folder / "config.json").write_text(json.dumps({"hidden_size": 4, "_name_or_path": folder.name}))
    return folder


def test_safetensors_are_merged_shard_by_shard(tmp_path):
    base, one, two = (sharded(tmp_path / name, seed) for seed, name in enumerate(("base", "one", "two")))
    merge(Recipe(method="soup", weights=(1, 3)), [one, two], base, tmp_path / "out")
    (made,) = safetensors_file.shards(tmp_path / "out")
    here, there, found = numbers(one), numbers(two), numbers(tmp_path / "out")
    for name in here:
        np.testing.assert_allclose(found[name], 0.25 * here[name] + 0.75 * there[name], rtol=1e-6)
    assert made.metadata["notewright.merge.method"] == "soup"
    assert (tmp_path / "out" / "config.json").is_file()
    merge(Recipe(method="ties", weights=(1,)), [one], base, tmp_path / "same.safetensors")
    assert same(numbers(tmp_path / "same.safetensors"), here)
    merge(Recipe(method="soup", weights=(1,)), [one], None, tmp_path / "b.safetensors", kind="BF16")
    assert {place.kind for place in safetensors_file.shard(tmp_path / "b.safetensors").tensors} == {Kind.BF16}


def test_safetensors_that_differ_or_are_broken_are_refused(tmp_path):
    one, two = sharded(tmp_path / "one", 1), sharded(tmp_path / "two", 2)
    (two / "config.json").write_text('{"hidden_size": 5}')
    soup = Recipe(method="soup", weights=(1, 1))
    with pytest.raises(ModelError, match=r"config\.json hidden_size differs"):
        merge(soup, [one, two], None, tmp_path / "m")
    shutil.copy(one / "config.json", two)
    raw = (two / "model-1.safetensors").read_bytes()
    (two / "model-1.safetensors").write_bytes(raw[:-3])
    with pytest.raises(ModelError, match=r"model-1\.safetensors: cut off in tensor w\.1\.1"):
        merge(soup, [one, two], None, tmp_path / "m")
    (two / "model-1.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model-1\.safetensors: no such model file"):
        merge(soup, [one, two], None, tmp_path / "m")
    with pytest.raises(ModelError, match="one is safetensors, the other GGUF"):
        merge(soup, [one, tiny_llama.write(tmp_path / "t.gguf", layers=1)], None, tmp_path / "m")


@pytest.mark.model
def test_the_shipped_encoder_merged_with_itself_is_itself(tmp_path):
    path = tmp_path / "self.gguf"
    merge(Recipe(method="soup", weights=(1, 1)), [MODEL, MODEL], None, path, name="notewright-minilm")
    here, there = Parent(MODEL), Parent(path)
    assert all(here.raw(name) == there.raw(name) for name in here.places)
    told, said = (
        {key: one for key, one in container.layout(file).fields.items() if not key.startswith(merger.PREFIX)}
        for file in (path, MODEL)
    )
    assert told == said
    here.close()
    there.close()
