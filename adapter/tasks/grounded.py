"""The form of a task's answer in which every value says what words of the note it rests on, and the way back.

A model answers in this form. A string is itself the words of the note. A value that is not (a choice, a
number, a boolean) stands beside the `quote` of its object, or where there is none in an object of its own:
{"quote": "4 cm", "value": 40}. What a note does not say is null or left out, also where the task requires it:
nobody is made to guess. Every array and every string is bounded.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapter.tasks.node import Node, step
from adapter.tasks.schema import parse, write
from adapter.tasks.task import Task
from mappings import MappingError

ITEMS = 32
LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One thing an answer says."""

    pointer: str  # where, in the answer in the task's own form
    value: Any
    quote: str | None  # the words it rests on; None where the task asks for none
    is_quote: bool  # the value is those words


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """An answer in the task's own form, of what was kept of it."""

    answer: dict[str, Any]
    gaps: tuple[
        str, ...
    ]  # pointers in it of what the schema requires and nothing said: null, or items missing
    places: Mapping[str, str]  # pointer of each kept leaf -> where it now is


def schema(task: Task) -> dict[str, Any]:
    """The bounded JSON Schema that a model answers in."""
    return write(node(task))


def node(task: Task) -> Node:
    """The same, as it is read.

    Raises MappingError when the task's schema is not of the subset.
    """
    own = parse(task.schema)
    return _bounded(own) if task.evidence == "none" else _grounded(own, False)


def leaves(task: Task, answer: Mapping[str, Any]) -> tuple[Leaf, ...]:
    """What a valid answer in grounded form says, in order."""
    found: list[Leaf] = []
    _gather(parse(task.schema), answer, "", _Form(wrapped=task.evidence == "quote"), found)
    return tuple(found)


def rebuild(task: Task, answer: Mapping[str, Any], kept: Collection[str]) -> Rebuilt:
    """A valid answer in grounded form, in the task's own form, with only the leaves whose pointers are kept.

    What is not kept becomes null, or is left out where the task neither requires nor allows null. An object
    whose own quote is not kept goes as a whole. An item of an array of which nothing is kept disappears,
    unless the array is of a fixed length: its place holds null then.
    """
    form = _Form(wrapped=task.evidence == "quote", kept=frozenset(kept))
    part = _rebuilt(parse(task.schema), answer, "", "", form)
    return Rebuilt(answer=part.value, gaps=part.gaps, places=dict(part.places))


def written(task: Task, answer: Mapping[str, Any], evidence: Mapping[str, str]) -> dict[str, Any]:
    """A valid answer in the task's own form, in grounded form; `evidence` has the words that values rest on.

    Raises MappingError naming the pointer of a value without words.
    """
    form = _Form(wrapped=task.evidence == "quote")
    result: dict[str, Any] = _written(parse(task.schema), answer, "", form, evidence)
    return result


@dataclass(frozen=True, slots=True)
class _Form:
    """How a leaf stands in the grounded form."""

    wrapped: bool  # values have quotes at all
    beside: str | None = None  # the quote of the object it is in
    kept: frozenset[str] = frozenset()

    def of(self, own: Node, value: Mapping[str, Any]) -> "_Form":
        """How the properties of an object stand."""
        return replace(self, beside=value["quote"] if own.quoted else None)

    def wraps(self, own: Node) -> bool:
        """Whether a leaf is in an object with a quote of its own."""
        return self.wrapped and self.beside is None and not own.quotes


def _bounded(own: Node) -> Node:
    if own.type == "object":
        return replace(own, properties={name: _bounded(part) for name, part in own.properties.items()})
    if own.type == "array":
        return replace(own, items=_bounded(own.item), most=_most(own))
    if own.type == "string" and own.choices is None and own.length is None:
        return replace(own, length=10 if own.date else LENGTH)
    return own


def _most(own: Node) -> int:
    return max(ITEMS, own.least) if own.most is None else own.most


def _grounded(own: Node, beside: bool) -> Node:
    """The node as a model writes it; `beside`: it stands in an object that has a quote."""
    if own.type == "object":
        return replace(own, properties={name: _property(own, name) for name in own.properties})
    if own.type == "array":
        item = _grounded(own.item, beside)
        item = replace(item, nullable=item.nullable or own.fixed)
        return replace(own, items=item, most=_most(own), least=own.least if own.fixed else 0)
    leaf = _bounded(own)
    return leaf if own.quotes or beside else _wrapped(leaf)


def _property(own: Node, name: str) -> Node:
    part = own.properties[name]
    if own.settled(name):
        return part
    inner = _grounded(part, own.quoted)
    is_leaf = part.type not in ("object", "array")
    rests = is_leaf and (part.quotes or not own.quoted) and not (own.quoted and name == "quote")
    if name in own.required and (rests or part.quoted):
        return replace(inner, nullable=True)
    return inner


