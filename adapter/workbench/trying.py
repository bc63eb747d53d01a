"""A form -> a tried note: what the line made of it, step by step, and how long each stage took."""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from adapter.errors import EngineError, InputError
from adapter.fhir.systems import Version
from adapter.fhir.wire.json_reader import read_json
from adapter.model import Finding, Note, Resource, Step
from adapter.pipeline import Outcome, Tally, Understood
from adapter.settings import VERSIONS
from adapter.workbench.bench import Bench
from adapter.workbench.examples import examples

T = TypeVar("T")

LANGUAGES = {"": "detect", "en": "English", "de": "German", "fr": "French", "nl": "Dutch", "es": "Spanish"}
PATIENT = {"reference": "Patient/tried"}  # what is emitted needs somebody it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What somebody asked to be tried."""

    text: str
    language: str = ""  # declared, BCP 47; "": it is detected
    fhir: Version = "r4"
    example: str = ""  # key of the shipped note this is, if it is one

    def document(self) -> Resource:
        """The DocumentReference that carries the note; the resource itself where the text is one.

        Raises InputError for a resource that cannot be read.
        """
        if self.text.lstrip().startswith("{") and '"resourceType"' in self.text:
            return read_json(self.text.encode())
        attachment = {
            "contentType": "text/plain; charset=utf-8",
            "data": base64.b64encode(self.text.encode()).decode(),
            **({"language": self.language} if self.language else {}),
        }
        return {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": PATIENT,
            "content": [{"attachment": attachment}],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """How long a stage took."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a trial."""

    trial: Trial
    notes: tuple[tuple[Note, tuple[Finding, ...]], ...]
    outcome: Outcome
    times: tuple[Timed, ...]


@dataclass(slots=True)
class _Clocked(Tally):
    """A Tally that notes how long every Step was in coming."""

    since: float = field(default_factory=time.perf_counter)
    times: list[Timed] = field(default_factory=list)

    def keep(self, step: Step[T]) -> tuple[T, ...]:
        """Remembers a Step and gives back what it kept."""
        self.told(step.name)
        return Tally.keep(self, step)

    def told(self, stage: str) -> None:
        """Notes a stage that is done."""
        now = time.perf_counter()
        self.times.append(Timed(stage=stage, seconds=now - self.since))
        self.since = now


def read(form: Mapping[str, str], fhir: Version) -> Trial | None:
    """The trial a form asks for, None where it asks for none. InputError for what no page of ours sends."""
    key, text = form.get("example", ""), form.get("text", "")
    language, version = form.get("language", ""), form.get("fhir", fhir)
    if language not in LANGUAGES:
        raise InputError("this language is not among those offered", path="language")
    if version not in VERSIONS:
        raise InputError("this FHIR version is not among those offered", path="fhir")
    if text.strip():
        trial = Trial(text=text.replace("\r\n", "\n"), language=language)
    elif key:
        trial = _shipped(key, language)
    else:
        return None
    return replace(trial, fhir="r5" if version == "r5" else "r4")


def run(trial: Trial, bench: Bench) -> Tried:
    """Runs the line on it. Raises what the line raises."""
    if bench.pipeline is None:
        raise EngineError("This process has no model: other processes do the work.")
    with bench.turn():
        tally = _Clocked()
        notes = tally.keep(bench.pipeline.notes(trial.document()))
        found = tuple((note, tuple(bench.pipeline.findings(note, tally))) for note in notes)
        understood = Understood(notes=found, steps=tuple(tally.steps))
        tally.since = time.perf_counter()
        outcome = bench.pipeline.write(understood, trial.fhir)
        tally.told("emission")
    return Tried(trial=trial, notes=found, outcome=outcome, times=tuple(tally.times))


def _shipped(key: str, language: str) -> Trial:
    example = examples().get(key)
    if example is None:
        raise InputError("there is no such example", path="example")
    return Trial(text=example.text, language=language or example.language, example=key)
