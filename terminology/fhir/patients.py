"""What the `dependency` parameters of a request tell of the patient: what rule-based maps depend on.

    http://snomed.info/id/424144002 "34 a"      http://snomed.info/id/429019009 "female"

The attributes are those concepts that the rules themselves name; an age is a Quantity, or its text.
"""

import re
from typing import Final, cast

from terminology.fhir.maps import Known
from terminology.fhir.outcome import Refusal
from terminology.maprule_text import AT_ONSET, PRESENT, SEXES
from terminology.maprules import Age, Patient, Sex, Unit

_ID: Final = "http://snomed.info/id/"
AGE: Final = _ID + PRESENT  # Current chronological age
ONSET: Final = _ID + AT_ONSET  # Age at onset of clinical finding
SEX: Final = _ID + "429019009"  # Finding related to biological sex
CONDITION: Final = _ID + "404684003"  # Clinical finding: the code of one the patient has

UNITS: Final = {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours"}  # as UCUM has them
_AGE: Final = re.compile(r"(\d{1,4})(?:\.0)? ?(a|mo|wk|d|h|years?|months?|weeks?|days?|hours?|)")


def patient(known: Known, at: str) -> Patient:
    """What is told of the patient; Refusal for an age or a sex that cannot be read."""
    conditions = known.get(CONDITION)
    return Patient(
        age=_age(known, AGE, at),
        age_at_onset=_age(known, ONSET, at),
        sex=_sex(known, at),
        conditions=conditions,
        others=True,
    )


def _age(known: Known, name: str, at: str) -> Age | None:
    told = _one(known, name, at)
    if told is None:
        return None
    read = _AGE.fullmatch(told)
    if read is None:
        raise Refusal("an age is a count of a, mo, wk, d or h", code="value", at=at)
    unit = UNITS.get(read[2]) or f"{(read[2] or 'years').removesuffix('s')}s"
    return Age(value=int(read[1]), unit=cast(Unit, unit))


def _sex(known: Known, at: str) -> Sex | None:
    told = _one(known, SEX, at)
    if told is None or told in SEXES:
        return SEXES[told] if told else None
    if told not in SEXES.values():
        raise Refusal("a sex is female or male", code="value", at=at)
    return cast(Sex, told)


def _one(known: Known, name: str, at: str) -> str | None:
    told = known.get(name, frozenset())
    if len(told) > 1:
        raise Refusal("an age or a sex is told twice", code="value", at=at)
    return next(iter(told), None)
