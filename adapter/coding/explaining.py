"""What coding did with a finding, for people: the wordings, the candidates, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adapter.coding.rules import CodingRules
from adapter.coding.wordings import Wording
from adapter.model import Coding, Finding
from terminology import Hit

Fate = Literal[
    "chosen", "given too", "below", "past", "contradicted", "system", "other", "alternative", "beyond"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A wording, and what looking for it found."""

    wording: Wording
    found: int | None  # how many concepts; None: it was not looked for any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A candidate, and what became of it."""

    hit: Hit  # with the store's own score
    score: float  # that coding goes by
    wording: Wording  # it was found by
    kind_penalty: float  # taken off, as the concept is not of the first kind
    broader_penalty: float  # taken off, as the wording says less than the finding
    fate: Fate
    offered: bool  # to the chooser, where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What coding did with a finding."""

    finding: Finding  # with its codes
    kinds: tuple[str, ...]  # of concepts that may name it, the first being best
    systems: tuple[str, ...]  # in the order in which codes are written
    searched: tuple[Searched, ...]
    candidates: tuple[Judged, ...]  # best first
    withheld: tuple[Coding, ...]  # codes that would be given too, were the finding not past
    contradicted: tuple[Coding, ...]  # codes that would be given too, did its words not say otherwise
    threshold: float
    lowest_alternative: float


def explained(
    *,
    found: Finding,
    coded: Finding,
    searched: Sequence[tuple[Wording, Sequence[object]]],
    wordings: Sequence[Wording],
    candidates: Sequence[tuple[Hit, float, Wording]],
    timely: Sequence[bool],
    withheld: Sequence[Coding],
    offered: Sequence[tuple[str, str]],
    rules: CodingRules,
) -> Explained:
    """The same as values."""
    numbers = {wording: len(hits) for wording, hits in searched}
    against = tuple(one for one in found.codings if one not in coded.codings)
    kinds = rules.kinds.get(coded.kind, ())
    return Explained(
        finding=coded,
        kinds=kinds,
        systems=rules.systems.get(coded.kind, ()),
        searched=tuple(Searched(wording=one, found=numbers.get(one)) for one in wordings),
        candidates=tuple(
            Judged(
                hit=hit,
                score=score,
                wording=wording,
                kind_penalty=rules.kind_penalty * (hit.kind != kinds[0]),
                broader_penalty=rules.broader_penalty * wording.broader,
                fate=_fate(coded, against, hit, score, fits, first=place == 0, rules=rules),
                offered=(hit.system, hit.code) in offered,
            )
            for place, ((hit, score, wording), fits) in enumerate(zip(candidates, timely, strict=True))
        ),
        withheld=tuple(withheld),
        contradicted=against,
        threshold=rules.threshold,
        lowest_alternative=rules.lowest_alternative,
    )


def _fate(
    coded: Finding,
    against: Sequence[Coding],
    hit: Hit,
    score: float,
    fits: bool,
    *,
    first: bool,
    rules: CodingRules,
) -> Fate:
    given = {(one.system, one.code) for one in coded.codings}
    if (hit.system, hit.code) in given:
        return "chosen" if first else "given too"
    if (hit.system, hit.code) in {(one.system, one.code) for one in against}:
        return "contradicted"
    if score < rules.threshold:
        kept = {(one.system, one.code) for one in coded.alternatives}
        return "below" if (hit.system, hit.code) in kept else "beyond"
    if not fits:
        return "past"
    if hit.system in {one.system for one in coded.codings}:
        return "system"
    return "other"
