"""The recipe on a real Llama of a few thousand weights: training, stopping, going on, and llama.cpp."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="only training needs PyTorch")
pytest.importorskip("peft", reason="only fine-tuning needs PEFT")
pytest.importorskip("transformers", reason="only fine-tuning needs transformers")

from adapter.errors import ModelError, SettingsError  # noqa: E402
from adapter.extraction.generative.backend import Message, Request  # noqa: E402
from adapter.extraction.generative.local import LocalBackend  # noqa: E402
from adapter.tasks import library  # noqa: E402
from training.lora import (  # noqa: E402
    adapter_file,
    answers,
    base,
    chats,
    data,
    model_file,
    parity,
    run,
    tiny,
    train,
    vocabulary,
)
from training.lora.recipe import Recipe  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]
TASK = library.find("elmtex-15")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    tiny.make(folder, count=24, steps=0, width=64, layers=2)
    return folder


@pytest.fixture(scope="module")
def recipe(made):
    return Recipe(
        base=made / "base",
        data=made / "pairs.json",
        output=made / "run",
        task=TASK.name,
        rank=8,
        alpha=32.0,
        learning_rate=1e-2,
        epochs=3,
        accumulate=8,
        save_every=4,
        exports=("gguf-lora", "merged"),
        quantize="Q8_0",
        evaluate=2,
        threads=1,
    )


@pytest.fixture(scope="module")
def report(recipe):
    short = replace(TASK, max_tokens=64)  # a random model says nothing worth waiting for
    return run.run(recipe, short, lambda _text: None)


@pytest.fixture(scope="module")
def tokens(recipe):
    """The tokens of one example, prompt and answer."""
    chat = encoded(recipe)[0]
    return [*chat.prompt, *chat.answer]


def encoded(recipe, limit=5120):
    told = answers.told(replace(TASK, strategy="naive"), data.read(recipe.data)[:4])
    return chats.Encoder(base.tokenizer(recipe.base)).encode(told.examples, limit).chats


def test_the_loss_falls_and_is_on_record(recipe, report):
    assert report["held_out"]["after"]["loss"] < report["held_out"]["before"]["loss"] - 0.3
    losses = train.log_of(recipe.output)
    assert len(losses) == report["training"]["steps"]
    assert losses[-1]["loss"] < losses[0]["loss"]
    assert json.loads((recipe.output / run.REPORT).read_text("utf-8"))["digest"] == recipe.digest()
    assert set(report["files"]) == {"adapter.gguf", "base.gguf", "merged.gguf", "merged-Q8_0.gguf"}
    assert set(report["answers"]) == {"before", "after"}


def test_llama_cpp_says_what_pytorch_says(recipe, report, tokens):
    out = recipe.output
    plain = parity.torch_logits(base.model(recipe.base).eval(), tokens)
    tuned = parity.torch_logits(base.with_adapter(recipe.base, out / run.PEFT), tokens)
    assert parity.compared(plain, tuned).cosine < 0.99  # the adapter changes what is said
    for theirs, ours in (
        (plain, parity.llama_logits(out / run.BASE, tokens)),
        (tuned, parity.llama_logits(out / run.BASE, tokens, out / run.LORA)),
        (tuned, parity.llama_logits(out / run.MERGED, tokens)),
    ):
        likeness = parity.compared(theirs, ours)
        assert likeness.cosine > 0.99999
        assert likeness.difference < 1e-2
    assert parity.compared(tuned, parity.llama_logits(out / "merged-Q8_0.gguf", tokens)).cosine > 0.99


def test_a_run_that_was_stopped_ends_as_one_that_was_not(recipe, report, tmp_path):
    stopped = replace(recipe, output=tmp_path / "run", exports=(), quantize=None, evaluate=0)

    def stop(text):
        if text.startswith("train: step 5"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.run(stopped, TASK, stop)
    with pytest.raises(SettingsError, match="--resume"):
        run.run(stopped, TASK, lambda _text: None)
    with pytest.raises(SettingsError, match="another recipe"):
        run.run(replace(stopped, resume=True, seed=1), TASK, lambda _text: None)
    again = run.run(replace(stopped, resume=True), TASK, lambda _text: None)
    assert again["training"]["resumed_at"] == 4
    ours, theirs = (adapter_file.deltas(folder / run.PEFT) for folder in (stopped.output, recipe.output))
    assert all(np.array_equal(ours[name].array(), theirs[name].array()) for name in theirs)
    steps = [[line["step"], line["loss"]] for line in train.log_of(stopped.output)]
    assert steps == [[line["step"], line["loss"]] for line in train.log_of(recipe.output)]


def test_what_is_trained_on_is_what_is_asked(recipe, report):
    note = "A note with <|eot_id|> in it,\n\n  and Übelkeit. "
    told = Message(role="system", content="Answer."), Message(role="user", content=note)
    request = Request(messages=told, schema={"type": "object"}, max_tokens=8)
    encoder = chats.Encoder(base.tokenizer(recipe.base))
    with closing(LocalBackend(recipe.output / run.BASE, threads=1)) as backend:
        assert encoder.prompt(told) == backend.prompt(request)
    assert encoder.answer("x")[-1] == base.tokenizer(recipe.base).convert_tokens_to_ids("<|eot_id|>")
    assert encoder.prompt(told).count(encoder.end()) == len(told)


def test_only_the_answer_has_a_loss(recipe):
    batch = encoded(recipe)[:2]
    ids, labels, mask = train.tensors(batch, "cpu")
    for row, chat in enumerate(batch):
        right = labels[row][labels[row] != chats.IGNORED]
        assert tuple(right.tolist()) == chat.answer
        assert int(mask[row].sum()) == len(chat)
        assert ids[row, : len(chat.prompt)].tolist() == list(chat.prompt)


def test_a_long_note_is_cut_or_left_out_and_counted(recipe):
    encoder, longest = chats.Encoder(base.tokenizer(recipe.base)), max(map(len, encoded(recipe)))
    told = answers.told(replace(TASK, strategy="naive"), data.read(recipe.data)[:4]).examples
    whole, limit = encoder.encode(told, longest), longest - 1
    assert (whole.cut, whole.left_out) == ([], [])
    quoting = encoder.encode(told, limit)
    assert quoting.left_out and not quoting.cut
    free = encoder.encode([replace(one, may_cut=True) for one in told], limit)
    assert free.cut == quoting.left_out and not free.left_out
    assert all(len(chat) <= limit for chat in free.chats)


def test_bases_that_llama_cpp_would_read_otherwise_are_refused(made, tmp_path):
    words = json.loads((made / "base" / "tokenizer.json").read_text("utf-8"))
    words["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\w+"
    (tmp_path / "tokenizer.json").write_text(json.dumps(words), "utf-8")
    with pytest.raises(ModelError, match="pattern"):
        vocabulary.read(tmp_path, 2048)
    with pytest.raises(ModelError, match=r"config\.json"):
        base.model(tmp_path)
    config = json.loads((made / "base" / "config.json").read_text("utf-8"))
    config["rope_parameters"] |= {"rope_type": "yarn"}
    folder = tmp_path / "base"
    folder.mkdir()
    for file in (made / "base").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match="yarn"):
        model_file.write(folder, tmp_path / "x.gguf", name="x")


@pytest.mark.parametrize("kind", ["qwen2", "mistral"])
def test_relatives_of_llama_are_written_as_llama_cpp_reads_them(kind, recipe, made, tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(3)
    words = base.tokenizer(recipe.base)
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=len(words), hidden_size=64, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512, sliding_window=None,
        tie_word_embeddings=False,
    )  # fmt: skip
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)  # biases begin at nothing
    model.save_pretrained(tmp_path / "base")
    words.save_pretrained(tmp_path / "base")
    adapted = base.with_lora(replace(recipe, base=tmp_path / "base", dropout=0.0))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.add_(torch.randn_like(weight), alpha=0.05)
    adapted.save_pretrained(str(tmp_path / "peft"))
    plain = model_file.write(tmp_path / "base", tmp_path / "base.gguf", name=kind)
    lora = adapter_file.write(tmp_path / "peft", tmp_path / "base", tmp_path / "lora.gguf", name=kind)
    ids = words("A female patient, 54 years, came in with chest pain.")["input_ids"]
    tuned = parity.torch_logits(adapted.eval(), ids)
    likeness = parity.compared(tuned, parity.llama_logits(Path(plain), ids, Path(lora)))
    assert likeness.cosine > 0.99999
    assert parity.compared(parity.torch_logits(model.eval(), ids), tuned).cosine < 1 + 1e-6
