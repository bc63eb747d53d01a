"""What stays the same throughout one note: the patient, the dates, how dates are written."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from training.notes.content import Content

DAYS = {
    "": (0, 90), "past": (1, 400), "recent": (1, 14), "long": (700, 12000),
    "future": (-180, -3), "soon": (-30, -1),
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class State:
    """The patient and the day of a note."""

    dice: random.Random
    content: Content
    sex: str
    years: int
    today: date
    born: date
    day_format: str
    who: str  # sex and age: "m child", "f adult", "m old"
    sticky: dict[str, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)

    def day(self, form: str) -> str:
        """A date as the note writes it: `today`, `born`, `year`, `month`, or within a stretch of days."""
        how, _, style = form.partition(".")
        if how == "today":
            return self.written(self.today, style)
        if how == "born":
            return self.written(self.born, style)
        if how in ("admitted", "stay"):
            return self.written(self.today - timedelta(days=self._stay(how)), style)
        low, high = DAYS.get(how, (400, 9000) if how == "year" else (30, 1500))
        when = max(self.today - timedelta(days=self.dice.randint(low, high)), self.born)
        if how == "year":
            return str(when.year)
        return self.written(when, "month" if how == "month" else style)

    def _stay(self, how: str) -> int:
        days = int(self.sticky.setdefault("_stay", str(self.dice.randint(2, 15))))
        return days if how == "admitted" else self.dice.randint(0, days)

    def written(self, when: date, style: str) -> str:
        """The date in the note's own format, or in that of the style: `long`, `month`, `short`."""
        formats = self.content.dates
        if style:
            pattern = self.dice.choice(formats[style])
        elif self.dice.random() < 0.85:
            pattern = self.day_format
        else:
            pattern = self.dice.choice(formats["formats"])
        months, short = formats["months"], formats.get("short_months", formats["months"])
        for mark, text in (
            ("%d", f"{when.day:02d}"), ("%e", str(when.day)), ("%m", f"{when.month:02d}"),
            ("%n", str(when.month)),
            ("%Y", str(when.year)), ("%y", f"{when.year % 100:02d}"), ("%B", months[when.month - 1]),
            ("%b", short[when.month - 1]),
        ):  # fmt: skip
            pattern = pattern.replace(mark, text)
        return pattern


def begin(content: Content, dice: random.Random, ages: Sequence[int]) -> State:
    """A new patient on some day."""
    low, high = ages
    years = dice.randint(low, high)
    today = date(2005, 1, 1) + timedelta(days=dice.randint(0, 7700))
    born = today - timedelta(days=int(years * 365.25) + dice.randint(1, 360))
    sex = dice.choice("mf")
    age = "child" if years <= 16 else "adult" if years <= 52 else "old"
    return State(
        dice=dice, content=content, who=f"{sex} {age}", sex=sex, years=years, today=today, born=born,
        day_format=dice.choice(content.dates["formats"]),
    )  # fmt: skip
