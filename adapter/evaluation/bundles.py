"""Expected and emitted Bundles -> how many resources, statuses, codes and dates are right, and a diff.

Ids, references, times of recording, who made a resource and how sure it was do not count: two runs that say
the same of a patient are the same. Device, Provenance and what a document came with are left out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff

import numpy as np

from adapter.errors import InputError
from adapter.evaluation import pairing, resampling, scores
from adapter.evaluation.resampling import Counts
from adapter.evaluation.resources import CLINICALLY, Clinical, Counting, clinical
from adapter.evaluation.scores import SEED, Prf
from adapter.model import Resource

ALL = "all"
DEFAULT = "all.exact.f1"
MEASURES = ("resource", "status", "code", "date", "exact")
"""exact: status, code and date are all right."""


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
    both = [(one, other) for one, other in match.pairs if one.cleaned != other.cleaned]
    sides = [
        *((one.type, _lines(one), _lines(other)) for one, other in both),
        *((one.type, _lines(one), []) for one in match.missed),
        *((other.type, [], _lines(other)) for other in match.invented),
    ]
    for kind, wanted, given in sides:
        first, second = (f"{side}/{case.name}/{kind}" for side in ("expected", "emitted"))
        yield from unified_diff(wanted, given, first, second, lineterm="")


def _lines(one: Clinical) -> list[str]:
    return json.dumps(one.cleaned, ensure_ascii=False, indent=1, sort_keys=True).split("\n")


def _all(bundle: Resource | None, name: str, counting: Counting) -> list[Clinical]:
    try:
        found = [clinical(one, counting) for one in counting.parts(bundle or {})]
    except (AttributeError, KeyError, TypeError):
        raise InputError(f"Bundle {name}: a resource that is not built as FHIR has it") from None
    return sorted(found, key=lambda one: (one.type, json.dumps(one.cleaned, sort_keys=True)))


def matched(case: BundleCase, counting: Counting = CLINICALLY, *, rest: bool = False) -> Matched:
    """The resources of a case, paired one to one: the most alike first.

    With `rest`, also those that are about the same place or, having neither code, words nor place, of the
    same type. Raises InputError for what is not built as FHIR has it.
    """
    expected, emitted = (_all(one, case.name, counting) for one in (case.expected, case.emitted))
    pairs = pairing.alike(expected, emitted)
    if rest:
        pairing.rest(pairs)
    return Matched(
        pairs=tuple((expected[at], emitted[place]) for at, place in sorted(pairs.found.items())),
        missed=tuple(expected[at] for at in pairs.missed()),
        invented=tuple(emitted[place] for place in pairs.invented()),
    )


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
