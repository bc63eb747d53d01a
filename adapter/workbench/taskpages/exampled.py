"""The answer of an example -> the boxes somebody fills in, one for each value and its words, and back.

A box has a place: numbers of fields in their group and of items in their list, "1.0.2". An answer that no
boxes can hold is shown as the JSON it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from adapter.errors import InputError
from adapter.tasks.drafting import Draft, Field, Shown
from adapter.tasks.drafting.draft import Path
from adapter.tasks.node import step

MOST: Final = 1_000  # names of boxes of all examples together: a form has an end
ITEMS: Final = 100  # of one list


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A value of an answer, or a group or list of them."""

    place: str
    label: str
    kind: str  # of its field
    value: str = ""
    choices: tuple[str, ...] = ()
    words: str | None = None  # it rests on; None: on none of its own
    parts: tuple["Box", ...] = ()

    @property
    def offered(self) -> list[tuple[str, str]]:
        """What can be chosen in it, and what was chosen though it cannot be any more."""
        odd = () if self.value in ("", *self.choices) else (self.value,)
        return [("", "not said"), *((one, one) for one in (*self.choices, *odd))]

    def count(self) -> int:
        """How many names it has in the form."""
        own = {"group": 0, "list": 1}.get(self.kind, 1 if self.words is None else 2)
        return own + sum(one.count() for one in self.parts)


@dataclass(slots=True)
class Filled:
    """What was filled into the boxes of one example."""

    values: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    counts: dict[str, str] = field(default_factory=dict)  # of the items of lists

    def shown(self, draft: Draft, text: str) -> Shown:
        """The example they make."""
        evidence: dict[str, str] = {}
        answer = self._group(draft.fields, "", "", evidence)
        return Shown(text=text, answer=_json(answer), evidence=_json(evidence) if evidence else "")

    def _group(
        self, fields: Sequence[Field], place: str, at: str, evidence: dict[str, str]
    ) -> dict[str, Any]:
        found = {}
        for number, one in enumerate(fields):
            value = self._value(one, _in(place, number), step(at, one.name), evidence)
            if one.presence != "absent" or not _unsaid(value):
                found[one.name] = value
        return found

    def _value(self, one: Field, place: str, at: str, evidence: dict[str, str]) -> Any:
        if one.kind == "group":
            group = self._group(one.fields, place, at, evidence)
            return None if one.presence != "needed" and all(map(_unsaid, group.values())) else group
        if one.kind == "list":
            count = int(self.counts.get(place, "0")) if self.counts.get(place, "0").isdecimal() else 0
            return [
                self._value(one.fields[0], _in(place, number), step(at, number), evidence)
                for number in range(min(count, ITEMS))
            ]
        value = _typed(one, self.values.get(place, ""))
        if value is not None and self.words.get(place):
            evidence[at] = self.words[place]
        return value


def boxes(draft: Draft) -> list[tuple[Box, ...] | None]:
    """The boxes of each example; None for one that is shown as JSON."""
    found: list[tuple[Box, ...] | None] = []
    left = MOST
    for one in draft.shown:
        made = _boxes(draft, one)
        count = sum(box.count() for box in made or ())
        found.append(made if made is not None and count <= left else None)
        left -= count if found[-1] is not None else 0
    return found


def with_item(draft: Draft, path: Path) -> Draft:
    """With one more item in the list at a place of an example, both named by the path."""
    return _listed(draft, path[:1], path[1:], lambda items: [*items, None])


def without_item(draft: Draft, path: Path) -> Draft:
    """Without an item of a list in an example."""
    last = path[-1] if path else 0
    return _listed(draft, path[:1], path[1:-1], lambda items: [*items[:last], *items[last + 1 :]])


def _listed(draft: Draft, number: Path, place: Path, change: Callable[[list[Any]], list[Any]]) -> Draft:
    try:
        one = draft.shown[number[0]]
        answer = _within(draft.fields, json.loads(one.answer or "{}"), place, change)
    except (IndexError, ValueError, TypeError, AttributeError, RecursionError):
        raise InputError("there is no such list in the example", path="do") from None
    shown = list(draft.shown)
    shown[number[0]] = replace(one, answer=_json(answer))
    return replace(draft, shown=tuple(shown))


