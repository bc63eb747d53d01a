"""FHIR dates and instants. https://hl7.org/fhir/R4/datatypes.html#dateTime"""

import re
from datetime import datetime

_DATE_TIME = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])"
    r"(?:T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d))?)?)?"
)


def is_date_time(value: object) -> bool:
    """Whether this is a FHIR dateTime: a year, month or day, or a time with seconds and zone.

    >>> is_date_time("2026-02-28"), is_date_time("2026-02-30"), is_date_time("2026-02-28T10:00:00")
    (True, False, False)
    """
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value) or value.startswith("0000"):
        return False
    return _in_calendar(value[:10]) if len(value) >= 10 else True


def is_instant(value: object) -> bool:
    """Whether this is a FHIR instant: a dateTime down to the second, with zone."""
    return is_date_time(value) and "T" in str(value)


def _in_calendar(day: str) -> bool:
    try:
        datetime.strptime(day, "%Y-%m-%d")
    except ValueError:
        return False
    return True
