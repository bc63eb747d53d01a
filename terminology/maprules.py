"""Map rules of one concept + what is known of the patient -> at most one code for each map group.

What is not known makes a rule neither true nor false (Kleene's logic), and then nothing is chosen: an
earlier rule that may hold keeps later ones from being taken. The answer then names what may come out,
with the advice of the map, for a person to decide.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from terminology.errors import TerminologyError
from terminology.maprule_text import AgeIs, Clause, SexIs, cleaned, parse
from terminology.model import MapRule

Sex = Literal["female", "male"]
Unit = Literal["years", "months", "weeks", "days", "hours"]
State = Literal["mapped", "unmappable", "undecided", "inapplicable"]
IsA = Callable[[str, str], bool]

MONTHS = {"years": 12, "months": 1}
DAYS = {"weeks": Fraction(7), "days": Fraction(1), "hours": Fraction(1, 24)}
MEAN_MONTH = Fraction(146097, 4800)  # days; 400 Gregorian years have 146,097
SLACK = 5  # days that a run of months can differ from as many mean ones
NEWBORN = 3  # months up to which an age is counted in days


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """An age as people say it: in completed units, so that "12 years" lasts until the 13th birthday."""

    value: int
    unit: Unit = "years"

    def __post_init__(self) -> None:
        if self.value < 0 or self.unit not in (*MONTHS, *DAYS):
            raise TerminologyError("an age is a count of years, months, weeks, days or hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What is known of the patient at the time of the finding; None is unknown.

    A set of conditions is complete unless `others` is set: the empty one means known to have none.
    """

    age: Age | None = None
    age_at_onset: Age | None = None  # where it is unknown, still not after `age`
    sex: Sex | None = None
    conditions: frozenset[str] | None = None
    others: bool = False  # there may be conditions besides these


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """What a map group says."""

    to_system: str
    group: int
    state: State  # "unmappable": a rule holds and has no target; "inapplicable": no rule holds
    target: str | None  # as the map spells it
    rule: MapRule | None  # the one that holds
    advice: str  # of that rule, or of the first one that cannot be decided
    candidates: tuple[MapRule, ...] = ()  # when undecided: the rules that may turn out to be the one


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """A time since birth."""

    amount: Fraction
    calendar: bool  # in months, otherwise in days

    def bounds(self) -> tuple[Fraction, Fraction]:
        """The fewest and the most days it can be."""
        if not self.calendar:
            return self.amount, self.amount
        mean, years = self.amount * MEAN_MONTH, self.amount / 12
        if years.denominator == 1:
            return max(mean - SLACK, years * 365), min(mean + SLACK, years * 366)
        return max(mean - SLACK, self.amount * 28), min(mean + SLACK, self.amount * 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """From a moment up to, not including, another; without the other there is no end."""

    start: _Moment
    end: _Moment | None


BIRTH = _Moment(amount=Fraction(0), calendar=False)


def age_on(birth: date, day: date) -> Age | None:
    """The age on a day, in days for newborns and in months for everybody else; None before birth."""
    if day < birth:
        return None
    months = (day.year - birth.year) * 12 + day.month - birth.month - (day.day < birth.day)
    if months < NEWBORN:
        return Age(value=(day - birth).days, unit="days")
    return Age(value=months, unit="months")


def evaluate(rules: Sequence[MapRule], patient: Patient, is_a: IsA) -> list[Advised]:
    """What each map group says of a concept, in the order of the groups.

    `is_a(code, other)`: whether a concept is a kind of another.
    """
    if len({(rule.system, rule.code) for rule in rules}) > 1:
        raise TerminologyError("map rules of more than one concept")
    ordered = sorted(rules, key=lambda rule: (*_group(rule), rule.priority))
    return [_advised(list(group), patient, is_a) for _, group in itertools.groupby(ordered, _group)]


def _group(rule: MapRule) -> tuple[str, int]:
    return rule.to_system, rule.group


def _advised(group: list[MapRule], patient: Patient, is_a: IsA) -> Advised:
    candidates = list(_open(group, patient, is_a))
    rule, truth = candidates[0] if candidates else (None, True)
    target: str | None = None
    state: State = "inapplicable"
    if not truth:
        state = "undecided"
    elif rule is not None:
        target = rule.target if cleaned(rule.target) else None
        state = "mapped" if target else "unmappable"
    return Advised(
        to_system=group[0].to_system,
        group=group[0].group,
        state=state,
        target=target,
        rule=rule if truth else None,
        advice=rule.advice if rule else "",
        candidates=() if truth else tuple(candidate for candidate, _ in candidates),
    )


def _open(group: list[MapRule], patient: Patient, is_a: IsA) -> Iterable[tuple[MapRule, bool | None]]:
    """The rules that are not false, up to the first true one."""
    for rule in group:
        truth = holds(rule, patient, is_a)
        if truth is not False:
            yield rule, truth
        if truth:
            return


def holds(rule: MapRule, patient: Patient, is_a: IsA) -> bool | None:
    """Whether a rule is true by itself, whatever the rules before it say; None: that is not known."""
    clauses = parse(rule.rule)
    if clauses is None:
        return None
    truths = [_true(clause, patient, is_a) for clause in clauses]
    return False if False in truths else None if None in truths else True


def _true(clause: Clause, patient: Patient, is_a: IsA) -> bool | None:
    if isinstance(clause, SexIs):
        return None if patient.sex is None else patient.sex == clause.sex
    if isinstance(clause, AgeIs):
        known, allowed = _known(patient, clause.onset), _allowed(clause)
        return None if known is None or allowed is None else _within(known, allowed)
    if patient.conditions is None:
        return None
    if any(code == clause.code or is_a(code, clause.code) for code in patient.conditions):
        return True
    return None if patient.others else False


def _known(patient: Patient, onset: bool) -> _Range | None:
    """When the patient's age can lie; onset is not after the present, and the present not before onset."""
    stated = patient.age_at_onset if onset else patient.age
    if stated is not None:
        return _range(stated)
    if onset and patient.age is not None:
        return _Range(start=BIRTH, end=_range(patient.age).end)
    if not onset and patient.age_at_onset is not None:
        return _Range(start=_range(patient.age_at_onset).start, end=None)
    return None


def _range(age: Age) -> _Range:
    start = Fraction(age.value)
    return _Range(start=_moment(start, age.unit), end=_moment(start + 1, age.unit))


def _moment(amount: Fraction, unit: str) -> _Moment:
    if unit in MONTHS:
        return _Moment(amount=amount * MONTHS[unit], calendar=True)
    return _Moment(amount=amount * DAYS[unit], calendar=False)


def _allowed(clause: AgeIs) -> _Range | None:
    """The ages a clause means; a whole bound counts completed units, so that 15.5 years are <= 15 years."""
    whole = clause.bound.denominator == 1
    bound = _moment(clause.bound, clause.unit)
    after = _moment(clause.bound + 1, clause.unit) if whole else bound
    if clause.comparator == "=":
        return _Range(start=bound, end=after) if whole else None
    if clause.comparator in ("<", "<="):
        return _Range(start=BIRTH, end=bound if clause.comparator == "<" else after)
    return _Range(start=bound if clause.comparator == ">=" else after, end=None)


def _within(known: _Range, allowed: _Range) -> bool | None:
    late_enough = _reached(known.start, allowed.start)
    early_enough = True if allowed.end is None else known.end is not None and _reached(allowed.end, known.end)
    if late_enough and early_enough:
        return True
    too_early = known.end is not None and _reached(allowed.start, known.end)
    too_late = allowed.end is not None and _reached(known.start, allowed.end)
    return False if too_early or too_late else None


def _reached(moment: _Moment, other: _Moment) -> bool:
    """Whether a moment certainly does not lie before another."""
    if moment.calendar == other.calendar:
        return moment.amount >= other.amount
    return moment.bounds()[0] >= other.bounds()[1]
