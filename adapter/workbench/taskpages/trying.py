"""A draft asked about a note -> its answer as the page shows it, every value where the note says it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from adapter.errors import EngineError, InputError
from adapter.model import Note, Span
from adapter.pipeline import Pipeline
from adapter.tasks import Fact, Task
from adapter.tasks.node import steps
from adapter.tasks.sample import Sample
from adapter.workbench.bench import Bench
from adapter.workbench.drawing import system
from adapter.workbench.examples import examples
from adapter.workbench.trying import LANGUAGES, PATIENT, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A value of the answer."""

    number: int
    path: str  # in words: problems[0].status
    value: str
    words: tuple[str, ...]  # those of the note it rests on, each once
    confidence: float | None
    coded: str  # what its words are coded as, where the task binds them


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the note on which the same values rest."""

    text: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A value that was left out."""

    path: str
    value: str
    words: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A task that was tried on a note."""

    note: Note
    sample: Sample
    pieces: tuple[Piece, ...]
    rows: tuple[Row, ...]
    missed: tuple[Missed, ...]
    answer: str  # JSON
    evidence: str  # JSON: words for what stands beside no quote

    @property
    def digest(self) -> str:
        """SHA-256 of the note."""
        return hashlib.sha256(self.note.text.encode("utf-8", "replace")).hexdigest()

    @property
    def patients(self) -> tuple[str, ...]:
        """A reference to whom a real document is about."""
        told = (self.note.subject or {}).get("reference")
        return (str(told),) if told and told != PATIENT["reference"] else ()


def run(form: Mapping[str, str], task: Task, bench: Bench) -> Ran:
    """What the language model answers about the note of a form. Raises what the model raises."""
    if bench.sampler is None or bench.pipeline is None:
        raise EngineError("This process has no language model.")
    note = _note(form, bench.pipeline)
    with bench.turn():
        sample = _bound(bench.sampler.run(task, note), note, task, bench.pipeline)
    rows = tuple(_row(number, one, note) for number, one in enumerate(sample.values, start=1))
    return Ran(
        note=note,
        sample=sample,
        pieces=tuple(_pieces(note, sample.values)),
        rows=rows,
        missed=tuple(
            Missed(path=named(one.path), value=_said(one.value), words=one.words, message=one.message)
            for one in sample.lost
        ),
        answer=json.dumps(sample.answer, ensure_ascii=False, indent=2),
        evidence=json.dumps(_evidence(note, sample.values), ensure_ascii=False, indent=2),
    )


def _bound(sample: Sample, note: Note, task: Task, line: Pipeline) -> Sample:
    """The same with codes, where the task binds words to the terminology."""
    step = line.bound(note, task, sample.values)
    return replace(sample, values=step.kept, issues=(*sample.issues, *step.left_out))


def named(pointer: str) -> str:
    """A place of an answer as people write it: /problems/0/status -> problems[0].status"""
    text = ""
    for part in steps(pointer):
        text += f"[{part}]" if part.isdigit() else f".{part}" if text else part
    return text


def _note(form: Mapping[str, str], line: Pipeline) -> Note:
    text, language = form.get("text", ""), form.get("language", "")
    if language not in LANGUAGES:
        raise InputError("this language is not among those offered", path="language")
    if not text.strip():
        example = examples().get(form.get("example", ""))
        if example is None:
            raise InputError("Choose an example, or write a note.", path="text")
        text, language = example.text, language or example.language
    found = line.notes(Trial(text=text.replace("\r\n", "\n"), language=language).document()).kept
    if not found:
        raise InputError("No text could be read.", path="text")
    return found[0]


def _row(number: int, one: Fact, note: Note) -> Row:
    words = dict.fromkeys(" ".join(note.text[span.start : span.end].split()) for span in one.spans)
    return Row(
        number=number,
        path=named(one.path),
        value=_said(one.value),
        words=tuple(words),
        confidence=one.confidence,
        coded=_coded(one),
    )


def _coded(one: Fact) -> str:
    """The first code of words that the task binds to the terminology."""
    if one.codings is None:
        return ""
    found = one.codings
    return f"{system(found[0].system)} {found[0].code} {found[0].display}" if found else "no code"


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _evidence(note: Note, values: Sequence[Fact]) -> dict[str, str]:
    """The words of the values that are no words themselves and stand beside no quote."""
    found = {}
    paths = {one.path for one in values}
    for one in values:
        words = [note.text[span.start : span.end] for span in one.spans]
        if words and one.value not in words and f"{_owner(one.path)}/quote" not in paths:
            found[one.path] = words[0]
    return found


def _owner(path: str) -> str:
    """The object a value is in, lists on the way to it left out."""
    parts = path.split("/")
    while parts[-1].isdigit():
        parts.pop()
    return "/".join(parts[:-1])


def _pieces(note: Note, values: Sequence[Fact]) -> Sequence[Piece]:
    """The whole text in order, cut wherever the words of a value begin or end."""
    spans: list[tuple[Span, int]] = [
        (span, number) for number, one in enumerate(values, start=1) for span in one.spans
    ]
    edges = sorted({0, len(note.text), *(edge for span, _ in spans for edge in (span.start, span.end))})
    return [
        Piece(
            text=note.text[start:end],
            rows=tuple(number for span, number in spans if span.start <= start and end <= span.end),
        )
        for start, end in pairwise(edges)
    ]
