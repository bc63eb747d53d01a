"""The JSON object -> FHIR XML, elements in the order of the specification."""

import math
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from lxml import etree

from adapter.errors import InputError
from adapter.fhir.wire import numbers, paths, xml_tree
from adapter.fhir.wire.faults import FORBIDDEN
from adapter.fhir.wire.shapes import Element, Shape, Shapes
from adapter.model import Resource

_INTEGERS = ("integer", "positiveInt", "unsignedInt")


def write_xml(resource: Resource, shapes: Shapes, *, pretty: bool = False) -> bytes:
    """The XML of a resource in UTF-8.

    What is empty (null, "", [], {}) is not written; a character that XML cannot hold becomes U+FFFD.
    Raises InputError with the path of what is no element of its type, or no value of its type.
    """
    root = xml_tree.root(xml_tree.FHIR, _type(resource, ""))
    _Writing(shapes).resource(root, resource, "")
    if pretty:
        _indent(root, 0)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + (b"\n" if pretty else b"")


class _Writing:
    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def resource(self, node: etree._Element, value: Resource, path: str) -> None:
        """Writes the elements of a resource into the node of its type."""
        name = _type(value, path)
        shape = self._shapes.resource(name)
        path = path or name
        if shape is None:
            raise InputError("there is no such resource type", path=path)
        self._object(node, value, shape, path)

    def _object(self, node: etree._Element, value: Any, shape: Shape, path: str) -> None:
        if not isinstance(value, dict):
            raise InputError("not an object", path=path)
        for field in _fields(value, shape, path):
            where = paths.child(path, field.name)
            if field.attribute:
                _attribute(node, field.name, value.get(field.name), where)
                continue
            more = value.get("_" + field.name)
            self._element(node, field, value.get(field.name), more, where)

    def _element(self, node: etree._Element, field: Element, value: Any, more: Any, path: str) -> None:
        if not field.repeats:
            self._one(node, field, value, more, path)
            return
        values, extras = _listed(value, path), _listed(more, path)
        for number, (one, extra) in enumerate(zip_longest(values, extras)):
            self._one(node, field, one, extra, paths.item(path, number))

    def _one(self, node: etree._Element, field: Element, value: Any, more: Any, path: str) -> None:
        if _empty(value) and _empty(more):
            return
        if field.type == "xhtml":
            node.append(_narrative(value, path))
            return
        inner = _below(node, field.name)
        if field.type == "Resource":
            self.resource(_below(inner, _type(value, path)), value, path)
        elif field.primitive:
            self._primitive(inner, field, value, more, path)
        else:
            self._object(inner, value, self._shapes.known(field.type), path)
        if not len(inner) and not inner.attrib:
            node.remove(inner)

    def _primitive(self, node: etree._Element, field: Element, value: Any, more: Any, path: str) -> None:
        if not _empty(more):
            self._object(node, more, self._shapes.known("Element"), path)
        if not _empty(value):
            node.set("value", _text(value, field.type, path))


def _type(value: Any, path: str) -> str:
    name = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(name, str) or not paths.is_type(name):
        raise InputError("resourceType is missing or is no name of a type", path=path or "resourceType")
    return name


def _fields(value: Resource, shape: Shape, path: str) -> list[Element]:
    """The elements of a type that an object has, in the order they are written."""
    found: dict[str, Element] = {}
    for key in value:
        name = key.removeprefix("_")
        field = shape.elements.get(name)
        if field is not None and (key == name or (field.primitive and field.type != "xhtml")):
            found[name] = field
        elif key != "resourceType" or not shape.resource:
            raise InputError("there is no such element", path=paths.child(path, key))
    return sorted(found.values(), key=lambda field: field.position)


def _below(node: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(node, f"{{{xml_tree.FHIR}}}{name}")


def _attribute(node: etree._Element, name: str, value: Any, path: str) -> None:
    if not _empty(value):
        node.set(name, _text(value, "string", path))


def _listed(value: Any, path: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise InputError("not an array", path=path)
    return list(value)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | dict | list | tuple) and not value)


def _text(value: Any, kind: str, path: str) -> str:
    if kind == "boolean" and isinstance(value, bool):
        return "true" if value else "false"
    if kind in (*_INTEGERS, "decimal", "integer64") and _number(value, kind):
        return str(value) if isinstance(value, Decimal) else numbers.written(value)
    if kind not in (*_INTEGERS, "decimal", "boolean") and isinstance(value, str):
        return FORBIDDEN.sub("\ufffd", value)
    raise InputError(f"not a value of type {kind}", path=path)


def _number(value: Any, kind: str) -> bool:
    allowed = int | float | Decimal if kind == "decimal" else int
    return isinstance(value, allowed) and not isinstance(value, bool) and math.isfinite(value)


def _narrative(value: Any, path: str) -> etree._Element:
    if not isinstance(value, str):
        raise InputError("not a value of type xhtml", path=path)
    try:
        div = xml_tree.parse(FORBIDDEN.sub("\ufffd", value).encode())
    except InputError as error:
        raise InputError(str(error), path=path) from None
    if div.tag != xml_tree.DIV:
        raise InputError("a narrative that is not a div of XHTML", path=path)
    return div


def _indent(node: etree._Element, level: int) -> None:
    """Line breaks between the elements of FHIR; a narrative is left as it is."""
    if node.tag == xml_tree.DIV or not len(node):
        return
    node.text = "\n" + "  " * (level + 1)
    for child in node:
        _indent(child, level + 1)
        child.tail = node.text
    node[-1].tail = "\n" + "  " * level
