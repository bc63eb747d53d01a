"""The Pydantic models of a source file -> the node of an answer. Read as text: no line of the file is run.

The root is the class `OutputParser`, as llm_extractinator has it (https://github.com/DIAGNijmegen/llm_extractinator),
or the only model that no other one holds.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace

from adapter.errors import InputError
from adapter.tasks.importing import bounds, source
from adapter.tasks.importing.bounds import REQUIRED, Options
from adapter.tasks.importing.declared import Declared, declared, docstring, statements
from adapter.tasks.importing.fields import choices, fitting
from adapter.tasks.importing.imported import MOST_DEPTH, MOST_NODES
from adapter.tasks.node import Node

ROOT = "OutputParser"
LISTS = {"list", "typing.List", "typing.Sequence", "typing.Iterable", "collections.abc.Sequence"}
FIELD = "pydantic.Field"
SCALARS: Mapping[str, Node] = {
    "str": Node(type="string"),
    "pydantic.StrictStr": Node(type="string"),
    "int": Node(type="integer"),
    "pydantic.StrictInt": Node(type="integer"),
    "pydantic.PositiveInt": Node(type="integer", minimum=1),
    "pydantic.NonNegativeInt": Node(type="integer", minimum=0),
    "float": Node(type="number"),
    "pydantic.StrictFloat": Node(type="number"),
    "pydantic.NonNegativeFloat": Node(type="number", minimum=0),
    "decimal.Decimal": Node(type="number"),
    "bool": Node(type="boolean"),
    "pydantic.StrictBool": Node(type="boolean"),
    "datetime.date": Node(type="string", date=True),
    "datetime.datetime": Node(type="string", value=True, description="Date and time, as YYYY-MM-DDTHH:MM."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What a source file says of the answer."""

    root: Node
    told: str  # docstring of the root class
    notes: tuple[str, ...]


def read(text: str) -> Models:
    """The models of a source file, rooted at the class of the answer."""
    try:
        return _read(text)
    except RecursionError:
        raise InputError("the source is nested too deeply") from None


def _read(text: str) -> Models:
    found = declared(source.module(text))
    reader = _Reader(found)
    reader.check()
    root = _root(found, reader.held)
    node = reader.model(root, ())
    notes = () if root.name == ROOT else (f"there is no class {ROOT}; {root.name} was taken",)
    return Models(root=node, told=docstring(root), notes=(*notes, *reader.notes))


def _root(found: Declared, held: set[str]) -> ast.ClassDef:
    models = [one for one in found.classes.values() if found.kind(one) == "model"]
    free = [one for one in models if one.name not in held]
    for one in models:
        if one.name == ROOT:
            return one
    if len(free) != 1:
        raise InputError(f"there is no class {ROOT}, and not exactly one model that no other one holds")
    return free[0]


