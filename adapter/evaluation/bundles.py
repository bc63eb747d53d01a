"""Expected and emitted Bundles -> how many resources, statuses, codes and dates are right, and a diff.

Ids, references, times of recording, who made a resource and how sure it was do not count: two runs that say
the same of a patient are the same. Device, Provenance and what a document came with are left out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import numpy as np

from adapter.errors import InputError
from adapter.evaluation import resampling, scores
from adapter.evaluation.resampling import Counts
from adapter.evaluation.scores import SEED, Prf
from adapter.fhir import systems
from adapter.model import Resource

ALL = "all"
DEFAULT = "all.exact.f1"
MEASURES = ("resource", "status", "code", "date", "exact")
"""exact: status, code and date are all right."""
NOT_CLINICAL = ("Device", "Provenance", "DocumentReference", "Patient", "Encounter", "OperationOutcome")
STATUS = ("status", "clinicalStatus", "verificationStatus", "intent", "adherence")
DATES = ("onset", "abatement", "effective", "performed", "occurrence", "lastOccurrence")
LEFT_OUT = (
    "id",
    "meta",
    "identifier",
    "fullUrl",
    "recordedDate",
    "dateAsserted",
    "recorded",
    "issued",
)
ABOUT = (systems.DERIVATION, systems.CONFIDENCE)
Facts = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinical:
    """What a resource says, as sets that are compared."""

    resource: Resource
    type: str
    words: str  # the text of its code, folded
    places: Facts  # what it was derived from
    status: Facts
    code: Facts
    date: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleCase:
    """The Bundle that a document should give, and the one it gave."""

    name: str
    expected: Resource
    emitted: Resource | None  # None: there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Resources of a case: pairs (expected first), those only expected, those only emitted."""

    pairs: tuple[tuple[Clinical, Clinical], ...]
    missed: tuple[Clinical, ...]
    invented: tuple[Clinical, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleEvaluation:
    """What is measured of one run."""

    scores: Mapping[str, Mapping[str, Prf]]  # by type of resource (and ALL of them), then by measure
    compared: Mapping[str, Counts]  # what two runs are compared by, for each document


def evaluate(
    cases: Sequence[BundleCase], *, seed: int = SEED, resamples: int = resampling.RESAMPLES
) -> BundleEvaluation:
    """Everything that is measured."""
    matches = [matched(case) for case in cases]
    types = sorted({one.type for match in matches for one in _resources(match)})
    counts = np.zeros((len(cases), len(types) + 1, len(MEASURES), 3), np.int64)
    for at, match in enumerate(matches):
        for place, name in enumerate(types, start=1):
            counts[at, place] = _counted(match, name)
    counts[:, 0] = counts[:, 1:].sum(1)
    return BundleEvaluation(
        scores={
            name: scores.by_name(counts[:, place], MEASURES, seed=seed, resamples=resamples)
            for place, name in enumerate((ALL, *types))
        },
        compared={f"{ALL}.{name}.f1": counts[:, 0, at] for at, name in enumerate(MEASURES)},
    )


def figures(found: BundleEvaluation) -> dict[str, scores.Score]:
    """Every figure by its name, as `Condition.code.f1`."""
    return {
        f"{name}.{measure}.{which}": getattr(prf, which)
        for name, measures in found.scores.items()
        for measure, prf in measures.items()
        for which in scores.PRF
    }


def diff(case: BundleCase) -> Iterator[str]:
    """The lines in which the emitted Bundle differs from the expected one, resource by resource.

    They hold words of the note, as the Bundles do.
    """
    match = matched(case)
    both = [(one, other) for one, other in match.pairs if cleaned(one.resource) != cleaned(other.resource)]
    sides = [
        *((one.type, _lines(one), _lines(other)) for one, other in both),
        *((one.type, _lines(one), []) for one in match.missed),
        *((other.type, [], _lines(other)) for other in match.invented),
    ]
    for kind, wanted, given in sides:
        first, second = (f"{side}/{case.name}/{kind}" for side in ("expected", "emitted"))
        yield from unified_diff(wanted, given, first, second, lineterm="")


def clinical(resource: Resource) -> Clinical:
    """What a resource says."""
    codes = _concept(resource)
    return Clinical(
        resource=resource,
        type=str(resource.get("resourceType")),
        words=" ".join(str(codes.get("text", "")).casefold().split()),
        places=frozenset(_places(resource)),
        status=frozenset((name, _told(resource[name])) for name in STATUS if name in resource),
        code=frozenset((str(one.get("system")), str(one.get("code"))) for one in codes.get("coding", ())),
        date=frozenset((name, _told(resource[name])) for name in resource if name.startswith(DATES)),
    )


def cleaned(value: Any) -> Any:
    """A resource without what may differ between two runs that say the same."""
    if isinstance(value, dict):
        kept = {key: cleaned(inner) for key, inner in value.items() if not _ignored(key, inner)}
        return {key: inner for key, inner in kept.items() if inner not in ({}, [])}
    if isinstance(value, list):
        return [cleaned(one) for one in value if not (isinstance(one, dict) and one.get("url") in ABOUT)]
    return value


def _ignored(key: str, inner: Any) -> bool:
    if key == "text":
        return isinstance(inner, dict)  # a narrative; the text of a concept stays
    return key.lstrip("_") in LEFT_OUT or (key == "reference" and str(inner).startswith("urn:uuid:"))


def _lines(one: Clinical) -> list[str]:
    return json.dumps(cleaned(one.resource), ensure_ascii=False, indent=1, sort_keys=True).split("\n")


def _concept(resource: Resource) -> Resource:
    """What a resource is about: its code, or its medication."""
    medication = resource.get("medicationCodeableConcept") or (resource.get("medication") or {}).get(
        "concept"
    )
    found = medication or resource.get("code") or resource.get("relationship") or {}
    return found if isinstance(found, dict) else {}


def _told(value: Any) -> str:
    """A status or date as one text: of a concept its codes."""
    concept = value.get("code", value) if isinstance(value, dict) else value
    if isinstance(concept, dict) and "coding" in concept:
        return " ".join(sorted(str(one.get("code")) for one in concept["coding"]))
    return json.dumps(concept, sort_keys=True)


def _places(resource: Resource) -> Iterator[tuple[str, str]]:
    for extension in resource.get("extension", ()):
        if extension.get("url") == systems.DERIVATION:
            parts = {one.get("url"): one.get("valueInteger") for one in extension.get("extension", ())}
            yield str(parts.get("offset")), str(parts.get("length"))


def _all(bundle: Resource | None, name: str) -> list[Clinical]:
    resources = [entry.get("resource", {}) for entry in (bundle or {}).get("entry", ())]
    try:
        found = [clinical(one) for one in resources if one.get("resourceType") not in NOT_CLINICAL]
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"Bundle {name}: a resource that is not built as FHIR has it") from None
    return sorted(found, key=lambda one: (one.type, json.dumps(cleaned(one.resource), sort_keys=True)))


