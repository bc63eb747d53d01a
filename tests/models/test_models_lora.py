import numpy as np
import pytest

from adapter.errors import ModelError
from adapter.extraction.llama import Weights
from adapter.models import container, lora, parents
from adapter.models.loop import Loop
from adapter.models.parents import Parent
from adapter.models.recipe import Recipe
from tests import tiny_llama

TARGETS = ("blk.0.attn_q.weight", "blk.1.attn_v.weight")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lora")
    base = tiny_llama.write(folder / "base.gguf")
    adapters = [tiny_llama.write_lora(folder / f"{n}.gguf", rank=n + 2, seed=n) for n in range(2)]
    return base, adapters


def change(path, target):
    """What an adapter adds to a matrix, by its definition."""
    model = Parent(path)
    try:
        a, b = (
            model.rows(target + half, 0, parents.height(model.places[target + half]))
            for half in (lora.A, lora.B)
        )
        return float(model.layout.get(lora.ALPHA)) / b.shape[1] * (b.astype(float) @ a.astype(float))
    finally:
        model.close()


def logits(path):
    with Loop(path, threads=1) as loop:
        tokens = loop.tokens("chest pain")
        loop.read(tokens)
        return np.array(loop.logits(len(tokens)))


def test_a_soup_of_adapters_is_the_weighted_sum(files, tmp_path):
    _, (one, two) = files
    soup = tmp_path / "soup.gguf"
    lora.soup(Recipe(method="lora-soup", weights=(1, 3), scale=2.0), [one, two], soup)
    for target in TARGETS:
        wanted = 2 * (0.25 * change(one, target) + 0.75 * change(two, target))
        np.testing.assert_allclose(change(soup, target), wanted, atol=1e-5)
    told = container.layout(soup)
    assert told.get(lora.ALPHA) == 5.0
    assert len(told.get("notewright.merge.parents")) == 2


def test_an_adapter_baked_in_is_the_adapter_applied(files, tmp_path):
    base, (one, two) = files
    lora.soup(Recipe(method="lora-soup", weights=(1, 1)), [one, two], tmp_path / "soup.gguf")
    lora.bake(tmp_path / "soup.gguf", base, tmp_path / "baked.gguf", scale=0.5)
    baked, ground = opened = Parent(tmp_path / "baked.gguf"), Parent(base)
    for target in TARGETS:
        wanted = ground.rows(target, 0, 64) + 0.5 * change(tmp_path / "soup.gguf", target)
        np.testing.assert_allclose(baked.rows(target, 0, 64), wanted, atol=1e-5)
    assert baked.raw("output.weight") == ground.raw("output.weight")
    for model in opened:
        model.close()
    assert np.abs(logits(tmp_path / "baked.gguf") - logits(base)).max() > 0.01


def test_llama_cpp_takes_the_soup_and_answers_as_the_baked_model(files, tmp_path):
    import llama_cpp

    base, adapters = files
    lora.soup(Recipe(method="lora-soup", weights=(1, 2)), adapters, tmp_path / "soup.gguf")
    lora.bake(tmp_path / "soup.gguf", base, tmp_path / "baked.gguf")
    with Loop(base, threads=1) as loop:
        held = loop._weights
        assert isinstance(held, Weights)
        adapter = llama_cpp.llama_adapter_lora_init(held.model, str(tmp_path / "soup.gguf").encode())
        assert adapter
        pointers, scales = (type(adapter) * 1)(adapter), (llama_cpp.ctypes.c_float * 1)(1.0)
        assert llama_cpp.llama_set_adapters_lora(loop._state, pointers, 1, scales) == 0
        tokens = loop.tokens("chest pain")
        loop.read(tokens)
        applied = np.array(loop.logits(len(tokens)))
    np.testing.assert_allclose(applied, logits(tmp_path / "baked.gguf"), atol=0.02)


def test_what_does_not_fit_is_refused(files, tmp_path):
    base, (one, _) = files
    wide = tiny_llama.write_lora(tmp_path / "wide.gguf", width=128)
    deep = tiny_llama.write_lora(tmp_path / "deep.gguf", layers=3)
    with pytest.raises(ModelError, match=r"the shape of blk\.0\.attn_q\.weight is not that of base\.gguf"):
        lora.bake(wide, base, tmp_path / "out.gguf")
    with pytest.raises(ModelError, match=r"changes blk\.2\.attn_q\.weight, which base\.gguf does not have"):
        lora.bake(deep, base, tmp_path / "out.gguf")
    with pytest.raises(ModelError, match=r"base\.gguf: not a LoRA adapter"):
        lora.bake(base, base, tmp_path / "out.gguf")
    with pytest.raises(ModelError, match=r"the shapes of blk\.0\.attn_q\.weight differ"):
        lora.soup(Recipe(method="lora-soup", weights=(1, 1)), [one, wide], tmp_path / "out.gguf")
    assert not (tmp_path / "out.gguf").exists()


def test_a_head_of_its_own_takes_the_place_of_the_bases(files, tmp_path):
    base, _ = files
    head = np.random.default_rng(5).standard_normal((7, 64), np.float32)
    adapter = tiny_llama.write_lora(tmp_path / "headed.gguf", whole={"output.weight": head})
    lora.bake(adapter, base, tmp_path / "baked.gguf")
    model = Parent(tmp_path / "baked.gguf")
    assert model.places["output.weight"].shape == head.shape
    np.testing.assert_array_equal(model.rows("output.weight", 0, 7), head)
    model.close()
    assert container.layout(tmp_path / "baked.gguf").get("llama.classifier.output_labels")[-1] == "label 6"
    with pytest.raises(ModelError, match=r"headed\.gguf: holds tensors that are no factors of a LoRA"):
        lora.soup(Recipe(method="lora-soup", weights=(1,)), [adapter], tmp_path / "soup.gguf")
    narrow = tiny_llama.write_lora(tmp_path / "narrow.gguf", whole={"output.weight": head[:, :32].copy()})
    with pytest.raises(ModelError, match=r"narrow\.gguf: the shape of output\.weight is not that of base"):
        lora.bake(narrow, base, tmp_path / "no.gguf")
    other = tiny_llama.write_lora(tmp_path / "other.gguf", whole={"cls.output.weight": head})
    with pytest.raises(ModelError, match=r"other\.gguf: holds cls\.output\.weight, which base\.gguf"):
        lora.bake(other, base, tmp_path / "no.gguf")
