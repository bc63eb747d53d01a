"""What a language model answered -> what the page shows: every value with its words, of no finding too."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.model import Coding, Finding, Note, Span
from adapter.pipeline import Told
from adapter.workbench.trying import Tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value of an answer."""

    number: int
    path: str  # where it stands in the answer
    value: str
    codings: tuple[Coding, ...] | None  # of words that the task binds to the terminology
    words: str  # of the note; "" where none were asked for
    spans: tuple[Span, ...]
    confidence: float | None
    findings: tuple[int, ...]  # those it became, or is a detail of


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a task about one note."""

    note: Note
    task: str
    title: str
    facts: tuple[Fact, ...]
    json: str
    tries: tuple[tuple[str, int], ...]  # how each try at a stretch of the note ended, and its tokens


def answers(tried: Tried, numbered: Sequence[tuple[int, Note, Finding]]) -> tuple[Answer, ...]:
    """The answers of a trial, one for each note that a language model was asked about."""
    told = [step for step in tried.outcome.steps if isinstance(step, Told)]
    found: list[Answer] = []
    for (note, _), step in zip(tried.notes, told, strict=False):
        own = [(number, one) for number, where, one in numbered if where is note]
        first = sum(len(answer.facts) for answer in found)
        found.append(_answer(note, step, tuple(_facts(note, step, own, first))))
    return tuple(found)


def _answer(note: Note, step: Told, facts: tuple[Fact, ...]) -> Answer:
    return Answer(
        note=note,
        task=step.task.name,
        title=step.task.title,
        facts=facts,
        json=json.dumps(step.answer.value, ensure_ascii=False, indent=2),
        tries=tuple((one.result, one.generated_tokens) for one in step.answer.attempts),
    )


def _facts(note: Note, step: Told, own: Sequence[tuple[int, Finding]], first: int) -> Iterator[Fact]:
    for number, fact in enumerate(step.answer.facts, start=first):
        words = " ".join(note.text[fact.spans[0].start : fact.spans[0].end].split()) if fact.spans else ""
        yield Fact(
            number=number,
            path=fact.path.lstrip("/"),
            value=_shown(fact.value),
            codings=fact.codings,
            words=words,
            spans=fact.spans,
            confidence=fact.confidence,
            findings=tuple(number for number, one in own if _of(one, fact.spans)),
        )


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _of(one: Finding, spans: Sequence[Span]) -> bool:
    places = [(one.start, one.end), *((detail.start, detail.end) for detail in one.attributes)]
    return any(start < span.end and span.start < end for start, end in places for span in spans)