def matched(case: BundleCase) -> Matched:
    """The resources of a case, paired one to one: the most alike first.

    Raises InputError for what is not built as FHIR has it.
    """
    expected, emitted = _all(case.expected, case.name), _all(case.emitted, case.name)
    ranked = sorted(
        (-likeness, at, place)
        for at, one in enumerate(expected)
        for place, other in enumerate(emitted)
        if (likeness := _likeness(one, other)) >= 1
    )
    pairs: dict[int, int] = {}
    for _, at, place in ranked:
        if at not in pairs and place not in pairs.values():
            pairs[at] = place
    return Matched(
        pairs=tuple((expected[at], emitted[place]) for at, place in sorted(pairs.items())),
        missed=tuple(one for at, one in enumerate(expected) if at not in pairs),
        invented=tuple(one for place, one in enumerate(emitted) if place not in pairs.values()),
    )


def _likeness(one: Clinical, other: Clinical) -> float:
    """How sure it is that two resources are about the same thing; under 1 they are not."""
    if one.type != other.type:
        return 0
    found = 4 * bool(one.code & other.code) + 2 * bool(one.places & other.places)
    same_words = bool(one.words) and one.words == other.words
    return found + same_words + 0.5 * (one.status == other.status) + 0.25 * (one.date == other.date)


def _resources(match: Matched) -> Iterator[Clinical]:
    for one, other in match.pairs:
        yield from (one, other)
    yield from (*match.missed, *match.invented)


def _counted(match: Matched, name: str) -> list[tuple[int, int, int]]:
    """(hits, wanted, given) of each of MEASURES; status, code and date are those of paired resources."""
    pairs = [pair for pair in match.pairs if pair[0].type == name]
    wanted = len(pairs) + sum(one.type == name for one in match.missed)
    given = len(pairs) + sum(one.type == name for one in match.invented)
    sides = [
        ([one.status, one.code, one.date], [other.status, other.code, other.date]) for one, other in pairs
    ]
    facts = [
        (
            sum(len(one[at] & other[at]) for one, other in sides),
            sum(len(one[at]) for one, _ in sides),
            sum(len(other[at]) for _, other in sides),
        )
        for at in range(3)
    ]
    exact = sum(one == other for one, other in sides)
    return [(len(pairs), wanted, given), *facts, (exact, wanted, given)]
