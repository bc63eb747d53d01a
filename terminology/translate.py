"""A code -> the codes of another system, by map rules, plain maps, or the nearest mapped ancestor.

Order: what replaces an inactive code first; then the code's own rules (age, sex and co-morbidity), its plain
maps, and then those of the nearest ancestors that have any, marked as broader. Never a guess: several broader
answers stay candidates.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from terminology.maprule_text import cleaned
from terminology.maprules import Advised, Patient, evaluate
from terminology.model import Mapping, MapRule

How = Literal["rule", "map", "broader"]
HIGHEST = 12  # levels above a code that are searched for a map


class Known(Protocol):
    """What is asked of a store."""

    def mappings(self, system: str, code: str) -> list[Mapping]:
        """Plain maps of a code."""

    def rules(self, system: str, code: str) -> list[MapRule]:
        """Rows of rule-based maps of a code."""

    def parents(self, system: str, code: str) -> list[str]:
        """The codes directly above."""

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """Whether one code is another or a kind of it."""

    def replacement(self, system: str, code: str) -> str | None:
        """The active code that stands in for a code, or the code itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A code of the other system."""

    code: str
    how: How
    source: str  # the code whose map says it: the asked one, its replacement, or an ancestor
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What a code is in another system."""

    targets: tuple[Target, ...] = ()  # all together are the answer
    candidates: tuple[Target, ...] = ()  # where more must be known first, or a person must choose
    advised: tuple[Advised, ...] = ()  # what each group of rules said, when rules decided


def translate(
    store: Known, system: str, code: str, to_system: str, patient: Patient | None = None
) -> Translation:
    """What a code is in `to_system`; empty where nothing is known."""
    question = _Question(store=store, system=system, to_system=to_system, patient=patient or Patient())
    current = store.replacement(system, code) or code
    return question.of(current, "rule") or question.above(current) or Translation()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked, beside the code."""

    store: Known
    system: str
    to_system: str
    patient: Patient

    def of(self, code: str, how: How) -> Translation | None:
        """What the code's own rules or plain maps say; None where it has neither."""
        rules = [one for one in self.store.rules(self.system, code) if one.to_system == self.to_system]
        if rules:
            return _ruled(evaluate(rules, self.patient, self._is_a), how)
        plain = [one for one in self.store.mappings(self.system, code) if one.system == self.to_system]
        if not plain:
            return None
        closest = [_mapped(one, how, code) for one in plain if one.relation != "broader"]
        return Translation(targets=tuple(closest)) if closest else _plainly_broader(plain, code)

    def above(self, code: str) -> Translation | None:
        """What the nearest ancestors with a map say: an answer where they agree, otherwise candidates."""
        level, seen = {code}, {code}
        for _ in range(HIGHEST):
            level = {parent for one in level for parent in self.store.parents(self.system, one)} - seen
            seen |= level
            asked = (self.of(one, "broader") for one in sorted(level))
            found = [one for one in asked if one and (one.targets or one.candidates)]
            if found:
                return _agreed(found)
        return None

    def _is_a(self, code: str, other: str) -> bool:
        return self.store.subsumes(self.system, other, code)


def _ruled(advised: list[Advised], how: How) -> Translation:
    held = [(one.target, one.rule) for one in advised if one.state == "mapped"]
    targets = [_target(target, how, rule) for target, rule in held if target and rule]
    waiting = [_target(rule.target, how, rule) for one in advised for rule in one.candidates if rule.target]
    return Translation(targets=tuple(targets), candidates=_once(waiting), advised=tuple(advised))


def _mapped(mapping: Mapping, how: How, code: str) -> Target:
    return Target(code=mapping.code, how="broader" if how == "broader" else "map", source=code)


def _plainly_broader(plain: list[Mapping], code: str) -> Translation:
    """What plain maps to broader codes say; several are candidates."""
    found = tuple(_mapped(one, "broader", code) for one in plain)
    return Translation(targets=found) if len(found) == 1 else Translation(candidates=found)


def _target(code: str, how: How, rule: MapRule) -> Target:
    return Target(code=cleaned(code) or code, how=how, source=rule.code, advice=rule.advice)


def _agreed(found: list[Translation]) -> Translation:
    targets = _once(target for one in found for target in (*one.targets, *one.candidates))
    if len(targets) == 1 and not any(one.candidates for one in found):
        return Translation(targets=targets)
    return Translation(candidates=targets)


def _once(targets: Iterable[Target]) -> tuple[Target, ...]:
    found: dict[str, Target] = {}
    for target in targets:
        found.setdefault(target.code, target)
    return tuple(found.values())
