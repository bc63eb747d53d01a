"""What a Python file declares: its imports, classes and names for types; everything else in it is refused."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from adapter.errors import InputError
from adapter.tasks.importing import source

BUILTIN = ("str", "int", "float", "bool", "list", "dict", "set", "tuple", "object", "bytes", "type")
ENUMS = {"enum.Enum", "enum.StrEnum", "enum.IntEnum"}
MODEL = "pydantic.BaseModel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The names of a file, each with what it stands for. Nothing was imported to learn this."""

    names: dict[str, str] = field(default_factory=dict)  # local name -> dotted name of something of elsewhere
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    aliases: dict[str, ast.expr] = field(default_factory=dict)  # name -> the type it is short for

    def dotted(self, node: ast.expr) -> str:
        """The dotted name of something of elsewhere; "" when the expression is no such name."""
        if isinstance(node, ast.Name) and node.id not in self.classes:
            return self.names.get(node.id, node.id if node.id in BUILTIN else "")
        if isinstance(node, ast.Attribute) and (whole := self.dotted(node.value)):
            return f"{whole}.{node.attr}"
        return ""

    def kind(self, node: ast.ClassDef, seen: tuple[str, ...] = ()) -> Literal["model", "enum"]:
        """Whether a class is a model or an enum; any other class is refused."""
        if node.decorator_list or node.keywords:
            raise source.refusal(node, "a decorator or metaclass is not read")
        dotted = {self.dotted(base) for base in node.bases}
        if dotted & ENUMS and dotted <= ENUMS | {"str", "int"}:
            return "enum"
        if dotted == {MODEL} or self.parent(node, seen) is not None:
            return "model"
        raise source.refusal(node, f"class {node.name} is neither a BaseModel nor an Enum")

    def parent(self, node: ast.ClassDef, seen: tuple[str, ...] = ()) -> ast.ClassDef | None:
        """The model of this file that a model extends; None when it extends BaseModel, or is no model."""
        name = node.bases[0].id if len(node.bases) == 1 and isinstance(node.bases[0], ast.Name) else ""
        above = self.classes.get(name)
        if above is None or node.name in seen:
            return None
        return above if self.kind(above, (*seen, node.name)) == "model" else None


def declared(tree: ast.Module) -> Declared:
    """What the top level of a file declares."""
    found = Declared()
    for statement in tree.body:
        _declare(statement, found)
    for one in found.classes.values():
        found.kind(one)
    return found


def docstring(node: ast.ClassDef) -> str:
    """The first lines of a class, up to the first empty one, as one line."""
    told = ast.get_docstring(node) or ""
    return " ".join(told.split("\n\n")[0].split())


def statements(node: ast.ClassDef) -> Iterator[ast.stmt]:
    """The statements of a class but its docstring and `pass`."""
    for at, statement in enumerate(node.body):
        alone = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        text = alone and (at == 0 or statement.value.value is ...)  # type: ignore[attr-defined]
        if not text and not isinstance(statement, ast.Pass):
            yield statement


def _declare(statement: ast.stmt, found: Declared) -> None:
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return
        case ast.Import(names=aliases):
            for one in aliases:
                found.names[one.asname or one.name.split(".")[0]] = (
                    one.name if one.asname else one.name.split(".")[0]
                )
        case ast.ImportFrom(module=whole, names=aliases):
            _from(statement, whole or "", aliases, found)
        case ast.ClassDef(name=name):
            if name in found.classes:
                raise source.refusal(statement, f"class {name} is written twice")
            found.classes[name] = statement
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp() | ast.Name() as value
        ):
            found.aliases[name] = value
        case _:
            raise source.refusal(statement)


def _from(statement: ast.ImportFrom, whole: str, aliases: list[ast.alias], found: Declared) -> None:
    for one in aliases:
        if one.name == "*":
            raise InputError(f"line {statement.lineno}: an import of everything is not read")
        found.names[one.asname or one.name] = _plain(f"{whole}.{one.name}")


def _plain(dotted: str) -> str:
    """The usual name of something that several modules hand out."""
    for module in ("pydantic.main", "pydantic.fields", "pydantic.types", "pydantic.v1", "typing_extensions"):
        if dotted.startswith(module + "."):
            home = "typing" if module == "typing_extensions" else "pydantic"
            return f"{home}.{dotted.removeprefix(module + '.')}"
    return dotted
