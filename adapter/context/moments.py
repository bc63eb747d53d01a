"""An expression of time and the day of the document -> the time it says, no more exact than it was said.

Exactness is told by FHIR as the length of the date: 2019, 2019-03, 2019-03-07. Counted time is exact to its
unit: up to six days ago is a day; more days, or weeks, is a month; up to eleven months is a month; more, or
years, is a year. A count that is hedged or vague ("about", "a few") is no date. Where two readings are
possible, or the two ends of a range, what they have in common is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from adapter.context.expressions import Expression, TimeRules, Unit

DAYS, MONTHS, WEEKS = 6, 11, 52  # the most that is counted exactly enough for a day, a month, a month
LENGTH = {"day": 10, "month": 7, "year": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What an expression says: a FHIR date or an age; neither where only its words are left."""

    date: str | None = None
    age: int | None = None


def read(one: Expression, rules: TimeRules, made: str | None, now: bool = True) -> Moment | None:
    """The time an expression says in a document made at `made`; None where it says none that can be.

    What would lie after the document, or in no calendar, is none. With `now` false the document speaks of
    another day than its own, so nothing can be counted from it.
    """
    today = _day(made)
    sort = one.form.sort
    if sort == "date":
        return _dated(one, rules, today)
    if sort == "age":
        return Moment(age=int(one.parts["age"]))
    if sort == "words" or not now or one.means == "earlier":
        return Moment()
    return _shifted(one, rules, today) if sort == "shift" else _counted(one, rules, today, _clock(made))


def _day(made: str | None) -> date | None:
    try:
        return date.fromisoformat((made or "")[:10])
    except ValueError:
        return None


def _clock(made: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(made or "").replace(tzinfo=None) if "T" in (made or "") else None
    except ValueError:
        return None


def _dated(one: Expression, rules: TimeRules, today: date | None) -> Moment | None:
    told = _calendar(one.parts, rules, today)
    if told is None or told.date is None:
        return told
    if today is not None and told.date > today.isoformat()[: len(told.date)]:
        return None
    return Moment() if one.hedged else told


def _calendar(parts: Mapping[str, str], rules: TimeRules, today: date | None) -> Moment | None:
    year = _year(parts, today)
    if "a" in parts:
        return _either(int(parts["a"]), int(parts["b"]), year, today)
    month = rules.months[parts["month"].lower()] if "month" in parts else None
    month = int(parts["m"]) if "m" in parts else month
    day = int(parts["d"]) if "d" in parts else None
    if year is None and ("yy" in parts or today is None):
        return Moment()
    if year is None and today is not None:
        return _latest(month or 1, day, today)
    return _written(year or 0, month, day)


def _year(parts: Mapping[str, str], today: date | None) -> int | None:
    """The year said; of two digits, the latest that does not lie after the document."""
    if "y" in parts:
        return int(parts["y"])
    if "yy" not in parts or today is None:
        return None
    year = today.year // 100 * 100 + int(parts["yy"])
    return year if year <= today.year else year - 100


def _either(first: int, second: int, year: int | None, today: date | None) -> Moment | None:
    """Day and month in either order: read where only one order is in the calendar."""
    if first > 12 and second > 12:
        return None
    if first <= 12 and second <= 12 and first != second:
        return Moment()
    day, month = (first, second) if first > 12 else (second, first)
    if year is None:
        return _latest(month, day, today) if today is not None else Moment()
    return _written(year, month, day)


def _latest(month: int, day: int | None, today: date) -> Moment | None:
    """The last time there was this day or month."""
    later = (month, day or 0) > (today.month, today.day if day else 0)
    return _written(today.year - later, month, day)


def _written(year: int, month: int | None, day: int | None) -> Moment | None:
    try:
        whole = date(year, month or 1, day or 1)
    except ValueError:
        return None
    return Moment(date=whole.isoformat()[: 10 if day else 7 if month else 4])


def _counted(one: Expression, rules: TimeRules, today: date | None, clock: datetime | None) -> Moment | None:
    counts = [_count(one.parts[name], rules) for name in ("n", "to") if name in one.parts]
    if today is None or one.hedged or not counts or any(count is None for count in counts):
        return Moment()
    unit = rules.units[" ".join(one.parts["unit"].lower().split())]
    try:
        told = [_back(today, clock, count or 0, unit) for count in counts]
    except (OverflowError, ValueError):
        return None
    return Moment(date=_common(told[0], told[-1]))


def _count(words: str, rules: TimeRules) -> int | None:
    plain = " ".join(words.lower().split())
    return int(plain) if plain.isdecimal() else rules.numbers.get(plain)


def _back(today: date, clock: datetime | None, count: int, unit: Unit) -> str:
    """The date so many units ago, as exact as such a count is."""
    if unit == "hour":
        if clock is not None:
            return (clock - timedelta(hours=count)).date().isoformat()
        return _common(today.isoformat(), (today - timedelta(hours=count + 23)).isoformat()) or ""
    if unit in ("day", "week"):
        whole = today - timedelta(days=count * (7 if unit == "week" else 1))
        exact = "day" if unit == "day" and count <= DAYS else "month"
        return whole.isoformat()[: LENGTH["year" if unit == "week" and count >= WEEKS else exact]]
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    text = date(months // 12, months % 12 + 1, 1).isoformat()
    return text[: LENGTH["month" if unit == "month" and count <= MONTHS else "year"]]


def _shifted(one: Expression, rules: TimeRules, today: date | None) -> Moment | None:
    """A time named from today: "yesterday", "last week", "since Monday"."""
    if today is None or one.hedged:
        return Moment()
    if "weekday" in one.parts:
        return _weekday(today, rules.weekdays[one.parts["weekday"].lower()], one.form.back)
    if "month" in one.parts:
        return _latest(rules.months[one.parts["month"].lower()], None, today)
    back = one.form.back or 0
    if one.form.unit == "week":
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return Moment(date=_common(monday.isoformat(), min(today, monday + timedelta(6)).isoformat()))
    if one.form.unit in ("month", "year"):
        months = today.year * 12 + today.month - 1 - back * (12 if one.form.unit == "year" else 1)
        text = date(months // 12, months % 12 + 1, 1).isoformat()
        return Moment(date=text[: LENGTH[one.form.unit]])
    return Moment(date=(today - timedelta(days=back)).isoformat())


def _weekday(today: date, day: int, back: int | None) -> Moment:
    """The last such day before today; with "last" before it perhaps the one before."""
    near = today - timedelta(days=(today.weekday() - day) % 7 or 7)
    far = near - timedelta(days=7 if back else 0)
    return Moment(date=_common(near.isoformat(), far.isoformat()))


def _common(one: str, other: str) -> str | None:
    """What two dates have in common, a whole date, month or year of it."""
    return next((one[:size] for size in (10, 7, 4) if one[:size] == other[:size] and len(one) >= size), None)
