"""Text of a map rule -> its clauses, and targets as national maps spell them -> codes.

`TRUE` and `OTHERWISE TRUE` have no clause: rules are tried in order, so what is reached there holds.
A rule that cannot be read for certain is not read at all.
Specification: https://docs.snomed.org/snomed-ct-specifications/snomed-ct-to-icd-10-map-specification
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Sex = Literal["female", "male"]

SEXES: dict[str, Sex] = {"248152002": "female", "248153007": "male"}
AT_ONSET, PRESENT = "445518008", "424144002"
LONGEST = 4096  # characters of a rule that is read
CERTAIN = frozenset({"TRUE", "OTHERWISE TRUE"})
BETWEEN = re.compile(r" AND (?=IFA [0-9])", re.IGNORECASE)
CLAUSE = re.compile(
    r"IFA (?P<concept>[1-9][0-9]{5,17}) ?(?:\|(?P<term>.*)\|)? ?"
    r"(?:(?P<comparator><=|>=|<|>|=) ?(?P<bound>[0-9]{1,6}(?:\.[0-9]{1,6})?) ?"
    r"(?P<unit>year|month|week|day|hour)s?)?",
    re.IGNORECASE,
)
SWALLOWED = re.compile(r"\bIFA\b|\| ?(?:AND\b|OR\b|NOT\b|[<>=])", re.IGNORECASE)
"""What shows that a term with pipes in it is more than a term."""

MARKS = "†*+! "  # dagger (also written as plus), asterisk, exclamation mark
BRITISH = re.compile(r"([A-Z][0-9]{2})(?:X|([0-9]{0,2}))-?[AD]?")
FILLED = re.compile(r"([A-Z][0-9]{2})\.X")
RUN_TOGETHER = re.compile(r"([A-Z][0-9][0-9A-Z])([0-9A-Z]{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class SexIs:
    """The patient's sex is this."""

    sex: Sex


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeIs:
    """The patient's age, now or at onset, stands so to a bound."""

    onset: bool
    comparator: str
    bound: Fraction
    unit: str  # "years", "months", "weeks", "days", "hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Has:
    """The patient has this condition, or a kind of it."""

    code: str


Clause = SexIs | AgeIs | Has


def parse(text: str) -> tuple[Clause, ...] | None:
    """The clauses that must all hold; None when the rule cannot be read."""
    if len(text) > LONGEST:
        return None
    plain = " ".join(text.split())
    if plain.upper() in CERTAIN:
        return ()
    clauses = [_clause(part) for part in BETWEEN.split(plain)]
    read = tuple(clause for clause in clauses if clause is not None)
    return read if len(read) == len(clauses) else None


def _clause(text: str) -> Clause | None:
    found = CLAUSE.fullmatch(text)
    if found is None or SWALLOWED.search(found["term"] or ""):
        return None
    concept, compared = found["concept"], found["comparator"] is not None
    if concept in (AT_ONSET, PRESENT):
        return _age(found) if compared else None
    if compared:
        return None  # another quantity, such as gestational age
    return SexIs(sex=SEXES[concept]) if concept in SEXES else Has(code=concept)


def _age(found: re.Match[str]) -> AgeIs:
    return AgeIs(
        onset=found["concept"] == AT_ONSET,
        comparator=found["comparator"],
        bound=Fraction(found["bound"]),
        unit=found["unit"].lower() + "s",
    )


def cleaned(target: str) -> str:
    """An ICD-10 target as the classification itself writes the code; empty where it is no code.

    Maps add daggers and asterisks (`G01*`, `A17.0†`, `A17.0+`). The British map has no dot, fills a
    three-character code with X, and ends in D for dagger, A for asterisk (`G35X`, `G01XA`, `A170D`);
    its `#` entries are no codes. The codes of WHO and of ICD-10-CM with its dot come back as they are.
    """
    code = target.rstrip(MARKS).lstrip()
    if code.startswith("#"):
        return ""
    if british := BRITISH.fullmatch(code):
        return british[1] + (f".{british[2]}" if british[2] else "")
    if filled := FILLED.fullmatch(code):
        return filled[1]
    if together := RUN_TOGETHER.fullmatch(code):
        return f"{together[1]}.{together[2]}"
    return code
