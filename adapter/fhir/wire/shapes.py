"""Which elements a type has, in order: what XML needs to know and JSON says by itself.

Taken from the models of fhir.resources (R4B for R4, R5), one type at a time and only when it is met.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import fhir.resources
import fhir.resources.R4B
from fhir.resources.R4B.resource import Resource as ResourceR4B
from fhir.resources.resource import Resource as ResourceR5
from fhir_core.utils import get_fhir_type_name, is_list_type, is_primitive_type
from pydantic import BaseModel

from adapter.fhir.systems import Version

_ABSTRACT = ("Resource", "DomainResource", "CanonicalResource", "MetadataResource")


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element of a type."""

    name: str
    type: str  # "dateTime", "xhtml", "CodeableConcept", "ObservationComponent", "Resource", ...
    position: int  # its place among the elements of the type
    primitive: bool
    repeats: bool
    attribute: bool  # an attribute in XML: the id of an element, the url of an extension


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The elements of one type by name, in the order of the specification."""

    type: str
    resource: bool
    elements: Mapping[str, Element]


class Shapes:
    """The types of one version of FHIR; those met once are kept, and only real ones."""

    def __init__(self, version: Version) -> None:
        self.version: Version = version
        self._models: Any = fhir.resources.R4B if version == "r4" else fhir.resources
        self._base: type = ResourceR4B if version == "r4" else ResourceR5
        self._known: dict[str, Shape] = {}

    def resource(self, name: str) -> Shape | None:
        """The shape of a resource type, none when there is no such type."""
        if name in _ABSTRACT or not name.isascii() or not name.isalpha():
            return None
        shape = self.of(name)
        return shape if shape is not None and shape.resource else None

    def of(self, name: str) -> Shape | None:
        """The shape of a type of elements or resources, none when there is no such type."""
        try:
            return self.known(name)
        except ValueError:
            return None

    def known(self, name: str) -> Shape:
        """The shape of a type that another shape names."""
        if name not in self._known:
            self._known[name] = self._shape(name, self._models.get_fhir_model_class(name))
        return self._known[name]

    def _shape(self, name: str, model: Any) -> Shape:
        resource = issubclass(model, self._base)
        fields = {field.alias: field for field in model.model_fields.values()}
        elements = {}
        for position, key in enumerate(model.elements_sequence()):
            field = fields[key]
            primitive = is_primitive_type(field)
            elements[key] = Element(
                name=key,
                type=get_fhir_type_name(field) if primitive else _model_name(field.annotation),
                position=position,
                primitive=primitive,
                repeats=is_list_type(field),
                attribute=(key == "id" and not resource) or (key == "url" and name == "Extension"),
            )
        return Shape(type=name, resource=resource, elements=elements)


def _model_name(annotation: Any) -> str:
    model = next(_models(annotation))
    return str(model.get_resource_type())


def _models(annotation: Any) -> Iterator[Any]:
    """The models an annotation such as `List[CodeableConceptType] | None` speaks of."""
    named = getattr(annotation, "get_model_klass", None)
    if named is not None:
        yield named()
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models(one)
