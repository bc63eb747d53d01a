"""Whether the parts of a task fit each other: its views and bindings the schema, its examples both."""

from collections.abc import Iterator
from dataclasses import fields

from adapter.model import KINDS, Assertion
from adapter.tasks import answers, bound, grounded
from adapter.tasks.node import Node, steps
from adapter.tasks.task import Example, Task, View
from mappings import MappingError

CLAIMS = frozenset(one.name for one in fields(Assertion) if one.type is bool) | {"family"}

Found = Iterator[tuple[str, str]]
"""Keys, and what is wrong with each."""


def faults(task: Task, node: Node) -> Found:
    """What does not fit in a task's own file."""
    if task.evidence == "none" and task.views:
        yield "views", "what has no evidence never becomes a finding; set evidence to quote"
    for index, view in enumerate(task.views):
        yield from ((f"views.{index}.{key}", message) for key, message in _view(view, node))
    if task.evidence == "none" and task.bindings:
        yield "bindings", "what has no evidence rests on no words of the note; set evidence to quote"
    for path, binding in task.bindings.items():
        place = at(node, path)
        if place is None or not place.quotes:
            yield f"bindings.{path}", "no property that holds words of the note"
        yield from _kind(f"bindings.{path}", binding.kind)
        if wrong := bound.fault(binding.within) if binding.within else "":
            yield f"bindings.{path}.within", wrong


def at(node: Node, path: str) -> Node | None:
    """The place a path of property names leads to; arrays on the way are gone through."""
    for name in steps(path):
        while node.type == "array":
            node = node.item
        if name not in node.properties:
            return None
        node = node.properties[name]
    while node.type == "array":
        node = node.item
    return node


def _view(view: View, node: Node) -> Found:
    yield from _kind("kind", view.kind)
    array = node.properties.get(view.path)
    if array is None or array.type != "array" or array.item.type == "array":
        yield "path", "no array among the properties of the answer"
        return
    item = array.item
    if not view.quote:
        if not item.quotes:
            yield "quote", "the items are no words of the note themselves"
        if view.status or view.details:
            yield "quote", "items that are words have no status and no details"
        return
    own = item.properties.get(view.quote)
    if own is None or not own.quotes or view.quote not in item.required:
        yield "quote", "no required property of an item that holds words of the note"
    yield from _status(view, item)
    for index, detail in enumerate(view.details):
        part = item.properties.get(detail.key)
        if part is None or not part.quotes:
            yield f"details.{index}.key", "no property of an item that holds words of the note"
        yield from _kind(f"details.{index}.kind", detail.kind)


def _status(view: View, item: Node) -> Found:
    part = item.properties.get(view.status)
    choices = part.choices if part is not None and part.choices else ()
    if view.status and not choices:
        yield "status", "no property of an item that is a choice"
    for status, flags in view.claims.items():
        if status not in choices:
            yield f"claims.{status}", "no choice of the status"
        for flag in flags:
            if flag not in CLAIMS:
                yield f"claims.{status}", f"{flag} is none of {', '.join(sorted(CLAIMS))}"


def _kind(key: str, kind: str) -> Found:
    if kind not in KINDS:
        yield key, f"none of {', '.join(KINDS)}"


def example_faults(task: Task, node: Node, example: Example) -> Found:
    """What is wrong with an example: its answer, or words that are not in its text."""
    wrong = answers.problems(node, example.answer)
    yield from ((f"answer{one.pointer}", one.message) for one in wrong)
    if wrong or task.evidence == "none":
        return
    try:
        leaves = grounded.leaves(task, grounded.written(task, example.answer, example.evidence))
    except MappingError as error:
        yield "evidence", str(error)
        return
    for leaf in leaves:
        if leaf.quote is None or not leaf.quote.strip() or leaf.quote not in example.text:
            yield f"answer{leaf.pointer}", "its words are not in the text"
    for pointer in example.evidence.keys() - {leaf.pointer for leaf in leaves if not leaf.is_quote}:
        yield "evidence", f"{pointer} is no value of the answer"
