"""Which values of an answer are bound to the terminology, and the value sets that their codes are of."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, unquote

from adapter.tasks.fact import Fact
from adapter.tasks.node import Node, steps
from adapter.tasks.schema import parse
from adapter.tasks.task import Binding, Task
from terminology import TerminologyError, ecl
from terminology.fhir.valuesets import IMPLICIT, WHOLE
from terminology.systems import SNOMED

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
NO_SET = (
    "no value set that a terminology store holds: write an expression, such as << 123037004, or the URL of"
    " an implicit value set, such as http://snomed.info/sct?fhir_vs=isa/123037004"
)


def bound(task: Task, facts: Sequence[Fact]) -> Iterator[tuple[int, Binding]]:
    """The facts of an answer whose words the task binds to the terminology, by their place among all."""
    if not task.bindings:
        return
    root = parse(task.schema)
    bindings = {steps(path): binding for path, binding in task.bindings.items()}
    for place, fact in enumerate(facts):
        binding = bindings.get(_names(root, fact.path))
        if binding is not None:
            yield place, binding


def url(within: str) -> str:
    """The URL of a value set that is given by one, or by an expression."""
    return within if _URL.match(within) else f"{SNOMED}?fhir_vs=ecl/{quote(within, safe='')}"


def fault(within: str) -> str:
    """What is wrong with a value set as it is written; "" when nothing is, as far as no store tells it."""
    address = url(within)
    implicit = IMPLICIT.fullmatch(address)
    if address in WHOLE:
        return ""
    if implicit is None:
        return NO_SET
    kind, rest = implicit["kind"], unquote(implicit["rest"] or "").strip()
    if kind is not None and (not rest or implicit["system"] != SNOMED):
        return NO_SET
    return _unread(rest) if kind == "ecl" else ""


def _unread(expression: str) -> str:
    try:
        ecl.parse(expression)
    except TerminologyError as error:
        return str(error)
    return ""


def _names(node: Node, pointer: str) -> tuple[str, ...]:
    """The names of properties on the way to a value, without the numbers of items."""
    names: list[str] = []
    for part in steps(pointer):
        if node.type == "array":
            node = node.item
        else:
            names.append(part)
            node = node.properties[part]
    return tuple(names)
