"""Numbers and units as notes write them -> FHIR Quantity and Range, or nothing when in doubt.

Wholly read or not at all: "40 mg" is a Quantity, "875/125 mg" and "about 40" stay text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapter.emission.tables import Units
from adapter.fhir import systems
from adapter.model import Resource

_COMPARATORS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "≤": "<=", "≥": ">="}
_NUMBER = r"(?:\d[\d.,]*|\.\d+)"
_MEASURE = re.compile(
    rf"(?P<comparator><=|>=|[<>≤≥])?\s*"
    rf"(?P<low>\d\s+\d/\d|\d/\d|{_NUMBER}|[a-z]+)"
    rf"(?:\s*(?:%(?=[^%]*%\s*$))?\s*(?:-|–|to|bis|à|tot)\s*(?P<high>\d/\d|{_NUMBER}))?"
    rf"\s*(?P<unit>.*)",
    re.IGNORECASE | re.DOTALL,
)
_PRESSURE = re.compile(
    r"(?P<systolic>\d{2,3})\s*(?:/|over|zu|sur)\s*(?P<diastolic>\d{2,3})\s*(?:mm\s*hg)?", re.IGNORECASE
)
_FRACTION = re.compile(r"(?:(?P<whole>\d)\s+)?(?P<top>[1-3])/(?P<bottom>[234])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number, or a range of them, with its unit."""

    low: float
    high: float | None = None
    comparator: str | None = None
    unit: str | None = None  # as written
    ucum: str | None = None

    def quantity(self) -> Resource:
        """The FHIR Quantity of a single number."""
        return _quantity(self.low, self.unit, self.ucum) | (
            {"comparator": self.comparator} if self.comparator else {}
        )

    def range(self) -> Resource:
        """The FHIR Range of two numbers."""
        assert self.high is not None
        return {
            "low": _quantity(self.low, self.unit, self.ucum),
            "high": _quantity(self.high, self.unit, self.ucum),
        }


def measure(
    text: str, units: Units, *, language: str = "en", words: Mapping[str, float] | None = None
) -> Measure | None:
    """What a text measures, if all of it is a number or range and a unit we are sure of.

    `words` are the number words allowed ("two tablets"). A bare number has no unit.
    """
    match = _MEASURE.fullmatch(text.strip().rstrip(".;,"))
    if match is None:
        return None
    low = number(match["low"], language, words or {})
    high = number(match["high"], language, {}) if match["high"] else None
    unit = match["unit"].strip()
    ucum = units.ucum(unit) if unit else None
    unsure = low is None or (unit and ucum is None) or (match["high"] and (high is None or high <= low))
    if low is None or unsure or (high is not None and match["comparator"]):
        return None
    return Measure(
        low=low,
        high=high,
        comparator=_COMPARATORS.get(match["comparator"] or ""),
        unit=unit or None,
        ucum=ucum,
    )


def pressure(text: str) -> tuple[int, int] | None:
    """Systolic and diastolic pressure in mmHg of "120/80", when they can be a blood pressure."""
    match = _PRESSURE.fullmatch(text.strip().rstrip(".;,"))
    if match is None:
        return None
    systolic, diastolic = int(match["systolic"]), int(match["diastolic"])
    return (systolic, diastolic) if 30 <= systolic <= 320 and diastolic < systolic else None


def number(text: str, language: str, words: Mapping[str, float]) -> float | None:
    """The number written, whole when it is whole; None where a comma or point could mean two things."""
    written = text.lower().rstrip(".,")
    if written in words:
        return _whole(words[written])
    fraction = _FRACTION.fullmatch(written)
    if fraction is not None:
        return int(fraction["whole"] or 0) + int(fraction["top"]) / int(fraction["bottom"])
    return _english(written) if language.startswith("en") else _continental(written)


def _english(written: str) -> float | None:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", written):
        return _read(written.replace(",", ""))
    return _read(written) if re.fullmatch(r"\d+|\d*\.\d+", written) else None


def _continental(written: str) -> float | None:
    """Comma is the decimal sign, and "1.000" or "1,000" could be one or a thousand."""
    if re.fullmatch(r"\d+|0?[.,]\d+|\d+[.,](?:\d{1,2}|\d{4,})", written):
        return _read(written.replace(",", "."))
    return None


def _read(digits: str) -> float:
    return float(digits) if "." in digits else int(digits)


def _whole(value: float) -> float:
    return int(value) if value == int(value) else value


def _quantity(value: float, unit: str | None, ucum: str | None) -> Resource:
    if ucum is None:
        return {"value": value}
    return {"value": value, "unit": unit or ucum, "system": systems.UCUM, "code": ucum}