def _within(
    fields: Sequence[Field], value: dict[str, Any], place: Path, change: Callable[[list[Any]], list[Any]]
) -> dict[str, Any]:
    one = fields[place[0]]
    return {**value, one.name: _inner(one, value.get(one.name), place[1:], change)}


def _inner(one: Field, value: Any, place: Path, change: Callable[[list[Any]], list[Any]]) -> Any:
    if one.kind == "group":
        return _within(one.fields, value or {}, place, change)
    items = list(value or [])
    if not place:
        return change(items)
    items[place[0]] = _inner(one.fields[0], items[place[0]], place[1:], change)
    return items


def _boxes(draft: Draft, one: Shown) -> tuple[Box, ...] | None:
    """The boxes of an example, when they hold all of it."""
    try:
        answer, evidence = json.loads(one.answer or "{}"), json.loads(one.evidence or "{}")
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or not isinstance(evidence, dict):
        return None
    asked = _Asked(evidence=evidence, wanted=draft.evidence == "quote")
    made = tuple(asked.group(draft.fields, answer, "", "", beside=False))
    filled = Filled()
    for box in made:
        _fill(filled, box)
    again = filled.shown(draft, one.text)
    same = _said(json.loads(again.answer)) == _said(answer)
    return made if same and json.loads(again.evidence or "{}") == evidence else None


def _fill(filled: Filled, box: Box) -> None:
    filled.values[box.place] = box.value
    if box.words:
        filled.words[box.place] = box.words
    if box.kind == "list":
        filled.counts[box.place] = str(len(box.parts))
    for one in box.parts:
        _fill(filled, one)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Makes the boxes of one example."""

    evidence: Mapping[str, Any]
    wanted: bool  # whether values name the words they rest on

    def group(
        self, fields: Sequence[Field], value: Any, place: str, at: str, *, beside: bool
    ) -> Iterator[Box]:
        told = value if isinstance(value, dict) else {}
        for number, one in enumerate(fields):
            here = _in(place, number)
            yield self.box(one, told.get(one.name), here, step(at, one.name), one.name, beside=beside)

    def box(self, one: Field, value: Any, place: str, at: str, label: str, *, beside: bool) -> Box:
        """The box of a value; `beside`: a quote in its group is what it rests on."""
        if one.kind == "group":
            quoted = any(part.name == "quote" and _quotes(part) for part in one.fields)
            parts = tuple(self.group(one.fields, value, place, at, beside=quoted))
            return Box(place=place, label=label, kind="group", parts=parts)
        if one.kind == "list":
            items = value if isinstance(value, list) else []
            parts = tuple(
                self.box(one.fields[0], item, _in(place, n), step(at, n), str(n + 1), beside=beside)
                for n, item in enumerate(items)
            )
            return Box(place=place, label=label, kind="list", parts=parts)
        own = self.wanted and not beside and not _quotes(one)
        return Box(
            place=place,
            label=label,
            kind=one.kind,
            value=_written(value),
            choices=_choices(one),
            words=str(self.evidence.get(at, "")) if own else None,
        )


def _choices(one: Field) -> tuple[str, ...]:
    if one.kind == "boolean":
        return ("true", "false")
    lines = (line.strip() for line in one.choices.splitlines()) if one.kind == "choice" else ()
    return tuple(line for line in lines if line)


def _quotes(one: Field) -> bool:
    return one.kind == "text" and not one.free


def _typed(one: Field, text: str) -> Any:
    """The value that was filled in; as it stands where it is none of its type, to be said so."""
    if not text:
        return None
    kind = {"integer": "number", "string": "text"}.get(one.of, one.of) if one.kind == "choice" else one.kind
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind != "number":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


def _said(value: Any) -> Any:
    """What a value says: what is empty says nothing, wherever it stands."""
    if isinstance(value, dict):
        parts = {name: _said(one) for name, one in value.items()}
        return {name: one for name, one in parts.items() if not _unsaid(one)} or None
    if isinstance(value, list):
        return [_said(one) for one in value] or None
    return None if _unsaid(value) else value


def _unsaid(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _in(place: str, number: int) -> str:
    return f"{place}.{number}" if place else str(number)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
