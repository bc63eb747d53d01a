"""A tried note -> what the page shows, as values for its template."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapter.fhir.derived import Place, places
from adapter.model import FLAGS, Attribute, Cue, Finding, Issue, Note, Resource
from adapter.workbench import marking
from adapter.workbench.answers import Answer, answers
from adapter.workbench.cards import status, title
from adapter.workbench.maps import Mapped, Maps
from adapter.workbench.marking import Piece
from adapter.workbench.trying import Timed, Tried

SYSTEMS: Mapping[str, str] = {
    "http://snomed.info/sct": "SNOMED CT",
    "http://hl7.org/fhir/sid/icd-10": "ICD-10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD-10-CM",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm": "ICD-10-GM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://www.whocc.no/atc": "ATC",
    "http://loinc.org": "LOINC",
    "https://fhir.hl7.org.uk/Id/icd-10-uk": "ICD-10 (UK)",
    "https://smt.esante.gouv.fr/terminologie-cim-10": "CIM-10",
    "http://terminology.hl7.org/CodeSystem/icd-o-3": "ICD-O-3",
}
WORDS = 80  # characters shown of what was left out
UNREAL = ("negated", "ruled_out", "hypothetical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A finding as it is listed."""

    number: int
    finding: Finding
    said: tuple[str, ...]  # how it is asserted, in words; none: present, in the patient
    cues: tuple[tuple[str, str, str, int], ...]  # what decided: axis, words, rule, how often
    details: tuple[tuple[Attribute, str], ...]  # with what a date says
    maps: tuple[Mapped, ...]  # what the terminology's maps say of its code
    cards: tuple[tuple[int, str], ...]  # the resources made of it: number and type


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A resource as it is shown."""

    number: int
    type: str
    title: str
    status: str
    json: str
    findings: tuple[int, ...]  # those it is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a stage left out."""

    number: int
    stage: str
    issue: Issue
    words: str  # the words of the note it is about, where there are any


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One tried note, drawn."""

    notes: tuple[tuple[Note, tuple[Piece, ...]], ...]
    rows: tuple[Row, ...]
    cards: tuple[Card, ...]
    left: tuple[Left, ...]
    answers: tuple[Answer, ...]  # of a language model
    by: str  # the engine that read it, with its model
    times: tuple[tuple[Timed, float], ...]  # with the share of the whole
    seconds: float
    kinds: tuple[tuple[str, int], ...]  # how many findings of each kind


def page(tried: Tried, maps: Maps) -> Page:
    """All that the page shows of a trial."""
    numbered = list(_numbered(tried))
    left, said = tuple(_left(tried)), answers(tried, numbered)
    cards = tuple(_cards(tried.outcome.bundle, numbered))
    made: dict[int, list[tuple[int, str]]] = {}
    for card in cards:
        for number in card.findings:
            made.setdefault(number, []).append((card.number, card.type))
    times = tuple(_times(tried.times))
    seconds = sum(one.seconds for one in times)
    return Page(
        notes=tuple((note, tuple(_pieces(note, numbered, left, said))) for note, _ in tried.notes),
        rows=tuple(_row(number, one, made.get(number, ()), maps) for number, _, one in numbered),
        cards=cards,
        left=left,
        answers=said,
        by=" · ".join(
            (tried.engine, *([f"{tried.model.name} {tried.model.version}"] if tried.model else []))
        ),
        times=tuple((one, one.seconds / seconds if seconds else 0.0) for one in times),
        seconds=seconds,
        kinds=tuple(Counter(one.kind for _, _, one in numbered).most_common()),
    )


def system(uri: str) -> str:
    """The name people know a code system by."""
    return SYSTEMS.get(uri, uri)


def _times(times: Sequence[Timed]) -> Iterator[Timed]:
    """The time of each stage, all notes together."""
    whole: dict[str, float] = {}
    for one in times:
        whole[one.stage] = whole.get(one.stage, 0.0) + one.seconds
    yield from (Timed(stage=stage, seconds=seconds) for stage, seconds in whole.items())


def _numbered(tried: Tried) -> Iterator[tuple[int, Note, Finding]]:
    number = 0
    for note, findings in tried.notes:
        for one in findings:
            yield number, note, one
            number += 1


def _pieces(
    note: Note,
    numbered: Sequence[tuple[int, Note, Finding]],
    left: Sequence[Left],
    said: Sequence[Answer],
) -> list[Piece]:
    own = [(number, one) for number, where, one in numbered if where is note]
    unreal = frozenset(number for number, one in own if _unreal(one))
    out = [(one.number, one.issue) for one in left if one.issue.path in (None, note.path)]
    facts = [
        (fact.number, span)
        for answer in said
        if answer.note is note
        for fact in answer.facts
        for span in fact.spans
    ]
    return marking.pieces(note, marking.marks(own, out, facts), unreal)


def _unreal(one: Finding) -> bool:
    """Whether a finding is said not to be so, or not to be the patient's."""
    said = one.assertion
    return said.experiencer != "patient" or any(getattr(said, axis) for axis in UNREAL)


