"""What a model is measured on: texts, and texts with the mentions a reader found in them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adapter.errors import InputError
from adapter.extraction import Classifier, bio
from adapter.extraction.generative import GenerativeEngine
from adapter.extraction.wordpiece import Words
from adapter.model import Note, Span

Mention = tuple[int, int, str]
Find = Callable[[str], set[Mention]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text and the mentions in it."""

    text: str
    mentions: frozenset[Mention]  # start, end, kind; code points


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Strict scores: the same start, end and kind."""

    precision: float
    recall: float
    f1: float


def texts(path: Path) -> list[str]:
    """The texts of a file: of JSON lines their `text`, of any other file the whole.

    Raises InputError naming the line.
    """
    if path.suffix not in (".jsonl", ".ndjson"):
        try:
            return [path.read_text("utf-8")]
        except UnicodeDecodeError:
            raise InputError(f"{path.name}: not UTF-8", path="--texts") from None
    return [_text(row, path, number) for number, row in _rows(path)]


def examples(path: Path) -> list[Example]:
    """The examples of JSON lines {"text", "mentions": [{"start", "end", "kind"}]}.

    Raises InputError naming the line.
    """
    found = []
    for number, row in _rows(path):
        text = _text(row, path, number)
        try:
            mentions = frozenset((int(m["start"]), int(m["end"]), str(m["kind"])) for m in row["mentions"])
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{path.name}: line {number} has no mentions", path="--gold") from None
        if any(not 0 <= start < end <= len(text) for start, end, _ in mentions):
            raise InputError(f"{path.name}: line {number} has a mention outside its text", path="--gold")
        found.append(Example(text=text, mentions=mentions))
    if not found:
        raise InputError(f"{path.name}: holds no examples", path="--gold")
    return found


def score(find: Find, gold: Sequence[Example]) -> Score:
    """How well mentions are found, of the kinds that the gold has."""
    kinds = {kind for one in gold for *_, kind in one.mentions}
    right = found = wanted = 0
    for one in gold:
        mentions = {mention for mention in find(one.text) if mention[2] in kinds}
        right += len(mentions & one.mentions)
        found += len(mentions)
        wanted += len(one.mentions)
    return Score(
        precision=right / found if found else 0.0,
        recall=right / wanted if wanted else 0.0,
        f1=2 * right / (found + wanted) if found + wanted else 0.0,
    )


def read(classifier: Classifier, text: str) -> set[Mention]:
    """The mentions an encoder finds by itself: its best legal labels, without any rule of the engine."""
    words = classifier.tokenizer.words(text)
    if not len(words):
        return set()
    probabilities = classifier.probabilities(words, lines(text))
    chunks = bio.chunks(bio.best_path(_logarithms(probabilities)), probabilities)
    return {_mention(classifier, words, chunk) for chunk in chunks}


def answered(engine: GenerativeEngine, text: str) -> set[Mention]:
    """The mentions a language model's answer to its task gives."""
    note = Note(id="", text=text, sentences=tuple(line for line in lines(text) if _worded(text, line)))
    return {(one.start, one.end, one.kind) for one in engine.mentions(note).kept}


def _worded(text: str, span: Span) -> bool:
    return bool(text[span.start : span.end].strip())


def lines(text: str) -> list[Span]:
    """The lines of a text as spans, at which it may be cut."""
    spans, at = [], 0
    for line in text.splitlines(keepends=True):
        spans.append(Span(start=at, end=at + len(line)))
        at += len(line)
    return spans


def _logarithms(probabilities: bio.Floats) -> bio.Floats:
    with np.errstate(divide="ignore"):
        logarithms: bio.Floats = np.log(probabilities)
    return logarithms


def _mention(classifier: Classifier, words: Words, chunk: bio.Chunk) -> Mention:
    return words.starts[chunk.start], words.ends[chunk.end - 1], classifier.kinds[chunk.kind]


def _text(row: Mapping[str, Any], path: Path, number: int) -> str:
    if not isinstance(row.get("text"), str):
        raise InputError(f"{path.name}: line {number} has no text", path="--gold")
    return str(row["text"])


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                raise InputError(f"{path.name}: line {number} is not JSON", path="--gold") from None
            if not isinstance(row, dict):
                raise InputError(f"{path.name}: line {number} is not an object", path="--gold")
            yield number, row
