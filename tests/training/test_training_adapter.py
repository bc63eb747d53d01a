"""What a stage learns as an adapter: matrices of low rank that, baked in, give what was trained."""

import gguf
import pytest

torch = pytest.importorskip("torch", reason="only training needs PyTorch")

from adapter import engines, extraction  # noqa: E402
from adapter.models import lora  # noqa: E402
from training import adapter, convert, dataset, network  # noqa: E402
from training.heads import IDENTIFIERS  # noqa: E402

BASE = engines.model_folder() / engines.ENCODER.base
CONFIG = {
    "hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536, "vocab_size": 30522,
    "max_position_embeddings": 512, "type_vocab_size": 2, "num_hidden_layers": 6,
}  # fmt: skip


@pytest.fixture(scope="module")
def started():
    return adapter.started(BASE)


def test_the_weights_of_the_shipped_model_are_read_back(started):
    state, pieces = started
    network.resumed(network.TokenClassifier(CONFIG, dataset.OUTPUTS), state)
    read = {one.name: one for one in gguf.GGUFReader(BASE).tensors}
    for name, values in convert.tensors(state, 6).items():
        assert (values == gguf.quants.dequantize(read[name].data, read[name].tensor_type)).all()
    assert len(pieces) == 30522
    tokens = gguf.GGUFReader(BASE).fields["tokenizer.ggml.tokens"]
    assert [convert.spelled(one) for one in pieces] == [
        bytes(tokens.parts[at]).decode() for at in tokens.data
    ]


def test_what_was_learned_is_what_is_baked_in(started, tmp_path):
    torch.manual_seed(3)
    model = network.TokenClassifier(CONFIG, dataset.OUTPUTS, dropout=0.0)
    network.resumed(model, started[0])
    adapter.adapt(model, 4)
    learned = [name for name, one in model.named_parameters() if one.requires_grad]
    assert len(learned) == 2 * 4 * 6  # two factors of four matrices of six layers, nothing else
    for name, one in model.named_parameters():
        if name.endswith(".b"):
            torch.nn.init.normal_(one.data, std=0.02)
    adapter.write(model.state_dict(), tmp_path / "a.gguf", name="x", version="9")
    lora.bake(tmp_path / "a.gguf", BASE, tmp_path / "made.gguf", level="F32")
    baked, _ = adapter.started(tmp_path / "made.gguf")
    for layer, part in ((0, "qkv"), (3, "up"), (5, "down")):
        wanted = getattr(model.layers[layer], part).weight
        assert torch.allclose(baked[f"layers.{layer}.{part}.weight"], wanted, atol=1e-4)
        assert not torch.allclose(
            baked[f"layers.{layer}.{part}.weight"], started[0][f"layers.{layer}.{part}.weight"], atol=1e-3
        )
    assert torch.equal(baked["head.weight"], started[0]["head.weight"])


def test_a_head_of_its_own_travels_with_what_was_learned(started, tmp_path):
    torch.manual_seed(4)
    model = network.TokenClassifier(CONFIG, IDENTIFIERS.outputs, dropout=0.0)
    network.resumed(model, network.headless(started[0]))
    adapter.adapt(model, 2, head=True)
    assert model.head.weight.requires_grad and model.head.bias.requires_grad
    adapter.write(model.state_dict(), tmp_path / "a.gguf", name="x", version="9", head=IDENTIFIERS)
    lora.bake(tmp_path / "a.gguf", BASE, tmp_path / "made.gguf")
    baked, _ = adapter.started(tmp_path / "made.gguf")
    assert torch.equal(baked["head.weight"], model.head.weight)
    assert extraction.describe(tmp_path / "made.gguf")[1] == list(IDENTIFIERS.kinds)
