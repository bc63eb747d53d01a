"""The form of a draft -> the draft. Names say where a value stands: `name`, `f:0.2:unit`, `v:1:0.2`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, get_args, get_type_hints

from adapter.errors import InputError
from adapter.tasks.drafting import Draft, Field, Shown
from adapter.tasks.drafting.draft import KINDS, PRESENCES, Path
from adapter.workbench.taskpages.exampled import Filled

TRUTH = frozenset({"free", "whole", "constant"})
TYPES = get_args(get_type_hints(Field)["of"])
OFFERED: Mapping[str, Sequence[str]] = {"kind": KINDS, "presence": PRESENCES, "of": TYPES}
WORDS = frozenset(one.name for one in fields(Field)) - {"fields"}
HEAD = frozenset(one.name for one in fields(Draft)) - {"fields", "shown"}
BOXES: Mapping[str, str] = {"v": "values", "w": "words", "n": "counts"}
DEEPEST = 20
LONGEST = 300_000  # code points of one value


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """The button a form was sent with: `do` = "add:0.2"."""

    what: str
    path: Path = ()

    @property
    def number(self) -> int:
        """The example it is about."""
        return self.path[0] if self.path else -1


def press(text: str) -> Press:
    """What was pressed. InputError for what no form of ours has."""
    what, _, where = text.partition(":")
    return Press(what=what, path=_path(where))


def draft(filled: Sequence[tuple[str, str]]) -> Draft:
    """The draft of a form. InputError for what no form of ours holds."""
    head: dict[str, str] = {}
    places: dict[Path, dict[str, Any]] = {}
    shown: dict[int, dict[str, str]] = {}
    boxes: dict[int, Filled] = {}
    for name, typed in filled:
        text = _plain(typed)
        kind, _, rest = name.partition(":")
        where, _, key = rest.partition(":")
        if kind == "f" and key in WORDS:
            places.setdefault(_path(where), {})[key] = _word(key, text)
        elif kind in BOXES:
            box = boxes.setdefault(_number(where), Filled())
            getattr(box, BOXES[kind])[key] = text
        elif kind == "s" and key in ("text", "answer", "evidence"):
            shown.setdefault(_number(where), {})[key] = text
        elif name in HEAD:
            head[name] = text
    told: dict[str, Any] = {**head, "fields": tuple(_fields(places, ()))}
    found = Draft(**told)
    examples = [
        boxes[number].shown(found, one.get("text", "")) if number in boxes else Shown(**one)
        for number, one in sorted(shown.items())
    ]
    return replace(found, shown=tuple(examples))


def _fields(places: Mapping[Path, Mapping[str, Any]], above: Path) -> Iterator[Field]:
    """The fields right below a path, in the order of their numbers."""
    depth = len(above) + 1
    for path in sorted(path for path in places if len(path) == depth and path[:-1] == above):
        one = Field(**places[path])
        inner = tuple(_fields(places, path)) if one.kind in ("list", "group") else ()
        if one.kind == "list":
            inner = inner[:1] or (Field(),)
        yield Field(**places[path], fields=inner)


def _path(text: str) -> Path:
    parts = text.split(".") if text else []
    if len(parts) > DEEPEST or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise InputError("this form is none of ours")
    return tuple(map(int, parts))


def _number(text: str) -> int:
    """The example a value is of."""
    path = _path(text)
    if len(path) != 1:
        raise InputError("this form is none of ours")
    return path[0]


def _word(key: str, text: str) -> Any:
    if key in TRUTH:
        return text == "yes"
    if key in OFFERED and text not in OFFERED[key]:
        raise InputError("this form is none of ours", path=key)
    return text


def _plain(text: str) -> str:
    """A value with the line ends of a file; NUL is no character of a note or a name."""
    if len(text) > LONGEST:
        raise InputError("a field of the form is too long")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
