"""A form -> a tried note: what the line made of it, step by step, and how long each stage took."""

import base64
import hashlib
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from adapter.errors import EngineError, InputError
from adapter.fhir.systems import Version
from adapter.fhir.wire.json_reader import read_json
from adapter.fhir.wire.shapes import Shapes
from adapter.fhir.wire.xml_reader import read_xml
from adapter.model import Finding, ModelInfo, Note, Resource, Step
from adapter.pipeline import Outcome, Pipeline, Tally, Understood
from adapter.settings import LANGUAGE_MODELS, VERSIONS
from adapter.workbench import dropped
from adapter.workbench.bench import Bench
from adapter.workbench.dropped import File
from adapter.workbench.examples import examples
from adapter.workbench.forms import Upload

T = TypeVar("T")

LANGUAGES = {"": "detect", "en": "English", "de": "German", "fr": "French", "nl": "Dutch", "es": "Spanish"}
PATIENT = {"reference": "Patient/tried"}  # what is emitted needs somebody it is about
BASE_PACK = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What somebody asked to be tried."""

    text: str = ""
    file: File | None = None  # in place of a text
    language: str = ""  # declared, BCP 47; "": it is detected
    fhir: Version = "r4"
    example: str = ""  # key of the shipped note this is, if it is one
    engine: str = ""  # "": the site's own
    task: str = ""  # asked of a language model; "": the site's own
    pack: str = ""  # profile pack; "": Bundles as they were made

    @property
    def asked(self) -> bool:
        """Whether there is a note to be tried."""
        return self.file is not None or bool(self.text.strip())

    @property
    def link(self) -> str:
        """The choices as they stand in an address. Never the note, but for the key of an example."""
        names = ("example", "language", "fhir", "engine", "task", "pack")
        return urlencode([(name, value) for name in names if (value := getattr(self, name))])

    @property
    def digest(self) -> str:
        """SHA-256 of what is tried."""
        return hashlib.sha256(
            self.file.content if self.file else self.text.encode("utf-8", "replace")
        ).hexdigest()

    def document(self) -> Resource:
        """The DocumentReference that carries the note; the resource itself where the text is one.

        Raises InputError for a resource that cannot be read.
        """
        if self.file is None and dropped.fhir_json(self.text):
            return read_json(self.text.encode("utf-8", "replace"))
        if self.file is None and dropped.fhir_xml(self.text):
            return read_xml(self.text.encode("utf-8", "replace"), Shapes(self.fhir))
        language = {"language": self.language} if self.language else {}
        return {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": PATIENT,
            "content": [{"attachment": self._attachment() | language}],
        }

    def _attachment(self) -> Resource:
        if self.file is not None:
            return self.file.attachment()
        kind = "application/xml" if dropped.cda(self.text) else "text/plain; charset=utf-8"
        data = self.text.encode("utf-8", "replace")
        return {"contentType": kind, "data": base64.b64encode(data).decode()}


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
    engine: str  # what read the notes
    model: ModelInfo | None

    @property
    def patients(self) -> tuple[str, ...]:
        """References to those whom real documents are about."""
        found = (note.subject.get("reference") for note, _ in self.notes if note.subject)
        told = (str(one) for one in found if one and one != PATIENT["reference"])
        return tuple(dict.fromkeys(told))


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


def read(form: Mapping[str, str], bench: Bench, files: Mapping[str, Upload] | None = None) -> Trial:
    """The trial a form asks for, without text and file where it asks for none.

    Raises InputError for what no page of ours sends.
    """
    chosen = _chosen(form, bench)
    upload = (files or {}).get("file")
    text, key = form.get("text", "").replace("\r\n", "\n"), form.get("example", "")
    if upload is not None:
        found = dropped.opened(upload)
        return replace(chosen, file=found) if isinstance(found, File) else replace(chosen, text=found)
    if text.strip():
        return _again(replace(chosen, text=text), key)
    if form.get("carried"):
        names = (form.get("carried_name", ""), form.get("carried_type", ""))
        return replace(chosen, file=dropped.carried(*names, form["carried"]))
    return _shipped(chosen, key) if key else chosen


def run(trial: Trial, bench: Bench) -> Tried:
    """Runs the line on it. Raises what the line raises."""
    if bench.pipeline is None:
        raise EngineError("This process has no model: other processes do the work.")
    if trial.pack and bench.packs and trial.fhir not in bench.packs.versions[trial.pack]:
        raise InputError(f"The profile pack {trial.pack} is not for FHIR {trial.fhir.upper()}.")
    document = trial.document()
    with _line(trial, bench, bench.pipeline) as line, bench.turn():
        tally = _Clocked()
        notes = tally.keep(line.notes(document))
        found = tuple((note, tuple(line.findings(note, tally))) for note in notes)
        understood = Understood(notes=found, steps=tuple(tally.steps))
        tally.since = time.perf_counter()
        outcome = line.write(understood, trial.fhir)
        tally.told("emission")
        if bench.packs and trial.pack not in ("", BASE_PACK):
            outcome = _packed(outcome, bench.packs.adapt(outcome.bundle, trial.fhir, trial.pack))
            tally.told("delivery")
    return Tried(
        trial=trial,
        notes=found,
        outcome=outcome,
        times=tuple(tally.times),
        engine=trial.engine or bench.engine,
        model=line.engine.model,
    )


@contextmanager
def _line(trial: Trial, bench: Bench, own: Pipeline) -> Iterator[Pipeline]:
    if bench.lines is None:
        yield own
        return
    with bench.lines.line(trial.engine or bench.engine, trial.task or bench.lines.task) as line:
        yield line


def _packed(outcome: Outcome, adapted: Step[Resource]) -> Outcome:
    """The outcome as a target with the pack gets it."""
    bundle = adapted.kept[0] if adapted.kept else outcome.bundle
    return replace(outcome, bundle=bundle, steps=(*outcome.steps, cast(Step[Any], adapted)))


def _chosen(form: Mapping[str, str], bench: Bench) -> Trial:
    """The choices beside the note."""
    language, fhir = _one_of(form, "language", LANGUAGES), _one_of(form, "fhir", VERSIONS) or bench.fhir
    engine = _one_of(form, "engine", bench.lines.engines if bench.lines else (bench.engine,))
    task, pack = form.get("task", ""), _one_of(form, "pack", bench.packs.versions if bench.packs else ())
    version: Version = "r5" if fhir == "r5" else "r4"
    model = (engine or bench.engine) in LANGUAGE_MODELS
    return Trial(
        language=language,
        fhir=version,
        engine="" if engine == bench.engine else engine,
        task=task if model and bench.lines and task != bench.lines.task else "",
        pack="" if pack == BASE_PACK else pack,
    )


def _one_of(form: Mapping[str, str], name: str, offered: Collection[str]) -> str:
    value = form.get(name, "")
    if value and value not in offered:
        raise InputError(f"this {name} is not among those offered", path=name)
    return value


def _again(trial: Trial, key: str) -> Trial:
    """The same, known as the shipped note where it is one, unchanged."""
    example = examples().get(key)
    same = example is not None and example.text.strip() == trial.text.strip()
    return replace(trial, example=key) if same else trial


def _shipped(trial: Trial, key: str) -> Trial:
    example = examples().get(key)
    if example is None:
        raise InputError("there is no such example", path="example")
    return replace(trial, text=example.text, language=trial.language or example.language, example=key)
