"""The pieces of a note -> its text with spans, roughened, as one JSON row."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from training.notes import noise
from training.notes.expansion import Mark, Piece, head_of, true_flags
from training.notes.noise import Abbreviations
from training.notes.state import State
from training.notes.template import ContentError

Spans = list[tuple[int, int, Mark]]


def joined(pieces: list[Piece]) -> tuple[str, Spans]:
    """The text of the pieces, and where each mark stands, without white space at its edges."""
    texts: list[str] = []
    spans: Spans = []
    at = 0
    for text, mark in pieces:
        if mark is not None and (mark.kind or mark.identifier):
            start = at + len(text) - len(text.lstrip())
            end = at + len(text.rstrip())
            if start < end:
                spans.append((start, end, mark))
        texts.append(text)
        at += len(text)
    return "".join(texts), spans


def roughened(
    text: str, spans: Spans, state: State, rates: Mapping[str, float], known: Abbreviations
) -> tuple[str, Spans]:
    """The text as hurry leaves it, and its spans there."""
    dice, language = state.dice, state.content.language
    places = sorted({edge for start, end, _ in spans for edge in (start, end)})
    changes = noise.edits(text, dice, rates, known, state.content.speech)
    text, moved = noise.applied(text, places, changes)
    if language != "en" and dice.random() < (0.06 if language == "de" else 0.03):
        text, moved = noise.respelled(text, moved, language)
    text = _cased(text, dice, rates)
    now = dict(zip(places, moved, strict=True))
    return text, [(now[start], now[end], mark) for start, end, mark in spans]


def _cased(text: str, dice: random.Random, rates: Mapping[str, float]) -> str:
    for case in ("lower", "upper"):
        if dice.random() < rates.get(case, 0):
            return noise.recased(text, upper=case == "upper")
    return text


def row(id: str, language: str, text: str, spans: Spans, made: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON row of a note: findings with their details, and identifiers apart."""
    findings: dict[int, dict[str, Any]] = {}
    identifiers = []
    for start, end, mark in spans:
        if mark.identifier:
            identifiers.append({"start": start, "end": end, "kind": mark.identifier})
        if mark.kind and mark.of is None:
            findings[id_of(mark)] = _finding(start, end, text, mark)
    for start, end, mark in spans:
        for table, kind, name in _ties(mark):
            head = findings.get(id_of(head_of(mark, name)))
            if head is None:
                raise ContentError(f"{kind} hangs on {name}, which is no finding")
            head[table].setdefault(kind, []).append({"start": start, "end": end, "text": text[start:end]})
    return {
        "id": id, "language": language, "text": text, "findings": list(findings.values()),
        "identifiers": identifiers, "made": dict(made),
    }  # fmt: skip


def _ties(mark: Mark) -> Iterator[tuple[str, str, str]]:
    """Where a mention is told with its head, as what, and the head's name.

    Dates, and mentions that are a reason or a reaction, are told as relations: not every date is marked, and
    such mentions are findings of their own.
    """
    if mark.of and mark.kind:
        yield "relations" if mark.kind == "date" else "attributes", mark.kind, mark.of
    if mark.tie:
        yield "relations", *mark.tie


def id_of(mark: Mark) -> int:
    """What tells one mark from another."""
    return id(mark)


def _finding(start: int, end: int, text: str, mark: Mark) -> dict[str, Any]:
    return {
        "start": start, "end": end, "text": text[start:end], "kind": mark.kind,
        "assertion": true_flags(mark.assertion), "attributes": {}, "relations": {}, "codings": mark.codings,
    }  # fmt: skip
