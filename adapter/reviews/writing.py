"""Judged findings -> the Bundle that says who verified what.

What a person confirmed is confirmed and bears their label beside the model's, what a person took away is
entered in error, what a person added is no model's. Each verdict is told by a Provenance with the reviewer as
`verifier`, beside that of the run.
https://hl7.org/fhir/R4/provenance.html
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapter import emission
from adapter.delivery import retraction
from adapter.emission import elements
from adapter.errors import EmissionError
from adapter.fhir import check, derived, ids, systems
from adapter.fhir.systems import Version
from adapter.ledger.verdicts import Reviewer, Verdict
from adapter.model import Coding, Note, Resource
from adapter.pipeline import Pipeline, Understood
from adapter.reviews.judging import Item, Judgement

CLINICAL: Final = systems.FINDING_ID
ACTIVITIES: Final[Mapping[str, tuple[str, str, str]]] = {
    "accept": (systems.LIFECYCLE, "verify", "Verify Record Lifecycle Event"),
    "change": (systems.LIFECYCLE, "amend", "Amend (Update) Record Lifecycle Event"),
    "add": (systems.LIFECYCLE, "originate", "Originate/Retain Record Lifecycle Event"),
    "reject": (retraction.OPERATION, "NULLIFY", "nullify"),
}
STATUS: Final[Mapping[str, str]] = {
    "Condition": systems.CONDITION_VERIFICATION,
    "AllergyIntolerance": systems.ALLERGY_VERIFICATION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A verdict and the address of a resource it is about."""

    verdict: Verdict
    url: str


def bundle(
    pipeline: Pipeline, understood: Understood, judged: Judgement, fhir: Version, recorded: str
) -> Resource:
    """The Bundle of what stands. Raises EmissionError if it is not valid."""
    raw = pipeline.write(understood, fhir, recorded).bundle
    settled = [one for one in judged.items if one.settled]
    if not settled:
        return raw
    notes = tuple((note, judged.of(note)) for note, _ in understood.notes)
    new = pipeline.write(Understood(notes=notes, steps=understood.steps), fhir, recorded).bundle
    whole = _sealed(raw, new, _Makes(pipeline, settled, fhir), [note for note, _ in notes], fhir)
    issues = check.bundle(whole, fhir, notes=[note for note, _ in notes])
    if issues:
        raise EmissionError(f"{issues[0].reason}: {issues[0].message}", path=issues[0].path)
    return whole


class _Makes:
    """Which resources the judged findings are in."""

    def __init__(self, pipeline: Pipeline, items: Sequence[Item], fhir: Version) -> None:
        self._rules, self._fhir = pipeline.resources, fhir
        self._items = [(one, self._types(one)) for one in items]

    def of(self, resource: Resource) -> list[Item]:
        """The judged findings a resource is made of."""
        stood = list(derived.places(resource.get("extension", [])))
        return [
            one
            for one, types in self._items
            if resource["resourceType"] in types and any(_at(one, place) for place in stood)
        ]

    def _types(self, one: Item) -> frozenset[str]:
        """The types of resource a finding makes by itself, as found or as it stands."""
        alone = [each for each in (one.found, one.stands) if each is not None]
        made = (emission.build(one.note, [each], self._rules, self._fhir).kept for each in alone)
        return frozenset(resource["resourceType"] for kept in made for resource in kept)


def _at(one: Item, place: derived.Place) -> bool:
    here = one.found or one.stands or one.shown
    return (place.start, place.end) == (here.start, here.end) and place.path in (None, one.note.path)


def _sealed(raw: Resource, new: Resource, makes: _Makes, notes: Sequence[Note], fhir: Version) -> Resource:
    """The Bundle with its statuses, what is taken back, and who said so."""
    clinical, others = _apart(new["entry"])
    stood = {entry["fullUrl"] for entry in clinical}
    told: list[_Told] = []
    entries: list[Resource] = []
    people: set[str] = set()  # addresses of what people alone say
    for entry in clinical:
        items = makes.of(entry["resource"])
        own = items and _only_people(entry["resource"], items)
        people |= {entry["fullUrl"]} if own else set()
        entries.append(entry | {"resource": _verified(entry["resource"], items, own=bool(own))})
        told += [_Told(verdict=one, url=entry["fullUrl"]) for one in _verdicts(items)]
    for entry in _apart(raw["entry"])[0]:
        items = makes.of(entry["resource"]) if entry["fullUrl"] not in stood else []
        if items:
            entries.append(entry | {"resource": retraction.nullified(entry["resource"], fhir)})
            told += [_Told(verdict=one, url=entry["fullUrl"]) for one in _verdicts(items)]
    runs = [one for entry in others for one in _run(entry, entries, people)]
    agent = next((_agent(entry) for entry in others if _agent(entry)), None)
    return new | {"entry": [*entries, *runs, *_provenances(told, agent, notes)]}


def _apart(entries: Iterable[Resource]) -> tuple[list[Resource], list[Resource]]:
    """What was read in the document, and what tells of it."""
    clinical: list[Resource] = []
    others: list[Resource] = []
    for entry in entries:
        named = entry["resource"].get("identifier", [])
        is_one = any(one.get("system") == CLINICAL for one in named)
        (clinical if is_one else others).append(entry)
    return clinical, others


def _only_people(resource: Resource, items: Sequence[Item]) -> bool:
    """Whether no model found anything of what a resource is made of."""
    stood = list(derived.places(resource.get("extension", [])))
    said = [one for one in items if one.standing is not None and one.standing.added]
    return all(any(_at(one, place) for one in said) for place in stood)


