"""A draft, changed in one place: fields added, taken away and moved, examples too."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from adapter.tasks.drafting.draft import Draft, Field, Path, Shown

Fields = tuple[Field, ...]


def added(draft: Draft, above: Path) -> tuple[Draft, Path]:
    """With one more field at the end of a group, and where it is; `()` is the answer itself."""
    owner = draft.at(above)
    if above and owner is None:
        return draft, above
    count = len(owner.fields if owner else draft.fields)
    return _changed(draft, above, lambda fields: (*fields, Field())), (*above, count)


def removed(draft: Draft, path: Path) -> Draft:
    """Without a field."""
    if draft.at(path) is None:
        return draft
    return _changed(draft, path[:-1], lambda fields: fields[: path[-1]] + fields[path[-1] + 1 :])


def moved(draft: Draft, path: Path, by: int) -> tuple[Draft, Path]:
    """With a field that many places further down among its siblings, as far as there are any."""
    if draft.at(path) is None:
        return draft, path

    def move(fields: Fields) -> Fields:
        rest = [one for number, one in enumerate(fields) if number != path[-1]]
        rest.insert(to, fields[path[-1]])
        return tuple(rest)

    owner = draft.at(path[:-1])
    siblings = owner.fields if owner else draft.fields
    to = min(max(0, path[-1] + by), len(siblings) - 1)
    return _changed(draft, path[:-1], move), (*path[:-1], to)


def with_shown(draft: Draft, shown: Shown) -> Draft:
    """With one more example."""
    return replace(draft, shown=(*draft.shown, shown))


def without_shown(draft: Draft, number: int) -> Draft:
    """Without an example."""
    return replace(draft, shown=tuple(one for at, one in enumerate(draft.shown) if at != number))


def blank(draft: Draft) -> str:
    """An answer with nothing in it, as JSON, to begin an example with."""
    return json.dumps(_blank(Field(kind="group", fields=draft.fields)), ensure_ascii=False, indent=2)


def _blank(one: Field) -> Any:
    if one.presence in ("null", "either"):
        return None
    if one.kind == "group":
        return {inner.name: _blank(inner) for inner in one.fields if inner.presence != "absent"}
    return [] if one.kind == "list" else None


def _changed(draft: Draft, above: Path, change: Callable[[Fields], Fields]) -> Draft:
    return replace(draft, fields=_inner(draft.fields, above, change))


def _inner(fields: Fields, above: Path, change: Callable[[Fields], Fields]) -> Fields:
    if not above:
        return change(fields)
    return tuple(
        replace(one, fields=_inner(one.fields, above[1:], change)) if number == above[0] else one
        for number, one in enumerate(fields)
    )
