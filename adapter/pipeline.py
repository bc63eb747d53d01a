"""The line: a DocumentReference is read into notes; the engine extracts mentions from each; context makes
each a finding; coding names it; emission writes resources and ties them in a Bundle; delivery hands it over.

    DocumentReference -> Note -> Mention[] -> Finding[] -> coded Finding[] -> Resource[] -> Bundle -> Receipt

Every stage returns a Step: what it kept, and what it left out and why. A Tally keeps the Steps of one run
and is the only thing that grows. `adapter/assembly.py` opens the parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from adapter import coding, context, emission, extraction, notes
from adapter.delivery import Sink
from adapter.extraction.generative import Told
from adapter.fhir.systems import Version
from adapter.model import (
    Finding,
    Issue,
    Mention,
    ModelInfo,
    Note,
    Receipt,
    Resource,
    Step,
    Stretch,
    primary,
)
from adapter.tasks import Fact, Task
from mappings import SHIPPED, Files

__all__ = ["Outcome", "Pipeline", "Tally", "Told", "Understood", "deliver"]

T = TypeVar("T")
UNCLEAR = "It is not clear in which language this text is to be read: declare it, or set NOTEWRIGHT_LANGUAGE."


@dataclass(slots=True)
class Tally:
    """The Steps of one run, in order."""

    steps: list[Step[object]] = field(default_factory=list)

    def keep(self, step: Step[T]) -> tuple[T, ...]:
        """Remembers a Step and gives back what it kept."""
        self.steps.append(step)  # type: ignore[arg-type]
        return step.kept

    def counts(self) -> dict[str, int]:
        """How many things each stage kept and left out, by "stage" and "stage:reason"."""
        counts: dict[str, int] = {}
        for step in self.steps:
            counts[step.name] = counts.get(step.name, 0) + len(step.kept)
            for issue in step.left_out:
                key = f"{step.name}:{issue.reason}"
                counts[key] = counts.get(key, 0) + 1
        return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one posted resource."""

    bundle: Resource
    steps: tuple[Step[object], ...]
    counts: Mapping[str, int]

    @property
    def errors(self) -> tuple[Issue, ...]:
        """What could not be done; a run with errors is not a success."""
        issues = (issue for step in self.steps for issue in step.left_out)
        return tuple(issue for issue in issues if issue.severity in ("error", "fatal"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The notes of a document and what they say, before it is written in a FHIR version."""

    notes: tuple[tuple[Note, tuple[Finding, ...]], ...]
    steps: tuple[Step[object], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The open parts of the line. Safe to use from several threads."""

    engine: extraction.Engine
    coder: coding.Coder
    contexts: Mapping[str, context.ContextRules]  # by language
    resources: emission.ResourceRules
    maker: emission.Maker
    fhir: Version = "r4"
    listening: notes.Listening = field(default_factory=notes.Listening)  # how languages are told
    max_bytes: int = notes.MAX_BYTES
    calendars: context.Calendars = field(default_factory=context.Calendars)  # how times are told
    spellings: notes.Spellings = field(default_factory=notes.Spellings)  # how headings are written
    files: Files = SHIPPED  # the mapping files that all this was read from
    orders: extraction.Orders | None = None  # where a note speaks to a machine; None: nowhere

    def run(self, resource: object) -> Outcome:
        """The Bundle of one DocumentReference, or of a Bundle of them.

        Raises InputError for what is no document at all; what is wrong with one attachment is an Issue.
        """
        return self.write(self.understand(resource), self.fhir)

    def understand(self, resource: object) -> Understood:
        """The notes of a document with their coded findings. Raises InputError as `run` does."""
        tally = Tally()
        read = tally.keep(self.notes(resource))
        found = tuple((note, tuple(self.findings(note, tally))) for note in read)
        return Understood(notes=found, steps=tuple(tally.steps))

    def notes(self, resource: object) -> Step[Note]:
        """The notes of a document. Raises InputError as `run` does."""
        return notes.read(resource, self.listening, max_bytes=self.max_bytes, spellings=self.spellings)

    def write(self, understood: Understood, fhir: Version, recorded: str | None = None) -> Outcome:
        """The Bundle of what was understood, in one FHIR version; `recorded` is when the run was accepted."""
        maker = replace(self.maker, recorded=recorded) if recorded else self.maker
        tally = Tally(steps=list(understood.steps))
        resources: list[Resource] = []
        for note, findings in understood.notes:
            resources += tally.keep(emission.build(note, findings, self.resources, fhir))
        bundle = emission.bundle([note for note, _ in understood.notes], resources, maker, fhir)
        return Outcome(bundle=bundle, steps=tuple(tally.steps), counts=tally.counts())

    def findings(self, note: Note, tally: Tally) -> Sequence[Finding]:
        """The coded findings of a note; none of what is in a language that engine or rules do not read."""
        if not any(extraction.reads(self.engine, part.language) for part in note.parts):
            return tally.keep(_unread(note, note.parts))
        step = extraction.extract(note, self.engine, self.orders)
        mentions = tally.keep(self.told(note, step) if isinstance(step, Told) else step)
        found = tally.keep(self._assessed(note, mentions))
        coded = [self._coded(note, language, own) for language, own in _apart(note, found)]
        return tally.keep(_joined(coded or [self._coded(note, note.language, ())]))

    def _assessed(self, note: Note, mentions: Sequence[Mention]) -> Step[Finding]:
        """Every mention judged by the rules of the language it stands in."""
        unread = {part.language for part in note.parts if not extraction.reads(self.engine, part.language)}
        steps = []
        for language, own in _apart(note, mentions):
            rules = self.contexts.get(language)
            if rules is None:
                unread |= {part.language for part in note.parts if primary(part.language) == language}
            else:
                found = context.assess(note, own, rules)
                steps.append(self.calendars.date(note, found, language))
        parts = [part for part in note.parts if part.language in unread]
        return _joined([*steps, *([_unread(note, parts)] if parts else [])])

    def _coded(self, note: Note, language: str, findings: Sequence[Finding]) -> Step[Finding]:
        """Findings with codes by the names of a language, and English ones."""
        return coding.assign(findings, self.coder, _names(language), note)

    def told(self, note: Note, told: Told) -> Told:
        """What a language model told, with codes where its task binds words to the terminology."""
        step = self.bound(note, told.task, told.answer.facts)
        answer = replace(told.answer, facts=step.kept)
        return replace(told, answer=answer, left_out=(*told.left_out, *step.left_out))

    def bound(self, note: Note, task: Task, facts: Sequence[Fact]) -> Step[Fact]:
        """The facts of an answer, with codes where the task binds their words to the terminology."""
        return coding.bind(facts, task, note, self.coder, _names)

    def explained(self, finding: Finding, language: str) -> coding.Explained:
        """What coding does with a finding of a language, candidate by candidate; no chooser is asked."""
        return self.coder.explained(finding, _names(language))

    def replaying(self, recording: Path) -> "Pipeline":
        """The same line, with mentions as they are recorded in a file in place of an engine's.

        Raises ModelError naming file and line.
        """
        nobody = ModelInfo(name="recorded answers", version="", digest="", quantization="")
        engine = extraction.Replay.of_file(recording)
        return replace(self, engine=engine, maker=replace(self.maker, model=nobody))

    def text(self, id: str, text: str, language: str | None = None) -> tuple[Sequence[Finding], Tally]:
        """The coded findings of a plain text, with the Steps that led there."""
        tally = Tally()
        note = notes.heard(id, text, self.listening, language, self.spellings)
        return self.findings(note, tally), tally

    def language(self, text: str) -> str | None:
        """The language most of a text is in; None where that is not clear."""
        heard = notes.heard("text", text, self.listening).language
        return None if heard == notes.UNKNOWN else heard


def _names(language: str) -> tuple[str, ...]:
    """The languages whose names may match: its own, and English."""
    return tuple(dict.fromkeys((primary(language), "en")))


Placed = TypeVar("Placed", Mention, Finding)


def _apart(note: Note, placed: Sequence[Placed]) -> Iterator[tuple[str, list[Placed]]]:
    """What stands in each language of the note, languages in the order of the note."""
    groups: dict[str, list[Placed]] = {primary(part.language): [] for part in note.parts}
    for one in placed:
        groups[primary(note.language_at(one.start))].append(one)
    yield from ((language, own) for language, own in groups.items() if own)


def _joined(steps: Sequence[Step[Finding]]) -> Step[Finding]:
    """One Step of the Steps of each language, in text order."""
    if len(steps) == 1:
        return steps[0]
    kept = sorted((one for step in steps for one in step.kept), key=lambda one: one.start)
    left_out = tuple(issue for step in steps for issue in step.left_out)
    return Step(name=steps[0].name if steps else "context", kept=tuple(kept), left_out=left_out)


def _unread(note: Note, parts: Sequence[Stretch]) -> Step[Finding]:
    """Engine or rules of another language would misread these parts, so nothing is made of them."""
    whole = len(parts) == len(note.parts)
    return Step(name="context", kept=(), left_out=tuple(_unspoken(note, part, whole) for part in parts))


def _unspoken(note: Note, part: Stretch, whole: bool) -> Issue:
    known = part.language != notes.UNKNOWN
    what = "The engine or the context rules do not read the language of this text."
    return Issue(
        code="not-supported",
        reason="language-not-supported" if known else "language-unclear",
        message=what if known else UNCLEAR,
        severity="error" if whole else "warning",
        path=note.path or None,
        start=part.start if note.stretches else None,
        end=part.end if note.stretches else None,
    )


def deliver(outcome: Outcome, sink: Sink) -> Receipt:
    """Hands the Bundle of a run to a sink.

    Raises DeliveryError; the Bundle is still in the outcome then.
    """
    return sink.send(outcome.bundle)
