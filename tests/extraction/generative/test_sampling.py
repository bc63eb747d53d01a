"""The token chosen is the best the grammar allows, and its share is told truly."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapter.errors import EngineError
from adapter.extraction.generative import grammar
from adapter.extraction.generative.sampling import Grammar, Sampler
from adapter.extraction.generative.weights import Weights
from tests import tiny_llama

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["apnoea", "apraxia", "zoster"]},
        "said": {"type": "string", "maxLength": 30},
        "sure": {"type": "boolean"},
    },
    "required": ["kind", "said", "sure"],
}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A vocabulary of 3,000 tokens: far more than are checked at first."""
    path = tmp_path_factory.mktemp("wide") / "wide.gguf"
    weights = Weights(
        tiny_llama.write(path, vocabulary=3000, words=['{"kind":"', '","said":"', "apn", "zost"]), {}
    )
    yield weights
    weights.close()


def begun(weights: Weights, text: str = "", schema: dict[str, Any] = SCHEMA) -> Grammar:
    state = Grammar.parse(weights.vocabulary, grammar.from_schema(schema))
    tokens: list[int] = []
    weights.vocabulary.data(tokens, text)
    for token in tokens:
        assert state.allowed(np.array([token], np.int32))[0]
        state.accept(token)
    return state


def logits(weights: Weights, seed: int, spread: float = 3.0) -> Any:
    drawn = np.random.default_rng(seed).standard_normal(weights.vocabulary.size)
    return (drawn * spread).astype(np.float32)


@pytest.mark.parametrize(
    "text",
    ["", '{"kind":"', '{"kind":"ap', '{"kind":"apnoea","said":"', '{"kind":"zoster","said":"é","sure":'],
)
@pytest.mark.parametrize("spread", [0.01, 1.0, 10.0])
def test_the_best_of_all_that_are_allowed(wide: Weights, text: str, spread: float) -> None:
    state, every = begun(wide, text), np.arange(wide.vocabulary.size, dtype=np.int32)
    allowed = state.allowed(every)
    allowed[wide.vocabulary.hidden] = False
    for seed in range(8):
        values = logits(wide, seed, spread)
        choice = Sampler(wide.vocabulary, temperature=0, seed=0).choose(values.copy(), state)
        assert choice.token == int(np.where(allowed, values, -np.inf).argmax())
        share = np.exp(values[allowed] - values[choice.token]).astype(np.float64).sum()
        exact = allowed.sum() < 100 or spread == 10.0
        assert choice.logprob == pytest.approx(-math.log(share), abs=1e-3 if exact else math.inf)
    state.close()


def test_where_one_token_may_come_it_is_certain(tiny_weights: Weights) -> None:
    state = begun(tiny_weights, '{"ki')
    choice = Sampler(tiny_weights.vocabulary, temperature=0, seed=0).choose(logits(tiny_weights, 1), state)
    assert (tiny_weights.vocabulary.pieces[choice.token], choice.logprob) == (b"n", 0.0)
    state.close()


def test_tokens_are_drawn_as_often_as_they_are_likely(tiny_weights: Weights) -> None:
    state = begun(tiny_weights, '{"kind":"')
    values = np.full(tiny_weights.vocabulary.size, -5.0, np.float32)
    values[ord("a")], values[ord("z")] = 1.0, 1.0 + math.log(3)
    sampler = Sampler(tiny_weights.vocabulary, temperature=1.0, seed=11)
    drawn = Counter(chr(sampler.choose(values.copy(), state).token) for _ in range(2000))
    assert set(drawn) == {"a", "z"} and 0.70 < drawn["z"] / 2000 < 0.80
    colder = Sampler(tiny_weights.vocabulary, temperature=0.1, seed=11)
    assert {chr(colder.choose(values.copy(), state).token) for _ in range(100)} == {"z"}
    state.close()


def test_the_same_seed_draws_the_same(tiny_weights: Weights) -> None:
    state = begun(tiny_weights, '{"kind":"zoster","said":"')

    def drawn(seed: int) -> list[int]:
        sampler = Sampler(tiny_weights.vocabulary, temperature=2.0, seed=seed)
        return [sampler.choose(logits(tiny_weights, n), state).token for n in range(30)]

    assert drawn(3) == drawn(3) != drawn(4)
    state.close()


def test_control_tokens_are_never_written(tiny_weights: Weights) -> None:
    state = begun(tiny_weights, '{"kind":"zoster","said":"')
    values = np.zeros(tiny_weights.vocabulary.size, np.float32)
    values[tiny_weights.vocabulary.hidden] = 50.0
    token = Sampler(tiny_weights.vocabulary, temperature=0, seed=0).choose(values, state).token
    assert token not in tiny_weights.vocabulary.hidden
    state.close()


def test_a_copy_goes_its_own_way(tiny_weights: Weights) -> None:
    first = begun(tiny_weights, '{"kind":"')
    second = first.copy()
    first.accept(ord("a"))
    tokens = np.array([ord("p"), ord("z")], np.int32)
    assert (first.allowed(tokens).tolist(), second.allowed(tokens).tolist()) == ([True, False], [False, True])
    first.close()
    assert second.allowed(tokens)[1]
    second.close()


def test_a_vocabulary_that_cannot_write_json(tmp_path: Path, tiny_weights: Weights) -> None:
    state = begun(tiny_weights)
    sampler = Sampler(tiny_weights.vocabulary, temperature=0, seed=0)
    values = logits(tiny_weights, 0)
    values[ord("{")] = -np.inf
    with pytest.raises(EngineError, match="no token of the model's vocabulary fits") as caught:
        sampler.choose(values, state)
    assert not caught.value.retryable
    with pytest.raises(EngineError, match="no finite"):
        sampler.choose(np.full(tiny_weights.vocabulary.size, np.nan, np.float32), state)
    state.close()


def test_a_grammar_llama_cpp_does_not_read(tiny_weights: Weights) -> None:
    with pytest.raises(EngineError, match="does not read the grammar"):
        Grammar.parse(tiny_weights.vocabulary, "root ::= (")
