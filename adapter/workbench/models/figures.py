"""What `notewright evaluate ... --output FILE` writes -> its figures, and two of them side by side."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.errors import InputError

MOST = 2_000  # figures of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure with its interval, where they are known."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a run that was made with `--compare` says of its difference from the other."""

    difference: float | None
    low: float | None
    high: float | None
    adjusted: float | None  # p, adjusted for how many were compared
    worse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run measured."""

    documents: int | None
    figures: Mapping[str, Figure]
    tested: Mapping[str, Tested]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure of two runs."""

    name: str
    first: Figure | None
    second: Figure | None

    @property
    def difference(self) -> float | None:
        """The first less the second."""
        if self.first is None or self.second is None:
            return None
        if self.first.value is None or self.second.value is None:
            return None
        return self.first.value - self.second.value

    @property
    def apart(self) -> bool:
        """Whether the intervals do not even touch."""
        one, other = self.first, self.second
        if one is None or other is None or None in (one.low, one.high, other.low, other.high):
            return False
        return bool(one.low > other.high or other.low > one.high)  # type: ignore[operator]


def read(content: bytes) -> Run:
    """The figures of a file. InputError where it is no result of an evaluation."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("figures"), dict):
        raise InputError("This file is not what notewright evaluate writes with --output.")
    count = next((told[name] for name in ("documents", "reports", "cases") if name in told), None)
    compared = told.get("compared")
    return Run(
        documents=count if isinstance(count, int) else None,
        figures=dict(_figures(told["figures"])),
        tested=dict(_tested(compared if isinstance(compared, dict) else {})),
    )


def beside(first: Run, second: Run) -> tuple[Row, ...]:
    """The figures of both, in the order of their names."""
    names = sorted({*first.figures, *second.figures})
    return tuple(
        Row(name=name, first=first.figures.get(name), second=second.figures.get(name)) for name in names
    )


def _figures(told: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    for name, one in list(told.items())[:MOST]:
        if isinstance(one, dict):
            yield (
                name,
                Figure(value=_number(one, "value"), low=_number(one, "low"), high=_number(one, "high")),
            )
        else:
            yield name, Figure(value=_number({"value": one}, "value"))


def _tested(told: Mapping[str, Any]) -> Iterator[tuple[str, Tested]]:
    for name, one in list(told.items())[:MOST]:
        if isinstance(one, dict):
            yield (
                name,
                Tested(
                    difference=_number(one, "difference"),
                    low=_number(one, "low"),
                    high=_number(one, "high"),
                    adjusted=_number(one, "adjusted"),
                    worse=one.get("worse") is True,
                ),
            )


def _number(told: Mapping[str, Any], name: str) -> float | None:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
