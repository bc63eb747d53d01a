"""What a field means to Notewright, whichever tool wrote it: its choices, and its name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from adapter.tasks.node import Node, Type

THOUGHTS = {
    "reasoning",
    "reason_for_answer",
    "explanation",
    "rationale",
    "thinking",
    "thoughts",
    "chain_of_thought",
}

CHOSEN: Mapping[type, Type] = {str: "string", bool: "boolean", int: "integer"}


def choices(values: Sequence[object]) -> Node | None:
    """The node of a choice among values, null one of them or not; None when they are not of one kind."""
    kinds = {type(one) for one in values if one is not None}
    if len(kinds) != 1 or not kinds <= CHOSEN.keys():
        return None
    real = tuple(dict.fromkeys(one for one in values if one is not None))
    return Node(type=CHOSEN[kinds.pop()], choices=real, nullable=None in values)


def fitting(
    properties: Mapping[str, Node], required: set[str], say: Callable[[str], None]
) -> dict[str, Node]:
    """The properties of an object, with what holds thoughts and not words of the note marked as a value."""
    fit = {}
    for name, node in properties.items():
        fit[name] = node
        if node.quotes and name.lower() in THOUGHTS:
            fit[name] = replace(node, value=True)
            say(f"{name} holds thoughts, so it need not stand in the note")
        elif node.quotes and name == "quote" and (node.nullable or name not in required):
            fit[name] = replace(node, value=True)
            say("quote may be missing, so it is not the words that the rest of its object rests on")
    return fit
