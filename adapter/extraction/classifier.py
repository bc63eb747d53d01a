"""A token classifier in one GGUF file: text in, label probabilities of every word out.

One file holds everything: the encoder that llama.cpp runs, the vocabulary, the labels
(`bert.classifier.output_labels`) and the head (`cls.output`), which is applied in numpy. So one SHA-256 names
the whole model. Behind the labels of mentions may stand labels of what is said of them ("said:negated"). Must
not know notes or FHIR.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapter.errors import ModelError
from adapter.extraction import bio, gguf_file, windows
from adapter.extraction.llama import Encoder, Weights
from adapter.extraction.windows import Window
from adapter.extraction.wordpiece import WordPiece, Words
from adapter.model import ModelInfo, Span

Floats = NDArray[np.float32]

_SAID = "said:"
_QUANTIZATION = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 32: "BF16"}


class Classifier:
    """An open model. `threads` encoders share its weights, each on one core; several threads may use it."""

    def __init__(self, path: Path, *, threads: int) -> None:
        file = gguf_file.read(path, "cls.output.")
        self._weight, self._bias = _head(path, file)
        self.kinds, self.said = _kinds(path, file), _said(path, file)
        self.languages = tuple(str(one) for one in file.fields.get("general.languages", ("en",)))
        self.tokenizer = WordPiece.of(_field(path, file, "tokenizer.ggml.tokens"))
        self.info = _info(path, file)
        self._temperature = float(file.fields.get("notewright.temperature", 1.0))
        self._weights = Weights(path)
        self._encoders = tuple(Encoder(self._weights) for _ in range(max(1, threads)))
        self._free: SimpleQueue[Encoder] = SimpleQueue()
        for encoder in self._encoders:
            self._free.put(encoder)
        self._pool = ThreadPoolExecutor(len(self._encoders), thread_name_prefix="encoder")

    def probabilities(self, words: Words, sentences: Sequence[Span]) -> Floats:
        """The probability of each label for each word, shape (words, labels)."""
        return self.read(words, sentences)[0]

    def read(self, words: Words, sentences: Sequence[Span]) -> tuple[Floats, Floats]:
        """The probabilities of the labels and of `said` for each word: (words, labels), (words, said)."""
        result = np.zeros((len(words), len(self._bias)), np.float32)

        def read(window: Window) -> None:
            result[window.keep_start : window.keep_end] = self._window(words, window)

        cut = windows.cut(words, sentences)
        for _ in map(read, cut) if len(cut) == 1 else self._pool.map(read, cut):
            pass
        labels = len(self._bias) - len(self.said)
        return result[:, :labels], result[:, labels:]

    def _window(self, words: Words, window: Window) -> Floats:
        pieces, firsts = _flat(words, window)
        encoder = self._free.get()
        try:
            hidden = encoder.hidden(pieces)[firsts]
        finally:
            self._free.put(encoder)
        # einsum, not matmul: BLAS would start threads of its own, which fight the encoders for the cores
        logits = (np.einsum("ij,kj->ik", hidden, self._weight) + self._bias) / self._temperature
        kept: Floats = logits[window.keep_start - window.start : window.keep_end - window.start]
        labels = logits.shape[1] - len(self.said)
        kept[:, :labels] = _softmax(kept[:, :labels])
        kept[:, labels:] = 1 / (1 + np.exp(-kept[:, labels:]))
        return kept

    def close(self) -> None:
        """Frees the model; it is of no use afterwards."""
        self._pool.shutdown()
        for encoder in self._encoders:
            encoder.close()
        self._weights.close()


def describe(path: Path) -> tuple[ModelInfo, list[str]]:
    """What a model file says of itself and which kinds it finds, without opening the model.

    Raises ModelError when it is not a token classifier.
    """
    file = gguf_file.read(path, "cls.output.")
    return _info(path, file), _kinds(path, file)


def _flat(words: Words, window: Window) -> tuple[list[int], list[int]]:
    """The pieces of a window in a row, and where each word begins among them."""
    pieces: list[int] = []
    firsts: list[int] = []
    for word in words.pieces[window.start : window.end]:
        firsts.append(min(len(pieces), windows.SIZE - 1))
        pieces += word
    return pieces[: windows.SIZE], firsts


def _softmax(logits: Floats) -> Floats:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    whole: Floats = shares / shares.sum(axis=1, keepdims=True)
    return whole


def _field(path: Path, file: gguf_file.Gguf, name: str) -> Any:
    if name not in file.fields:
        raise ModelError(f"{path.name}: has no {name}; not a token classifier")
    return file.fields[name]


def _head(path: Path, file: gguf_file.Gguf) -> tuple[Floats, Floats]:
    labels = _field(path, file, "bert.classifier.output_labels")
    try:
        weight, bias = file.tensors["cls.output.weight"], file.tensors["cls.output.bias"]
    except KeyError:
        raise ModelError(f"{path.name}: has no classification head") from None
    if weight.shape[0] != len(labels) or bias.shape != (len(labels),):
        raise ModelError(f"{path.name}: head and labels differ in number")
    return weight, bias


def _kinds(path: Path, file: gguf_file.Gguf) -> list[str]:
    labels = _field(path, file, "bert.classifier.output_labels")
    try:
        return bio.kinds_of([label for label in labels if not label.startswith(_SAID)])
    except ValueError as error:
        raise ModelError(f"{path.name}: {error}") from error


def _said(path: Path, file: gguf_file.Gguf) -> tuple[str, ...]:
    """What the last outputs of the head say of a mention. Raises ModelError when they are not the last."""
    labels = _field(path, file, "bert.classifier.output_labels")
    said = tuple(label.removeprefix(_SAID) for label in labels if label.startswith(_SAID))
    if any(label.startswith(_SAID) for label in labels[: len(labels) - len(said)]):
        raise ModelError(f"{path.name}: labels of what is said must stand last")
    return said


def _info(path: Path, file: gguf_file.Gguf) -> ModelInfo:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return ModelInfo(
        name=str(file.fields.get("general.name", path.stem)),
        version=str(file.fields.get("general.version", "unknown")),
        digest=digest,
        quantization=_QUANTIZATION.get(file.fields.get("general.file_type", -1), "unknown"),
        details={"license": str(file.fields.get("general.license", "unknown"))},
    )
