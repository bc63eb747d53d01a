"""A task -> the draft somebody would have written it by, and in words what a draft cannot hold."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from adapter.tasks.drafting.draft import Draft, Field, Kind, Presence, Shown
from adapter.tasks.node import Node, step
from adapter.tasks.schema import parse
from adapter.tasks.task import Example, Task, View

_KINDS: Mapping[str, Kind] = {
    "object": "group",
    "array": "list",
    "string": "text",
    "boolean": "boolean",
    "number": "number",
    "integer": "number",
}


def opened(task: Task) -> tuple[Draft, tuple[str, ...]]:
    """The draft of a task, and what of it is not in the draft."""
    views: dict[str, View] = {}
    for view in task.views:
        views.setdefault(view.path, view)
    lost = [f"{one.path}: a second view of this list" for one in task.views if views[one.path] is not one]
    root = parse(task.schema)
    lost += [f"{at}: choices that are no plain line" for at in _unwritable(root, "")]
    draft = Draft(
        name=task.name,
        version=task.version,
        title=task.title,
        instruction=task.instruction,
        rules="\n".join(" ".join(rule.splitlines()) for rule in task.rules),
        strategy=task.strategy,
        evidence=task.evidence,
        languages=", ".join(task.languages),
        shots=str(task.shots),
        max_tokens=str(task.max_tokens),
        fields=tuple(_field(root, name, "", task, views.get(name)) for name in root.properties),
        shown=tuple(shown(one) for one in task.examples),
    )
    return draft, tuple(lost)


def shown(example: Example) -> Shown:
    """An example as it is typed."""
    evidence = dict(example.evidence)
    return Shown(
        text=example.text, answer=_json(example.answer), evidence=_json(evidence) if evidence else ""
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _field(owner: Node, name: str, above: str, task: Task, view: View | None = None) -> Field:
    """A property of an object."""
    node = owner.properties[name]
    presence = _presence(name in owner.required, node.nullable)
    return replace(_place(node, step(above, name), task, view), name=name, presence=presence)


def _presence(required: bool, nullable: bool) -> Presence:
    if required:
        return "null" if nullable else "needed"
    return "either" if nullable else "absent"


def _place(node: Node, path: str, task: Task, view: View | None) -> Field:
    chosen = node.choices is not None
    binding = task.bindings.get(path.removeprefix("/")) if node.quotes else None
    return Field(
        kind="choice" if chosen else "date" if node.date else _KINDS[node.type],
        title=node.title,
        description=node.description,
        free=node.value,
        length=_typed(node.length),
        whole=node.type == "integer" and not chosen,
        minimum=_typed(node.minimum),
        maximum=_typed(node.maximum),
        unit=node.unit,
        choices="\n".join(_typed(one) for one in node.choices or ()),
        of=_of(node) if chosen else "string",
        constant=node.constant,
        least=_typed(node.least or None),
        most=_typed(node.most),
        bound=binding.kind if binding else "",
        within=binding.within if binding else "",
        finding=view.kind if view else "",
        fields=_inside(node, path, task, view),
    )


def _of(node: Node) -> Literal["string", "integer", "number", "boolean"]:
    """What the choices of a node are."""
    match node.type:
        case "integer" | "number" | "boolean":
            return node.type
    return "string"


def _inside(node: Node, path: str, task: Task, view: View | None) -> tuple[Field, ...]:
    if node.type != "array":
        return tuple(_field(node, name, path, task) for name in node.properties)
    held = _place(node.item, path, task, None)
    held = replace(held, presence=_presence(True, node.item.nullable))
    return (replace(held, fields=tuple(_role(one, view) for one in held.fields)) if view else held,)


def _role(one: Field, view: View) -> Field:
    """A property of an item, with what it says of the finding."""
    if one.name == view.quote:
        return replace(one, role="words")
    if one.name == view.status:
        claims = "\n".join(f"{status}: {', '.join(flags)}" for status, flags in view.claims.items())
        return replace(one, role="status", claims=claims)
    details = {detail.key: detail.kind for detail in view.details}
    return replace(one, role=details.get(one.name, ""))


def _typed(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


def _unwritable(node: Node, at: str) -> Iterator[str]:
    """Choices that are no line of a form."""
    if any(isinstance(one, str) and not _line(one) for one in node.choices or ()):
        yield at
    for name, part in node.properties.items():
        yield from _unwritable(part, f"{at}.{name}" if at else name)
    if node.type == "array":
        yield from _unwritable(node.item, f"{at}[]")


def _line(text: str) -> bool:
    return bool(text.strip()) and text == text.strip() and len(text.splitlines()) == 1
