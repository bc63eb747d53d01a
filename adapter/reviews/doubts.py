"""Why a finding is in doubt, and how much: what reviewers are shown first. The reasons are data."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

import mappings
from adapter.model import Finding

ENGINE = "engine"  # the rule a cue names when it is the engine's own claim


class Reason(mappings.Table):
    """A reason to doubt; all that it names must hold."""

    says: str
    weight: float = Field(ge=0, le=1)
    kinds: frozenset[str] = frozenset()
    at_least: float = Field(default=0.0, alias="from")
    below: float | None = None
    code_below: float | None = None
    coded: bool | None = None
    details: frozenset[str] = frozenset()
    allergen: bool | None = None
    axes: tuple[str, ...] = ()
    only: Literal["rules", "model"] = "model"
    disputed: bool = False


class Doubts(mappings.Table):
    """`mappings/review/doubts.toml`."""

    version: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """How much a finding is in doubt."""

    risk: float = 0.0  # 0 to 1
    reasons: tuple[str, ...] = ()  # the weightiest first


def load(files: mappings.Files = mappings.SHIPPED) -> Doubts:
    """The reasons.

    Raises mappings.MappingError naming file and key.
    """
    return files.read("review/doubts.toml", Doubts)


def doubt(one: Finding, rules: Doubts, tells: Collection[str] = (), *, disputed: bool = False) -> Doubt:
    """The doubt in a finding; `tells` are the axes the engine says something of where they hold."""
    found = [(rule, words) for rule in rules.reasons if (words := _words(one, rule, tells, disputed))]
    sure = 1.0
    for rule, _ in found:
        sure *= 1.0 - rule.weight
    listed = sorted(found, key=lambda each: -each[0].weight)
    return Doubt(risk=round(1.0 - sure, 6), reasons=tuple(words for _, words in listed))


def _words(one: Finding, rule: Reason, tells: Collection[str], disputed: bool) -> str:
    """The reason in words, where it holds."""
    if not _holds(one, rule) or (rule.disputed and not disputed):
        return ""
    axis = next((axis for axis in rule.axes if _alone(one, axis, rule.only, tells)), "")
    if rule.axes and not axis:
        return ""
    below = rule.below if rule.below is not None else rule.code_below
    return rule.says.replace("{below}", f"{below:g}" if below is not None else "").replace(
        "{axis}", axis.replace("_", " ")
    )


def _holds(one: Finding, rule: Reason) -> bool:
    best = max((coding.score for coding in one.codings), default=None)
    kinds = {detail.kind for detail in one.attributes}
    return (
        (not rule.kinds or one.kind in rule.kinds)
        and one.confidence >= rule.at_least
        and (rule.below is None or one.confidence < rule.below)
        and (rule.code_below is None or (best is not None and best < rule.code_below))
        and (rule.coded is None or bool(one.codings) == rule.coded)
        and (not rule.details or bool(rule.details & kinds))
        and (rule.allergen is None or one.assertion.allergen == rule.allergen)
    )


def _alone(one: Finding, axis: str, only: str, tells: Collection[str]) -> bool:
    """Whether one of the two alone says that an axis holds."""
    by_rules = any(cue.axis == axis and cue.rule != ENGINE for cue in one.assertion.cues)
    if only == "rules":
        return by_rules and axis in tells and axis not in one.claims
    return not by_rules and any(cue.axis == axis and cue.rule == ENGINE for cue in one.assertion.cues)
