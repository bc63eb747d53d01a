"""What a model file costs and what it is worth: bytes, speed, and how well it does on a development set."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import log
from pathlib import Path
from typing import Any

from adapter.errors import InputError, ModelError
from adapter.extraction import Classifier
from adapter.extraction.generative import GenerativeEngine, LocalBackend
from adapter.extraction.llama import Encoder, Weights
from adapter.extraction.windows import SIZE
from adapter.models import gold
from adapter.models.card import DECODER, LORA, card
from adapter.models.container import Layout, layout
from adapter.models.gold import Example
from adapter.models.loop import Loop
from adapter.tasks import Task

HEAD = "cls.output."
REPEATS = 20
FILLER = "The patient has had chest pain and a cough for 3 days and takes 10 mg of lisinopril every day.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What to measure on. Nothing given: size and speed alone."""

    texts: Sequence[str] = ()
    gold: Sequence[Example] = ()
    task: Task | None = None  # what a decoder is asked to be measured on mentions
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One model file, measured. What does not apply is None."""

    file: str
    quantization: str
    bytes: int
    bits_per_weight: float
    prompt_tokens_per_second: float | None = None
    generation_tokens_per_second: float | None = None
    perplexity: float | None = None
    foreseen_tokens: int | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def cost(path: Path, measure: Measure) -> Cost:
    """The cost of a GGUF file.

    Raises InputError when the model cannot be measured on what was given.
    """
    told = card(path)
    if told.kind == LORA:
        raise ModelError(f"{path.name}: a LoRA adapter is measured with its base, not by itself")
    measured = _decoder(path, measure) if told.kind == DECODER else _encoder(path, measure)
    return Cost(
        file=path.name,
        quantization=told.quantization,
        bytes=told.bytes,
        bits_per_weight=round(weight_bytes(layout(path)) * 8 / told.parameters, 3),
        **measured,
    )


def worth(path: Path, measure: Measure) -> float:
    """How good a model is, the more the better: an encoder's F1, or how little a decoder is surprised.

    Raises InputError when the model cannot be measured on what was given.
    """
    if card(path).kind == DECODER:
        if measure.gold:
            return _answers(path, measure).f1
        if not measure.texts:
            raise InputError("texts or mentions are what a decoder is measured on", path="--texts")
        with Loop(path, threads=measure.threads) as loop:
            return -log(loop.foreseen(measure.texts).perplexity)
    if not measure.gold:
        raise InputError("mentions are what an encoder is measured on", path="--gold")
    classifier = Classifier(path, threads=measure.threads)
    try:
        return gold.score(partial(gold.read, classifier), measure.gold).f1
    finally:
        classifier.close()


def weight_bytes(found: Layout) -> int:
    """The bytes of the tensors, without vocabulary and other fields."""
    return sum(tensor.size for tensor in found.tensors)


def table(costs: Sequence[Cost]) -> list[str]:
    """The costs as lines of text, with the change of size and worth to the first."""
    heads = ("level", "MB", "bits/weight", "prompt/s", "generated/s", "perplexity", "F1")
    rows = [heads, *(_cells(one, costs[0]) for one in costs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in rows]


def _decoder(path: Path, measure: Measure) -> dict[str, Any]:
    with Loop(path, threads=measure.threads) as loop:
        speed = loop.speed()
        found: dict[str, Any] = {
            "prompt_tokens_per_second": round(speed.prompt, 1),
            "generation_tokens_per_second": round(speed.generation, 1),
        }
        if measure.texts:
            foreseen = loop.foreseen(measure.texts)
            found |= {"perplexity": round(foreseen.perplexity, 4), "foreseen_tokens": foreseen.tokens}
    if measure.gold:
        score = _answers(path, measure)
        found |= {key: round(value, 4) for key, value in asdict(score).items()}
    return found


def _answers(path: Path, measure: Measure) -> gold.Score:
    """How well the mentions are found that a decoder's answers to the task give."""
    if measure.task is None:
        raise InputError("a decoder is asked a task to be measured on mentions", path="--task")
    engine = GenerativeEngine(LocalBackend(path, threads=measure.threads), measure.task)
    try:
        return gold.score(partial(gold.answered, engine), measure.gold)
    finally:
        engine.close()


def _encoder(path: Path, measure: Measure) -> dict[str, Any]:
    if measure.texts:
        raise InputError("texts measure decoders; give mentions for an encoder", path="--texts")
    if f"{HEAD}weight" not in {tensor.name for tensor in layout(path).tensors}:
        return _headless(path, measure)
    classifier = Classifier(path, threads=measure.threads)
    try:
        found: dict[str, Any] = {"prompt_tokens_per_second": round(pieces_per_second(classifier), 1)}
        if measure.gold:
            score = gold.score(partial(gold.read, classifier), measure.gold)
            found |= {key: round(value, 4) for key, value in asdict(score).items()}
        return found
    finally:
        classifier.close()


def _headless(path: Path, measure: Measure) -> dict[str, Any]:
    """An encoder that labels nothing, such as one of sentences: its speed."""
    if measure.gold:
        raise InputError(f"{path.name} has no labels to be measured", path="--gold")
    weights = Weights(path)
    encoder = Encoder(weights, threads=measure.threads)
    try:
        window = list(range(1, SIZE + 1))
        encoder.hidden(window)
        began = time.perf_counter()
        for _ in range(REPEATS):
            encoder.hidden(window)
        return {"prompt_tokens_per_second": round(REPEATS * SIZE / (time.perf_counter() - began), 1)}
    finally:
        encoder.close()
        weights.close()


def pieces_per_second(classifier: Classifier, *, repeats: int = REPEATS) -> float:
    """Word pieces an encoder reads in a second, from text to label probabilities."""
    text = FILLER * repeats
    words = classifier.tokenizer.words(text)
    spans = gold.lines(text)
    classifier.probabilities(words, spans[:1])  # the first call pays for the memory
    began = time.perf_counter()
    classifier.probabilities(words, spans)
    return sum(map(len, words.pieces)) / (time.perf_counter() - began)


def _cells(one: Cost, first: Cost) -> tuple[str, ...]:
    return (
        one.quantization,
        f"{one.bytes / 1e6:,.1f}",
        f"{one.bits_per_weight:.2f}",
        _number(one.prompt_tokens_per_second, ",.0f"),
        _number(one.generation_tokens_per_second, ",.0f"),
        _changed(one.perplexity, first.perplexity, ".3f"),
        _changed(one.f1, first.f1, ".4f"),
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _changed(value: float | None, first: float | None, form: str) -> str:
    if value is None or first is None or value is first:
        return _number(value, form)
    return f"{format(value, form)} ({format(value - first, '+' + form)})"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    rest = zip(row[1:], widths[1:], strict=True)
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in rest)]
