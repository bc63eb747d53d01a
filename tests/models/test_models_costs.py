import json
from functools import partial

import numpy as np
import pytest

from adapter.errors import InputError, ModelError
from adapter.extraction import Classifier
from adapter.models import bench, card, container, costs, gold, quantizer
from adapter.models.costs import Measure
from adapter.models.gold import Example
from adapter.models.loop import Loop
from adapter.tasks import library
from tests import tiny_llama
from tests.conftest import MODEL

TEXTS = ("The patient has chest pain.", "No fever. Takes 10 mg of lisinopril every day, and has a dry cough.")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_llama.write(tmp_path_factory.mktemp("costs") / "tiny.gguf", width=256, layers=1)


def by_hand(path, text):
    """The surprise of a text, each token read after all that stand before it, from the beginning."""
    with Loop(path, threads=1) as loop:
        tokens, total = loop.tokens(text), 0.0
        for n in range(1, len(tokens)):
            loop.forget()
            loop.read(tokens[:n])
            logits = loop.logits(n)[-1].astype(float)
            total -= logits[tokens[n]] - np.log(np.exp(logits).sum())
        return total, len(tokens) - 1


def test_perplexity_is_what_it_is_by_hand(tiny):
    sums = [by_hand(tiny, text) for text in TEXTS]
    wanted = np.exp(sum(one for one, _ in sums) / sum(count for _, count in sums))
    with Loop(tiny, threads=1, step=16) as loop:
        found = loop.foreseen(TEXTS)
        assert found.tokens == sum(count for _, count in sums)
        assert found.perplexity == pytest.approx(wanted, rel=1e-3)
        assert loop.foreseen(["word " * 300]).tokens > 1024
        with pytest.raises(InputError):
            loop.foreseen([""])


def test_each_level_is_written_and_costs_what_it_costs(tiny, tmp_path):
    rows = [costs.cost(tiny, Measure(texts=TEXTS))]
    for level in ("Q8_0", "q4_k_m"):
        target = tmp_path / f"{level}.gguf"
        quantizer.quantize(tiny, target, level, threads=1)
        rows.append(costs.cost(target, Measure(texts=TEXTS)))
    assert [row.quantization for row in rows] == ["F32", "Q8_0", "Q4_K_M"]
    assert [row.bits_per_weight for row in rows] == sorted(
        (row.bits_per_weight for row in rows), reverse=True
    )
    assert rows[0].bits_per_weight == 32
    changes = [abs(row.perplexity / rows[0].perplexity - 1) for row in rows]
    assert changes[0] < changes[1] < changes[2] < 0.5
    assert "Q4_K_M" in costs.table(rows)[3]


def test_what_cannot_be_quantized_is_told_in_the_words_of_llama_cpp(tiny, tmp_path):
    with pytest.raises(ModelError, match="requires an imatrix"):
        quantizer.quantize(tiny, tmp_path / "x.gguf", "IQ1_S")
    with pytest.raises(InputError, match="Q9: no such quantization; there are F32, F16"):
        quantizer.quantize(tiny, tmp_path / "x.gguf", "Q9")
    with pytest.raises(InputError, match="overwrite"):
        quantizer.quantize(tiny, tiny, "Q8_0")
    with pytest.raises(ModelError, match="LoRA"):
        quantizer.quantize(tiny_llama.write_lora(tmp_path / "l.gguf"), tmp_path / "x.gguf", "Q8_0")
    assert [path.name for path in tmp_path.iterdir()] == ["l.gguf"]


@pytest.mark.parametrize(
    "line", ["{", "[]", "{}", '{"text": 1}', '{"text": "a", "mentions": [{"start": 0}]}']
)
def test_gold_that_cannot_be_read_is_named_by_its_line(tmp_path, line):
    path = tmp_path / "gold.jsonl"
    path.write_text('{"text": "a b", "mentions": []}\n' + line + "\n")
    with pytest.raises(InputError, match=r"gold\.jsonl: line 2"):
        gold.examples(path)


def test_a_mention_outside_its_text_is_refused(tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps({"text": "ab", "mentions": [{"start": 1, "end": 3, "kind": "condition"}]}))
    with pytest.raises(InputError, match="outside its text"):
        gold.examples(path)


@pytest.mark.model
def test_an_encoder_is_scored_by_its_mentions(classifier: Classifier):
    text = "Has diabetes.\nTakes metformin 500 mg."
    right = {(4, 12, "condition"), (20, 29, "medication")}
    assert gold.read(classifier, text) >= right
    assert (
        gold.score(partial(gold.read, classifier), [Example(text=text, mentions=frozenset(right))]).f1 == 1.0
    )
    half = Example(text=text, mentions=frozenset({(4, 12, "condition"), (0, 3, "condition")}))
    score = gold.score(partial(gold.read, classifier), [half])
    assert (score.precision, score.recall, score.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert gold.read(classifier, " \n ") == set()


@pytest.mark.model
def test_a_quantized_encoder_still_has_its_head(tmp_path):
    quantizer.quantize(MODEL, tmp_path / "q.gguf", "Q4_0")
    kinds = {one.name: one.kind.name for one in container.layout(tmp_path / "q.gguf").tensors}
    assert (kinds["cls.output.weight"], kinds["blk.0.ffn_up.weight"]) == ("F32", "Q4_0")
    example = Example(text="Has diabetes.", mentions=frozenset({(4, 12, "condition")}))
    assert costs.cost(tmp_path / "q.gguf", Measure(gold=[example])).f1 is not None
    assert card.card(tmp_path / "q.gguf").kind == "encoder"


def test_a_decoder_is_benched_against_a_bare_loop(tiny):
    found = bench.bench(tiny, threads=1, prompt=64, generation=24, rounds=1)
    assert found.generated_tokens == 24
    assert found.prompt_ratio > 0
    assert found.generation_ratio == pytest.approx(found.generation / found.bare_generation, abs=0.01)
    assert bench.lines(found)[3].startswith("generation")


def test_a_decoder_is_measured_on_mentions_by_its_answers(tiny):
    example = Example(text="Has asthma.", mentions=frozenset({(4, 10, "condition")}))
    task = library.find("problems-medications-procedures")
    found = costs.cost(tiny, Measure(gold=[example], task=task, threads=1))
    assert found.f1 is not None and 0 <= found.f1 <= 1
    with pytest.raises(InputError, match="asked a task"):
        costs.cost(tiny, Measure(gold=[example], threads=1))
