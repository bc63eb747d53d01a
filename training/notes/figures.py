"""Doses of drugs and values of tests as notes write them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

AMOUNTS = (
    "1", "2", "2.5", "5", "7.5", "10", "15", "20", "25", "30", "40", "50", "60", "75", "80", "100", "120",
    "150", "200", "250", "300", "400", "500", "600", "750", "800", "1000",
)  # fmt: skip
"""In mg, for drugs of which no dose is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A test's unit, the range its values come from, and the range that is normal."""

    unit: str
    low: float
    high: float
    digits: int
    normal: tuple[str, str] | None

    def value(self, dice: random.Random) -> float:
        """A value, often near the normal range."""
        if self.normal and dice.random() < 0.5:
            low, high = float(self.normal[0]), float(self.normal[1])
            spread = (high - low) * 0.25
            return min(max(dice.uniform(low - spread, high + spread), self.low), self.high)
        return dice.uniform(self.low, self.high)


def measures(rows: Mapping[str, str], language: str) -> dict[str, list[Measure]]:
    """Each test's measures in a language: `[languages:] unit low high digits [normal low, high]`; ..."""
    found: dict[str, list[Measure]] = {}
    for name, text in rows.items():
        kept = []
        for one in text.split(";"):
            languages, colon, rest = one.rpartition(": ")
            if colon and language not in languages.split():
                continue
            unit, low, high, digits, *normal = rest.split()
            kept.append(
                Measure(
                    unit=unit.replace("_", " ") if unit != "-" else "",
                    low=float(low), high=float(high), digits=int(digits),
                    normal=(normal[0], normal[1]) if normal else None,
                )
            )  # fmt: skip
        if kept:
            found[name] = kept
    return found


def written(value: float, digits: int, language: str) -> str:
    """The number with the language's decimal mark."""
    text = f"{value:.{digits}f}"
    return text if language == "en" else text.replace(".", ",")


def written_amount(text: str, language: str) -> str:
    """The amount with the language's decimal mark."""
    return text if language == "en" else text.replace(".", ",")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """What a drug is given in."""

    amounts: Sequence[str]
    unit: str
    ways: Sequence[str]  # routes and forms, as words of the shared table


def strengths(rows: Mapping[str, str]) -> dict[str, Strengths]:
    """Each drug's strengths: `25 50 100 mg po [tab]`."""
    found = {}
    for name, text in rows.items():
        words = text.split()
        at = next(i for i, word in enumerate(words) if not word[0].isdigit())
        found[name] = Strengths(amounts=words[:at], unit=words[at], ways=words[at + 1 :])
    return found
