"""Vectors of tokens by llama.cpp, beside those that the encoder engine reads."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import engines
from adapter.errors import ModelError
from adapter.evaluation import texts
from adapter.extraction.llama import Encoder, Weights
from adapter.models.vectors import TokenVectors, windows
from tests.conftest import MODEL


@pytest.fixture(scope="module")
def model():
    with TokenVectors(MODEL, threads=2) as opened:
        yield opened


def test_they_are_those_of_the_encoder(model, classifier):
    text = "Chronic obstructive pulmonary disease; type 2 diabetes"
    pieces = [piece for word in classifier.tokenizer.words(text).pieces for piece in word]
    weights = Weights(MODEL)
    encoder = Encoder(weights)
    expected = encoder.hidden(pieces).copy()
    encoder.close()
    weights.close()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = model(text)
    assert found.shape == expected.shape
    assert float((found * expected).sum(1).min()) > 0.999


def test_texts_that_mean_the_same_are_more_alike(model):
    def alike(one, other):
        return texts.bertscore(model(one), model(other))[2]

    assert alike("shortness of breath", "dyspnea") > alike("shortness of breath", "lives with his wife") + 0.2
    assert alike("asthma", "asthma") == pytest.approx(1, abs=1e-5)


def test_long_and_empty_texts_are_read(model):
    assert model("").shape == (0, 384)
    long = model("fever and cough " * 400)
    assert long.shape == (1200, 384)
    assert np.allclose(np.linalg.norm(long, axis=1), 1, atol=1e-4)


def test_a_model_that_writes_text_gives_vectors_too():
    with TokenVectors(engines.model_folder() / engines.DECODER) as opened:
        first, second = opened("fever"), opened("fever and cough")
    assert first.shape[1] == second.shape[1] and len(second) > len(first) > 0
    assert np.allclose(first[0], second[0], atol=0.05)  # what follows is not known to it


def test_what_is_no_model_is_refused(tmp_path):
    path = tmp_path / "a.gguf"
    path.write_bytes(b"no")
    with pytest.raises(ModelError, match=r"a\.gguf"):
        TokenVectors(path)


@given(st.integers(0, 60), st.integers(1, 20))
def test_every_token_is_read_once(count, size):
    read = []
    for start, end, first, last in windows(count, size):
        assert 0 <= start <= first < last <= end <= count and end - start <= size
        read += range(first, last)
    assert read == list(range(count))