def _wrapped(leaf: Node) -> Node:
    quote = Node(type="string", length=LENGTH)
    return Node(
        type="object",
        nullable=leaf.nullable,
        title=leaf.title,
        description=leaf.description,
        properties={"quote": quote, "value": replace(leaf, nullable=False, title="", description="")},
        required=frozenset({"quote", "value"}),
    )


def _gather(own: Node, value: Any, at: str, form: _Form, found: list[Leaf]) -> None:
    if value is None:
        return
    if own.type == "object":
        inner = form.of(own, value)
        for name, part in own.properties.items():
            if name in value and not own.settled(name):
                _gather(part, value[name], step(at, name), inner, found)
    elif own.type == "array":
        for index, item in enumerate(value):
            _gather(own.item, item, step(at, index), form, found)
    else:
        found.append(_leaf(own, value, at, form))


def _leaf(own: Node, value: Any, at: str, form: _Form) -> Leaf:
    if form.wraps(own):
        return Leaf(pointer=at, value=value["value"], quote=value["quote"], is_quote=False)
    if own.quotes:
        return Leaf(pointer=at, value=value, quote=value if form.wrapped else None, is_quote=form.wrapped)
    return Leaf(pointer=at, value=value, quote=form.beside if form.wrapped else None, is_quote=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of an answer, rebuilt."""

    value: Any
    said: int = 0  # leaves it had
    gaps: tuple[str, ...] = ()
    places: tuple[tuple[str, str], ...] = ()  # of the leaves it kept

    @property
    def lost(self) -> bool:
        """Whether it said something and nothing of that is kept."""
        return self.said > 0 and not self.places


def _rebuilt(own: Node, value: Any, at: str, to: str, form: _Form) -> _Part:
    if value is None:
        return _Part(value=None, gaps=() if own.nullable else (to,))
    if own.type == "object":
        return _object(own, value, at, to, form)
    if own.type == "array":
        return _array(own, value, at, to, form)
    plain = value["value"] if form.wraps(own) else value
    return _Part(value=plain, said=1, places=((at, to),) if at in form.kept else ())


def _object(own: Node, value: Mapping[str, Any], at: str, to: str, form: _Form) -> _Part:
    if form.wrapped and own.quoted and step(at, "quote") not in form.kept:
        return _Part(value=None, said=1)
    inner = form.of(own, value)
    parts: list[_Part] = []
    answer: dict[str, Any] = {}
    for name in (name for name in own.properties if name in value):
        if own.settled(name):
            answer[name] = value[name]
            continue
        part = _rebuilt(own.properties[name], value[name], step(at, name), step(to, name), inner)
        part = _held(own, name, part, step(to, name))
        parts.append(part)
        if part.value is not None or own.properties[name].nullable or name in own.required:
            answer[name] = part.value
    return _joined(answer, parts)


def _held(own: Node, name: str, part: _Part, to: str) -> _Part:
    """A property as its object holds it: null when it is lost, with a gap where null is not allowed."""
    shape = own.properties[name]
    if not part.lost or shape.type == "array":
        return part
    if shape.type == "object" and part.value is not None and name in own.required and not shape.nullable:
        return part  # its own properties are null already
    gap = name in own.required and not shape.nullable
    return _Part(value=None, said=part.said, gaps=(to,) if gap else ())


def _array(own: Node, value: list[Any], at: str, to: str, form: _Form) -> _Part:
    parts: list[_Part] = []
    items: list[Any] = []
    said = 0
    for index, item in enumerate(value):
        place = step(to, len(items))
        part = _rebuilt(own.item, item, step(at, index), place, form)
        said += part.said
        if part.lost and not own.fixed:
            continue
        if part.lost:
            part = _Part(value=None, gaps=() if own.item.nullable else (place,))
        parts.append(part)
        items.append(part.value)
    joined = _joined(items, parts)
    short = (to,) if len(items) < own.least else ()
    return replace(joined, said=said, gaps=joined.gaps + short)


def _joined(value: Any, parts: list[_Part]) -> _Part:
    return _Part(
        value=value,
        said=sum(part.said for part in parts),
        gaps=tuple(gap for part in parts for gap in part.gaps),
        places=tuple(place for part in parts for place in part.places),
    )


def _written(own: Node, value: Any, at: str, form: _Form, evidence: Mapping[str, str]) -> Any:
    if value is None:
        return None
    if own.type == "object":
        inner = form.of(own, value)
        return {
            name: value[name]
            if own.settled(name)
            else _written(part, value[name], step(at, name), inner, evidence)
            for name, part in own.properties.items()
            if name in value
        }
    if own.type == "array":
        return [_written(own.item, item, step(at, i), form, evidence) for i, item in enumerate(value)]
    if not form.wraps(own):
        return value
    if at not in evidence:
        raise MappingError(f"{at}: a value without the words it rests on")
    return {"quote": evidence[at], "value": value}