class _Reader:
    """Turns types into nodes, counting them, and keeps what it changed."""

    def __init__(self, found: Declared) -> None:
        self._found, self._count = found, 0
        self.notes: list[str] = []
        self.held: set[str] = set()  # classes that a field or a subclass names

    def check(self) -> None:
        """Refuses what is in any class, the ones that the answer does not hold among them."""
        for one in self._found.classes.values():
            self.held |= {base.id for base in one.bases if isinstance(base, ast.Name)}
            if self._found.kind(one) == "enum":
                self._enum(one)
                continue
            for part in self._fields(one):
                self._told(part.value, part.lineno)
                self.held |= _named(part.annotation)
        for name, alias in self._found.aliases.items():
            self._type(alias, (), name)
        self.notes.clear()

    def model(self, node: ast.ClassDef, inside: tuple[str, ...]) -> Node:
        """The node of a model; `inside` are the models it stands in."""
        if node.name in inside:
            raise source.refusal(
                node, f"class {node.name} holds itself; write out as many levels as are needed"
            )
        if len(inside) >= MOST_DEPTH:
            raise source.refusal(node, f"more than {MOST_DEPTH} models inside each other")
        properties: dict[str, Node] = {}
        required: set[str] = set()
        for statement in self._inherited(node):
            assert isinstance(statement.target, ast.Name)
            name = statement.target.id
            properties[name], needed = self._field(statement, f"{node.name}.{name}", (*inside, node.name))
            required = required | {name} if needed else required - {name}
        if not properties:
            raise source.refusal(node, f"class {node.name} has no fields")
        self._spend(node, len(properties))
        fit = fitting(properties, required, lambda said: self._say(node, node.name, said))
        return Node(type="object", properties=fit, required=frozenset(required), description=docstring(node))

    def _inherited(self, node: ast.ClassDef, depth: int = 0) -> list[ast.AnnAssign]:
        if depth > MOST_DEPTH:
            raise source.refusal(node, f"more than {MOST_DEPTH} classes above each other")
        parent = self._found.parent(node)
        above = self._inherited(parent, depth + 1) if parent is not None else []
        self._spend(node, len(above))
        return [*above, *self._fields(node)]

    def _fields(self, node: ast.ClassDef) -> list[ast.AnnAssign]:
        parts = []
        for statement in statements(node):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                parts.append(statement)
            elif not _is_configuration(statement, self._found):
                raise source.refusal(statement)
        return parts

    def _field(self, statement: ast.AnnAssign, where: str, inside: tuple[str, ...]) -> tuple[Node, bool]:
        told = self._told(statement.value, statement.lineno)
        node, beside = self._annotated(statement.annotation, inside, where)
        for one in (beside, told):
            node = bounds.bounded(node, one, lambda said: self._say(statement, where, said))
        default = beside.default if told.default is REQUIRED else told.default
        if default is None:
            node = replace(node, nullable=True)
        elif default is not REQUIRED and default != ():
            self._say(statement, where, "its default is left out: what is not said is not answered")
        return node, default is REQUIRED

    def _told(self, value: ast.expr | None, line: int) -> Options:
        if isinstance(value, ast.Call):
            if self._found.dotted(value.func) != FIELD:
                raise source.refusal(value)
            return bounds.options(value)
        return Options(line=line, default=REQUIRED if value is None else bounds.default(value))

    def _annotated(self, node: ast.expr, inside: tuple[str, ...], where: str) -> tuple[Node, Options]:
        if not isinstance(node, ast.Subscript) or self._found.dotted(node.value) != "typing.Annotated":
            return self._type(node, inside, where), Options(line=node.lineno)
        kind, *beside = _parts(node)
        told = [one for one in beside if not (isinstance(one, ast.Constant) and isinstance(one.value, str))]
        if len(told) > 1 or not all(isinstance(one, ast.Call) for one in told):
            raise source.refusal(node, "beside a type only one Field is read")
        return self._type(kind, inside, where), self._told(told[0] if told else None, node.lineno)

    def _type(self, node: ast.expr, inside: tuple[str, ...], where: str) -> Node:
        self._spend(node, 1)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._type(source.expression(node.value, node.lineno), inside, where)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._union([node.left, node.right], node, inside, where)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, inside, where)
        if isinstance(node, ast.Name) and (node.id in self._found.classes or node.id in self._found.aliases):
            return self._own(node, inside, where)
        return scalar(node, self._found.dotted(node))

    def _own(self, node: ast.Name, inside: tuple[str, ...], where: str) -> Node:
        if node.id in self._found.aliases:
            if len(inside) > 2 * MOST_DEPTH:
                raise source.refusal(node, "a name for a type that leads back to itself")
            found, told = self._annotated(self._found.aliases[node.id], (*inside, f"={node.id}"), where)
            return bounds.bounded(found, told, lambda said: self._say(node, where, said))
        one = self._found.classes[node.id]
        return self._enum(one) if self._found.kind(one) == "enum" else self.model(one, inside)

    def _subscript(self, node: ast.Subscript, inside: tuple[str, ...], where: str) -> Node:
        dotted, parts = self._found.dotted(node.value), _parts(node)
        if dotted == "typing.Optional" and len(parts) == 1:
            return replace(self._type(parts[0], inside, where), nullable=True)
        if dotted == "typing.Union":
            return self._union(parts, node, inside, where)
        if dotted in LISTS and len(parts) == 1:
            return Node(type="array", items=self._item(parts[0], inside, where))
        if dotted == "typing.Literal":
            return _choices(node, [_constant(one) for one in parts])
        if dotted == "typing.Annotated":
            found, told = self._annotated(node, inside, where)
            return bounds.bounded(found, told, lambda said: self._say(node, where, said))
        raise source.refusal(node, f"{ast.unparse(node.value)}[...] is not a type that is read")

    def _item(self, node: ast.expr, inside: tuple[str, ...], where: str) -> Node:
        if len(inside) > 2 * MOST_DEPTH:
            raise source.refusal(node, "lists nested too deeply")
        return self._type(node, (*inside, "=list"), where)

    def _union(self, parts: list[ast.expr], node: ast.expr, inside: tuple[str, ...], where: str) -> Node:
        real = [one for one in parts if not (isinstance(one, ast.Constant) and one.value is None)]
        nodes = [self._type(one, inside, where) for one in real]
        nullable = len(real) < len(parts) or any(one.nullable for one in nodes)
        if not nodes:
            raise source.refusal(node, "a union of nothing")
        if len(nodes) == 1:
            return replace(nodes[0], nullable=nullable)
        if all(one.choices is not None for one in nodes):
            return replace(_choices(node, [c for one in nodes for c in one.choices or ()]), nullable=nullable)
        if {one.type for one in nodes} <= {"integer", "number"}:
            return Node(type="number", nullable=nullable)
        raise source.refusal(node, "a union of several types is not read")

    def _enum(self, node: ast.ClassDef) -> Node:
        values = []
        for statement in statements(node):
            match statement:
                case ast.Assign(targets=[ast.Name()], value=value):
                    values.append(_constant(value))
                case _:
                    raise source.refusal(statement)
        self._spend(node, len(values) // 10)
        return replace(_choices(node, values), description=docstring(node))

    def _spend(self, node: ast.AST, count: int) -> None:
        self._count += count
        if self._count > 10 * MOST_NODES:
            raise source.refusal(node, "the answer would have too many places")

    def _say(self, node: ast.AST, where: str, said: str) -> None:
        note = f"line {getattr(node, 'lineno', 0)}, {where}: {said}"
        if note not in self.notes:
            self.notes.append(note)


def scalar(node: ast.expr, dotted: str) -> Node:
    """The node of a type that holds no other."""
    if dotted in SCALARS:
        return SCALARS[dotted]
    named = isinstance(node, ast.Name | ast.Attribute)
    raise source.refusal(node, f"'{ast.unparse(node)}' is not a type that is read" if named else "")


def _choices(node: ast.AST, values: list[object]) -> Node:
    if (found := choices(values)) is None:
        raise source.refusal(node, "choices are texts alone or whole numbers alone")
    return found


def _named(node: ast.expr) -> set[str]:
    """Every name in a type, those in types written as strings among them."""
    inner = list(ast.walk(node))
    texts = {one.value for one in inner if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return texts | {one.id for one in inner if isinstance(one, ast.Name)}


def _constant(node: ast.expr) -> object:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | None):
        return node.value
    return int(bounds.number(node))


def _parts(node: ast.Subscript) -> list[ast.expr]:
    return list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _is_configuration(statement: ast.stmt, found: Declared) -> bool:
    """Whether it is `model_config = ConfigDict(...)` of plain values, which says nothing of the answer."""
    match statement:
        case ast.Assign(
            targets=[ast.Name(id="model_config")], value=ast.Call(func=func, args=[], keywords=told)
        ):
            plain = all(isinstance(one.value, ast.Constant) for one in told)
            return plain and found.dotted(func) == "pydantic.ConfigDict"
    return False
