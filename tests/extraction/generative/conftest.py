"""Tiny language models that llama.cpp really runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.extraction.generative.local import LocalBackend
from adapter.extraction.generative.weights import Weights
from tests import tiny_llama


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: byte-level `bpe.gguf`, SentencePiece `spm.gguf`, an adapter `lora.gguf`."""
    folder = tmp_path_factory.mktemp("tiny-models")
    tiny_llama.write(folder / "bpe.gguf")
    tiny_llama.write(folder / "spm.gguf", tokenizer="llama", words=("chest", " pain"))
    tiny_llama.write_lora(folder / "lora.gguf")
    return folder


@pytest.fixture(scope="session")
def tiny_backend(tiny_models: Path) -> Iterator[LocalBackend]:
    """A backend of three slots, with the adapter."""
    backend = LocalBackend(
        tiny_models / "bpe.gguf", slots=3, threads=1, adapters={"ward": tiny_models / "lora.gguf"}
    )
    yield backend
    backend.close()


@pytest.fixture(scope="session")
def tiny_weights(tiny_models: Path) -> Iterator[Weights]:
    """The byte-level model without a context."""
    weights = Weights(tiny_models / "bpe.gguf", {})
    yield weights
    weights.close()
