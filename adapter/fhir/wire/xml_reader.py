"""FHIR XML -> the JSON object.

The XML of fhir_core (under fhir.resources 8.3) is not used: its parser expands entities unless told, it takes
elements of any namespace, loses the ids of elements and primitives, turns 1.50 into 1.5, validates while it
reads and fails on an unknown element with a KeyError. Its knowledge of the elements is used (`shapes`).
"""

import re
from typing import Any

from lxml import etree

from adapter.errors import InputError
from adapter.fhir.wire import numbers, paths, xml_tree
from adapter.fhir.wire.limits import DEFAULT, Limits
from adapter.fhir.wire.shapes import Element, Shape, Shapes
from adapter.model import Resource

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BOOLEANS = {"true": True, "false": False}
_ATTRIBUTES = 64  # on one element; lxml takes quadratic time to list them


def read_xml(data: bytes, shapes: Shapes, limits: Limits = DEFAULT) -> Resource:
    """The resource of an XML body, as its JSON would be; elements may stand in any order.

    Raises InputError, which names the element and never its value: not well-formed, a document type,
    another namespace, an unknown element or attribute, an element twice, an empty one, a value that is not
    of its type, too deep, too large.
    """
    if len(data) > limits.size:
        raise InputError(f"larger than {limits.size} bytes")
    return _Reading(shapes, limits).resource(xml_tree.parse(data), "", 1)


class _Reading:
    def __init__(self, shapes: Shapes, limits: Limits) -> None:
        self._shapes = shapes
        self._limits = limits

    def resource(self, element: etree._Element, path: str, depth: int) -> Resource:
        name = _name(element, path)
        path = path or paths.child("", name)
        shape = self._shapes.resource(name)
        if shape is None:
            raise InputError("there is no such resource type", path=path)
        return {"resourceType": name, **self._object(element, shape, path, depth)}

    def _object(self, element: etree._Element, shape: Shape, path: str, depth: int) -> Resource:
        if depth > self._limits.depth:
            raise InputError(f"nested more than {self._limits.depth} deep", path=path)
        _no_text(element, path)
        value: Resource = _attributes(element, shape, path)
        repeated: set[str] = set()
        for child in element:
            name = _name(child, path)
            field = shape.elements.get(name)
            if field is None or field.attribute:
                raise InputError("there is no such element", path=paths.child(path, name))
            self._add(value, child, field, path, depth)
            if field.primitive and field.repeats:
                repeated.add(name)
        for name in repeated:
            _align(value, name)
        if not value and not shape.resource:
            raise InputError("an element with neither value nor children", path=path)
        return value

    def _add(self, value: Resource, child: etree._Element, field: Element, path: str, depth: int) -> None:
        path = paths.child(path, field.name)
        if field.repeats:
            path = paths.item(path, len(value.get(field.name, ())))
        elif field.name in value or "_" + field.name in value:
            raise InputError("an element that may stand only once", path=path)
        if not field.primitive:
            one = self._complex(child, field, path, depth + 1 + field.repeats)
            _put(value, field.name, one, field)
            return
        one, more = self._primitive(child, field, path, depth + 1 + field.repeats)
        if one is not None or field.repeats:
            _put(value, field.name, one, field)
        if more is not None or field.repeats:
            _put(value, "_" + field.name, more, field)

    def _complex(self, element: etree._Element, field: Element, path: str, depth: int) -> Resource:
        if field.type != "Resource":
            return self._object(element, self._shapes.known(field.type), path, depth)
        _no_text(element, path)
        if element.attrib or len(element) != 1:
            raise InputError("must hold one resource and nothing else", path=path)
        return self.resource(element[0], path, depth)

    def _primitive(
        self, element: etree._Element, field: Element, path: str, depth: int
    ) -> tuple[Any, Resource | None]:
        """The value of a primitive, and its id and extensions."""
        if field.type == "xhtml":
            return _narrative(element, path), None
        raw = element.get("value")
        more = None
        if raw is None or len(element) or len(element.attrib) > 1 or element.text:
            _no_text(element, path)
            element.attrib.pop("value", "")
            if len(element) or element.attrib:
                more = self._object(element, self._shapes.known("Element"), path, depth)
        if raw is None and not more:
            raise InputError("an element with neither value nor children", path=path)
        return (None if raw is None else self._value(raw, field, path)), more or None

    def _value(self, raw: str, field: Element, path: str) -> Any:
        if not raw:
            raise InputError("an empty value", path=path)
        if field.type == "boolean":
            if raw not in _BOOLEANS:
                raise InputError("not a boolean", path=path)
            return _BOOLEANS[raw]
        if field.type in ("integer", "positiveInt", "unsignedInt", "integer64"):
            return self._number(raw, _INTEGER, path) if field.type != "integer64" else _integer64(raw, path)
        return self._number(raw, numbers.NUMBER, path) if field.type == "decimal" else raw

    def _number(self, raw: str, pattern: re.Pattern[str], path: str) -> int | float:
        if pattern.fullmatch(raw) is None:
            raise InputError("not a number of its type", path=path)
        try:
            return numbers.parse(raw.removeprefix("+"), self._limits.digits)
        except InputError as error:
            raise InputError(str(error), path=path) from None


def _name(element: etree._Element, path: str) -> str:
    space, _, name = str(element.tag).rpartition("}")
    if space == "{" + xml_tree.FHIR or element.tag == xml_tree.DIV:
        return name
    raise InputError("an element that is not in the namespace of FHIR", path=paths.child(path, name))


def _attributes(element: etree._Element, shape: Shape, path: str) -> Resource:
    found: Resource = {}
    _few(element, path)
    for name, raw in element.attrib.items():
        text, known = str(name), shape.elements.get(str(name))
        if text.startswith(_XSI):
            continue
        if known is None or not known.attribute:
            raise InputError("there is no such attribute", path=paths.child(path, text.rpartition("}")[2]))
        if not raw:
            raise InputError("an empty value", path=paths.child(path, text))
        found[text] = raw
    return found


def _few(element: etree._Element, path: str) -> None:
    if len(element.attrib) > _ATTRIBUTES:
        raise InputError("too many attributes", path=path)


def _no_text(element: etree._Element, path: str) -> None:
    if (element.text and element.text.strip()) or any(one.tail and one.tail.strip() for one in element):
        raise InputError("text where only elements may stand", path=path)


def _put(value: Resource, name: str, one: Any, field: Element) -> None:
    if field.repeats:
        value.setdefault(name, []).append(one)
    else:
        value[name] = one


def _align(value: Resource, name: str) -> None:
    """Leaves out the list of values, or of their extensions, that says nothing."""
    for key in (name, "_" + name):
        if all(one is None for one in value[key]):
            del value[key]


def _integer64(raw: str, path: str) -> str:
    """The digits, for in JSON these numbers are strings."""
    if _INTEGER.fullmatch(raw) is None or len(raw) > 20:
        raise InputError("not a number of its type", path=path)
    return raw.removeprefix("+")


def _narrative(element: etree._Element, path: str) -> str:
    """The div as text that stands for itself, whatever prefixes the document used."""
    if element.tag != xml_tree.DIV:
        raise InputError("a div that is not in the namespace of XHTML", path=path)
    _few(element, path)
    alone = xml_tree.root(xml_tree.XHTML, "div")
    alone.attrib.update(dict(element.attrib))
    alone.text = element.text
    alone.extend(list(element))
    etree.cleanup_namespaces(alone)
    return etree.tostring(alone, encoding="unicode")