def _verified(resource: Resource, items: Sequence[Item], *, own: bool) -> Resource:
    """The resource as verified: a status that only waited for somebody is confirmed."""
    if not items:
        return resource
    certain = any(one.stands is not None and not one.stands.assertion.uncertain for one in items)
    system = STATUS.get(resource["resourceType"])
    codes = {one.get("code") for one in resource.get("verificationStatus", {}).get("coding", [])}
    if system and certain and codes == {"unconfirmed"}:
        resource = resource | {"verificationStatus": elements.coded(system, "confirmed")}
        resource["verificationStatus"] = elements.prune(resource["verificationStatus"])
    chosen = {(each.system, each.code) for one in items for each in _chosen(one)}
    resource = resource | {"code": _selected(resource["code"], chosen)} if "code" in resource else resource
    return _asserted(resource, own=own)


def _chosen(one: Item) -> Iterator[Coding]:
    """The first code of a finding whose code a person changed."""
    before = {(each.system, each.code) for each in (one.found.codings if one.found else ())}
    after = one.stands.codings if one.stands else ()
    yield from (each for each in after[:1] if (each.system, each.code) not in before)


def _selected(concept: Resource, chosen: set[tuple[str, str]]) -> Resource:
    """The concept, telling which coding a person selected."""
    if not isinstance(concept, dict) or "coding" not in concept:
        return concept
    told = [
        one | {"userSelected": True} if (one.get("system"), one.get("code")) in chosen else one
        for one in concept["coding"]
    ]
    return concept | {"coding": told}


def _asserted(resource: Resource, *, own: bool) -> Resource:
    """The resource as a person's too; as theirs alone, without a model's label and confidence."""
    labels = [one for one in resource["meta"].get("security", []) if not (own and one == systems.AIAST)]
    extensions = [
        one for one in resource.get("extension", []) if not (own and one.get("url") == systems.CONFIDENCE)
    ]
    meta = resource["meta"] | {"security": [*labels, dict(systems.CLINAST)]}
    return resource | {"meta": meta, "extension": extensions}


def _verdicts(items: Iterable[Item]) -> Iterator[Verdict]:
    for one in items:
        yield from one.standing.verdicts if one.standing else ()


def _run(entry: Resource, entries: Sequence[Resource], people: set[str]) -> Iterator[Resource]:
    """The Device as it is; the Provenance of the run, of what the run made and somebody has since judged."""
    resource = entry["resource"]
    if resource["resourceType"] != "Provenance":
        yield entry
        return
    urls = [one["fullUrl"] for one in entries if one["fullUrl"] not in people]
    if not urls:
        return
    system, code = systems.RUN_ID, resource["meta"]["tag"][0]["code"]
    tag = ids.stable("reviewed", code, *sorted(urls))
    yield {
        "fullUrl": ids.full_url(tag),
        "resource": resource
        | {
            "meta": resource["meta"] | {"tag": [{"system": system, "code": tag}]},
            "target": [{"reference": url} for url in urls],
        },
        "request": entry["request"] | {"ifNoneExist": f"_tag={system}|{tag}"},
    }


def _agent(entry: Resource) -> Resource | None:
    """The agent that made the run, from its Provenance."""
    resource = entry["resource"]
    if resource["resourceType"] != "Provenance":
        return None
    first: Resource = resource["agent"][0]
    return first


def _provenances(told: Iterable[_Told], agent: Resource | None, notes: Sequence[Note]) -> Iterator[Resource]:
    """One Provenance for each reviewer and what they did."""
    groups: dict[tuple[str, str], list[_Told]] = {}
    for one in told:
        groups.setdefault((one.verdict.who.id, one.verdict.action), []).append(one)
    for (_, action), group in groups.items():
        yield _provenance(group[-1].verdict.who, action, group, agent, notes)


def _provenance(
    who: Reviewer, action: str, group: Sequence[_Told], agent: Resource | None, notes: Sequence[Note]
) -> Resource:
    """That a person verified, amended, added or took back these resources.

    The same verdicts give the same tag, so that what is derived again tells them once.
    """
    urls = list(dict.fromkeys(one.url for one in group))
    numbers = sorted({one.verdict.number for one in group})
    tag = ids.stable("review", who.id, action, *numbers, *sorted(urls))
    person = {"identifier": ids.identifier(systems.REVIEWER_ID, who.id), "display": who.name}
    authors = [_role("author", "Author", person)] if action == "add" else [agent]
    system, code, display = ACTIVITIES[action]
    sources = {repr(one): one for one in map(elements.document, notes)}
    resource = {
        "resourceType": "Provenance",
        "meta": {"tag": [{"system": systems.RUN_ID, "code": tag}]},
        "target": [{"reference": url} for url in urls],
        "recorded": max(one.verdict.at for one in group),
        "activity": elements.coded(system, code, display),
        "agent": [*authors, _role("verifier", "Verifier", person)],
        "entity": [{"role": "source", "what": one} for one in sources.values()],
    }
    known = f"_tag={systems.RUN_ID}|{tag}"
    return {
        "fullUrl": ids.full_url(tag),
        "resource": elements.prune(resource),
        "request": {"method": "POST", "url": "Provenance", "ifNoneExist": known},
    }


def _role(code: str, display: str, who: Resource) -> Resource:
    return {"type": elements.coded(systems.PARTICIPANT, code, display), "who": who}