def _row(number: int, one: Finding, cards: Sequence[tuple[int, str]], maps: Maps) -> Row:
    said = [_worded(flag) for flag in FLAGS if getattr(one.assertion, flag)]
    if one.assertion.experiencer != "patient":
        said.append(" ".join(filter(None, (one.assertion.experiencer, one.assertion.relative))))
    return Row(
        number=number,
        finding=one,
        said=tuple(said),
        cues=tuple(_cues(one.assertion.cues)),
        details=tuple((detail, _when(detail)) for detail in one.attributes),
        maps=maps.of(one.codings),
        cards=tuple(cards),
    )


def _cues(cues: Sequence[Cue]) -> Iterator[tuple[str, str, str, int]]:
    counted = Counter((_worded(cue.axis), cue.text, cue.rule) for cue in cues)
    yield from ((*said, count) for said, count in counted.items())


def _worded(name: str) -> str:
    return name.replace("_", " ")


def _when(detail: Attribute) -> str:
    """What a date says, where it is read, and a side."""
    if detail.when is None:
        return detail.side or ""
    said = detail.when.date or (f"{detail.when.age} years" if detail.when.age is not None else "no date")
    return f"{detail.when.role} {said}"


def _left(tried: Tried) -> Iterator[Left]:
    number = 0
    for step in tried.outcome.steps:
        for issue in step.left_out:
            yield Left(number=number, stage=step.name, issue=issue, words=_words(tried, issue))
            number += 1


def _words(tried: Tried, issue: Issue) -> str:
    if issue.start is None or issue.end is None:
        return ""
    texts = [note.text for note, _ in tried.notes if issue.path in (None, note.path)]
    if len(texts) != 1:
        return ""
    words = " ".join(texts[0][issue.start : issue.end].split())
    return words if len(words) <= WORDS else f"{words[:WORDS].rstrip()}…"


def _cards(bundle: Resource, numbered: Sequence[tuple[int, Note, Finding]]) -> Iterator[Card]:
    """The resources, with the findings at the places they say they are made from."""
    at: dict[tuple[int, int], list[tuple[int, Note]]] = {}
    for number, note, one in numbered:
        at.setdefault((one.start, one.end), []).append((number, note))
    for number, entry in enumerate(bundle.get("entry", ())):
        resource = entry["resource"]
        stood = (_there(place, at.get((place.start, place.end), ())) for place in places(resource))
        yield Card(
            number=number,
            type=resource["resourceType"],
            title=title(resource),
            status=status(resource),
            json=json.dumps(resource, ensure_ascii=False, indent=2),
            findings=tuple(sorted({one for found in stood for one in found})),
        )


def _there(place: Place, candidates: Sequence[tuple[int, Note]]) -> list[int]:
    return [number for number, note in candidates if place.path in (None, note.path)]
