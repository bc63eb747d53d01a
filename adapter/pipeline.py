"""The line: a DocumentReference is read into notes; the engine extracts mentions from each; context makes
each a finding; coding names it; emission writes resources and ties them in a Bundle; delivery hands it over.

    DocumentReference -> Note -> Mention[] -> Finding[] -> coded Finding[] -> Resource[] -> Bundle -> Receipt

Every stage returns a Step: what it kept, and what it left out and why. A Tally keeps the Steps of one run
and is the only thing that grows. `adapter/assembly.py` opens the parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from adapter import coding, context, emission, extraction, notes
from adapter.delivery import Sink
from adapter.extraction.generative import Told
from adapter.fhir.systems import Version
from adapter.model import Finding, Issue, Note, Receipt, Resource, Step

__all__ = ["Outcome", "Pipeline", "Tally", "Told", "Understood", "deliver"]

T = TypeVar("T")


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
    language: str | None = None
    max_bytes: int = notes.MAX_BYTES
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
        return notes.read(resource, language=self.language, max_bytes=self.max_bytes)

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
        """The coded findings of a note; none for a language there are no rules for."""
        language = note.language.split("-")[0]
        if self.engine.languages is not None and language not in self.engine.languages:
            return tally.keep(_unspoken(note))
        mentions = tally.keep(extraction.extract(note, self.engine, self.orders))
        rules = self.contexts.get(language)
        if rules is None:
            return tally.keep(_unspoken(note)) if mentions else ()
        findings = tally.keep(context.assess(note, mentions, rules))
        return tally.keep(coding.assign(findings, self.coder, note.languages, note))

    def text(self, id: str, text: str, language: str | None = None) -> tuple[Sequence[Finding], Tally]:
        """The coded findings of a plain text, with the Steps that led there."""
        tally = Tally()
        note = notes.from_text(id, text, language or self.language or "en")
        return self.findings(note, tally), tally


def _unspoken(note: Note) -> Step[Finding]:
    """An engine or rules of another language would misread the note, so nothing is made of it."""
    issue = Issue(
        code="not-supported",
        reason="language-not-supported",
        message="The engine or the context rules do not read the language of this note.",
        severity="error",
        path=note.path or None,
    )
    return Step(name="context", kept=(), left_out=(issue,))


def deliver(outcome: Outcome, sink: Sink) -> Receipt:
    """Hands the Bundle of a run to a sink.

    Raises DeliveryError; the Bundle is still in the outcome then.
    """
    return sink.send(outcome.bundle)
