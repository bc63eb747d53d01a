"""The tables of mappings/resources/ that need no policy: codes, units, dosage, dates, words of giving."""

from collections.abc import Mapping

from pydantic import ConfigDict

from adapter.model import Side
from mappings import Pattern, Table


class Code(Table):
    """A fixed code with its display."""

    code: str
    display: str
    system: str | None = None


class Sides(Table):
    """sides.toml: the codes of sides, and the words by which a display tells one."""

    version: int
    named: tuple[str, ...]
    right: Code
    left: Code
    both: Code

    def code(self, side: Side) -> Code:
        """The code of a side."""
        return {"right": self.right, "left": self.left, "both": self.both}[side]


class Said(Table):
    """Words of a sentence that say of a drug, before or after it, that it was given.

    What they mean alone is not sure where the sentence must also have each of `beside`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    before: Pattern | None = None
    after: Pattern | None = None
    beside: tuple[Pattern, ...] = ()


class Giving(Table):
    """How a language says that a drug was given once."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    said: tuple[Said, ...]
    apart: Pattern  # between the words and the drug: they speak of something else
    unless: Pattern  # in the sentence: it is taken on, to be given, or prescribed


class Units(Table):
    """units.toml: units as written -> UCUM."""

    version: int
    exact: Mapping[str, str]
    folded: Mapping[str, str]

    def ucum(self, written: str) -> str | None:
        """The UCUM code of a unit as a note writes it, if it is one we are sure of."""
        unit = " ".join(written.split()).rstrip(".")
        return self.exact.get(unit) or self.folded.get(unit.lower())


class Words(Table):
    """Words that mean one thing."""

    words: frozenset[str]


class Time(Words):
    """Words of frequency and the Timing they mean."""

    frequency: int
    period: int
    unit: str
    code: str | None = None
    when: str | None = None


class Day(Table):
    """How times of the day are put together: "matin et soir"."""

    joins: tuple[str, ...]
    once: tuple[str, ...]  # words before each time
    open: frozenset[str]  # the times after which another may follow without a sign
    next: frozenset[str]  # and these others


class TimePattern(Table):
    """A frequency with a number in it."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    pattern: Pattern
    frequency: int | None = None
    period: int | None = None
    period_unit: str | None = None


class Duration(Table):
    """How long a course lasts."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    pattern: Pattern


class Route(Code):
    """A way into the body."""

    words: frozenset[str]


class Scheme(Table):
    """The times of day that "1-0-1" counts."""

    when: tuple[str, ...]


class Dosage(Table):
    """dosage.toml."""

    version: int
    numbers: Mapping[str, float]
    as_needed: Words
    then: Words
    scheme: Scheme
    day: Day
    times: tuple[Time, ...]
    patterns: tuple[TimePattern, ...]
    hours: Mapping[str, str]
    periods: Mapping[str, str]
    duration: Duration
    routes: tuple[Route, ...]


class Dates(Table):
    """dates.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    version: int
    months: tuple[tuple[str, ...], ...]
    patterns: tuple[Pattern, ...]
    either: Pattern
