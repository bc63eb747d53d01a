"""`notewright explain`: one document, with words, decision, code and resource side by side."""

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from adapter import assembly
from adapter.cli import streams, wire
from adapter.errors import InputError
from adapter.fhir.derived import places
from adapter.model import Attribute, Finding, Issue, Note, Resource, Step
from adapter.pipeline import Outcome
from adapter.settings import Settings

AXES = ("negated", "ruled_out", "uncertain", "hypothetical", "historical", "planned", "stopped", "allergen")
ROW = "{:>11}  {:<10} {:<4}  {:<34} {:<26} {}"
SHORT = {
    "http://snomed.info/sct": "SNOMED CT",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://www.whocc.no/atc": "ATC",
    "http://loinc.org": "LOINC",
}


def run(settings: Settings, *, input: str, output: str) -> int:
    """Explains one document; returns the exit code."""
    with streams.source(input) as file:
        data = file.read(settings.max_line + 1)
    if len(data) > settings.max_line:
        raise InputError("the document is longer than allowed")
    with assembly.opened(settings, streams.say) as pipeline:
        outcome = pipeline.run(wire.parse(data))
    with streams.target(output) as out:
        write(outcome, out)
    return 1 if outcome.errors else 0


def write(outcome: Outcome, out: TextIO) -> None:
    """The whole story of a run, as plain text."""
    for step in outcome.steps:
        for note in step.kept:
            if isinstance(note, Note):
                out.write(f"Language: {_languages(note)}\n")
        if step.name == "coding":
            _table(step, outcome.bundle, out)
    _section("Emitted", _emitted(outcome.bundle), out)
    _section("Left out", _left_out(outcome.steps), out)
    for issue in outcome.errors:
        out.write(f"\nError: {issue.path or '-'}: {issue.message}\n")


def _languages(note: Note) -> str:
    """In which language what is read, and what was found where."""
    if not note.stretches:
        return note.language
    return f"{note.language}; " + ", ".join(
        f"{part.start}-{part.end} {part.language} (found {part.found}, {part.sure:.2f})"
        for part in note.stretches
    )


def _table(step: Step[object], bundle: Resource, out: TextIO) -> None:
    made = _made(bundle)
    out.write(ROW.format("characters", "kind", "conf", "words", "decision", "code and resource") + "\n")
    for one in step.kept:
        if isinstance(one, Finding):
            resources = _resource(made.get((one.start, one.end)))
            place, sure = f"{one.start}-{one.end}", f"{one.confidence:.2f}"
            words, decision = " ".join(one.text.split())[:34], _decision(one)[:26]
            out.write(ROW.format(place, one.kind, sure, words, decision, _codes(one) + resources) + "\n")
            for detail in one.attributes:
                detail_words = " ".join(detail.text.split())
                out.write(f"{'':>13}  {detail.kind}: {detail_words}{_when(detail)}\n")


def _when(detail: Attribute) -> str:
    """What a date says, where it is read."""
    if detail.when is None:
        return ""
    said = detail.when.date or (f"{detail.when.age} years" if detail.when.age is not None else "no date")
    return f" ({detail.when.role} {said})"


def _decision(one: Finding) -> str:
    said = [axis for axis in AXES if getattr(one.assertion, axis)]
    if one.assertion.experiencer != "patient":
        said.append(one.assertion.relative or one.assertion.experiencer)
    return ", ".join(said) or "present"


def _codes(one: Finding) -> str:
    codes = [f"{SHORT.get(c.system, c.system)} {c.code} ({c.match}, {c.score:.2f})" for c in one.codings]
    return "; ".join(codes) or "no code"


def _resource(kinds: Counter[str] | None) -> str:
    return f" -> {', '.join(kinds)}" if kinds else ""


def _made(bundle: Resource) -> dict[tuple[int, int], Counter[str]]:
    """Which resources came from which characters, read back from their derivation-reference."""
    made: dict[tuple[int, int], Counter[str]] = {}
    for entry in bundle.get("entry", ()):
        resource = entry["resource"]
        for place in places(resource):
            made.setdefault((place.start, place.end), Counter())[resource["resourceType"]] += 1
    return made


def _emitted(bundle: Resource) -> Counter[str]:
    return Counter(entry["resource"]["resourceType"] for entry in bundle.get("entry", ()))


def _left_out(steps: tuple[Step[object], ...]) -> Counter[str]:
    issues: Iterator[Issue] = (issue for step in steps for issue in step.left_out)
    return Counter(issue.reason for issue in issues)


def _section(title: str, counts: Counter[str], out: TextIO) -> None:
    listed = ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"
    out.write(f"\n{title}: {listed}\n")
