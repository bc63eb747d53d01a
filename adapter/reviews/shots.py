"""Findings that stand -> the answer a task would have them as: an example to show a language model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapter.errors import InputError
from adapter.model import FLAGS, Finding
from adapter.tasks import Task, View, answers, schema
from adapter.tasks.node import Node

SYMPTOM, PROBLEM = "finding", "condition"  # a task that asks for no symptoms has them among its problems


def answer(findings: Sequence[Finding], task: Task) -> Mapping[str, Any] | None:
    """The answer to a note in the task's own schema; None where the findings do not fit into it.

    Raises InputError for a task that gives no findings.
    """
    if not task.views:
        raise InputError("this task gives no findings, so findings are no examples of it", path="task")
    node = schema.parse(task.schema)
    found: dict[str, Any] = {name: [] for name in node.properties if node.properties[name].type == "array"}
    for one in sorted(findings, key=lambda each: (each.start, each.end)):
        view = _view(one, task.views)
        if view is not None and one.assertion.experiencer != "other":
            found[view.path].append(_item(one, view, node.properties[view.path]))
    return None if answers.problems(node, found) else found


def _view(one: Finding, views: Sequence[View]) -> View | None:
    kinds = (one.kind, PROBLEM) if one.kind == SYMPTOM else (one.kind,)
    return next((view for kind in kinds for view in views if view.kind == kind), None)


def _item(one: Finding, view: View, array: Node) -> Any:
    if not view.quote:
        return one.text
    item: dict[str, Any] = {view.quote: one.text}
    if view.status and (told := _status(one, view, array.item)):
        item[view.status] = told
    return item | dict(_details(one, view))


def _status(one: Finding, view: View, item: Node) -> str:
    """The status that says most of what is said, and nothing that is not."""
    said = {flag for flag in FLAGS if getattr(one.assertion, flag)}
    said |= {"family"} if one.assertion.experiencer == "family" else set()
    choices = [str(choice) for choice in item.properties[view.status].choices or ()]
    fitting = [choice for choice in choices if set(view.claims.get(choice, ())) <= said]
    return max(fitting, key=lambda choice: len(view.claims.get(choice, ())), default="")


def _details(one: Finding, view: View) -> Iterator[tuple[str, str]]:
    for detail in view.details:
        words = next((each.text for each in one.attributes if each.kind == detail.kind), None)
        if words is not None:
            yield detail.key, words
