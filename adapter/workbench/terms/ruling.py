"""Map rules of a concept and a patient somebody typed -> which rules hold, which fires, what comes out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast, get_args

from adapter.errors import InputError
from terminology import MapRule
from terminology.fhir.store import TerminologyStore
from terminology.maprule_text import AgeIs, Clause, SexIs, parse
from terminology.maprules import Advised, Age, Patient, Sex, Unit, evaluate, holds

UNITS: tuple[str, ...] = get_args(Unit)
SEXES: tuple[str, ...] = get_args(Sex)
OLDEST = 9_999
TRUTHS: Mapping[bool | None, str] = {True: "holds", False: "does not hold", None: "not known"}
STATES: Mapping[str, str] = {
    "mapped": "decided",
    "unmappable": "decided: there is no code for this",
    "undecided": "not decided: more must be known",
    "inapplicable": "no rule holds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was typed of the patient, as it was typed and as it is meant."""

    age: str = ""
    unit: str = "years"
    sex: str = ""
    having: str = ""  # codes of conditions, separated by spaces
    patient: Patient = field(default_factory=Patient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One rule."""

    rule: MapRule
    words: tuple[str, ...]  # its clauses; none: it holds always
    readable: bool
    truth: bool | None
    fires: bool
    reached: bool
    target: str  # display


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rules of one group, and what they say together."""

    advised: Advised
    rules: tuple[Tried, ...]


def read(form: Mapping[str, str]) -> Known:
    """The patient of a form. InputError for what cannot be meant."""
    age, unit, sex = form.get("age", "").strip(), form.get("unit", "years"), form.get("sex", "")
    if age and not (age.isascii() and age.isdigit() and int(age[:5]) <= OLDEST and len(age) < 5):
        raise InputError("an age is a whole number", path="age")
    if unit not in UNITS:
        raise InputError("this unit is not among those offered", path="unit")
    if sex and sex not in SEXES:
        raise InputError("this sex is not among those that map rules know", path="sex")
    having = form.get("having", "").split()
    return Known(
        age=age,
        unit=unit,
        sex=sex,
        having=" ".join(having),
        patient=Patient(
            age=Age(value=int(age), unit=cast(Unit, unit)) if age else None,
            sex=cast(Sex, sex) if sex else None,
            conditions=frozenset(having) if having else None,
            others=True,
        ),
    )


def groups(store: TerminologyStore, rules: Sequence[MapRule], known: Known) -> tuple[Group, ...]:
    """What each group of a concept's rules says of such a patient."""

    def is_a(code: str, other: str) -> bool:
        return store.subsumes(rules[0].system, other, code)

    made = []
    for advised in evaluate(rules, known.patient, is_a):
        key = (advised.to_system, advised.group)
        own = sorted(
            (one for one in rules if (one.to_system, one.group) == key), key=lambda one: one.priority
        )
        reached = True
        listed = []
        for rule in own:
            truth = holds(rule, known.patient, is_a)
            listed.append(_tried(store, rule, truth, advised, reached))
            reached = reached and truth is not True
        made.append(Group(advised=advised, rules=tuple(listed)))
    return tuple(made)


def _tried(
    store: TerminologyStore, rule: MapRule, truth: bool | None, advised: Advised, reached: bool
) -> Tried:
    clauses = parse(rule.rule)
    target = store.lookup(rule.to_system, rule.target) if rule.target else None
    return Tried(
        rule=rule,
        words=tuple(_worded(store, rule.system, clauses or ())),
        readable=clauses is not None,
        truth=truth,
        fires=rule == advised.rule,
        reached=reached,
        target=target.display if target else "",
    )


def _worded(store: TerminologyStore, system: str, clauses: Sequence[Clause]) -> Iterator[str]:
    for clause in clauses:
        if isinstance(clause, SexIs):
            yield f"the patient is {clause.sex}"
        elif isinstance(clause, AgeIs):
            when = "age at onset" if clause.onset else "age"
            yield f"{when} {clause.comparator} {float(clause.bound):g} {clause.unit}"
        else:
            concept = store.lookup(system, clause.code)
            yield f"the patient has {concept.display if concept else clause.code}"
