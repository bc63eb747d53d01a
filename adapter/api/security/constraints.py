"""A constraint of a scope, such as `category=clinical-note`, held against a resource.

Meaning as in FHIR search (https://hl7.org/fhir/R4/search.html): `system|code`, `code`, `|code` and `system|`
for tokens, a comma for "or". Modifiers, prefixes and chains are not taken: what cannot be checked is refused.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from adapter.fhir.searching import at, refers, tokened
from adapter.model import Resource

_REFERENCE = re.compile(r"[A-Z][A-Za-z]{0,63}/[A-Za-z0-9.-]{1,64}")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One search parameter that resources under a scope must meet."""

    name: str  # of the search parameter, as in constraints.toml
    value: str  # as written in the scope, percent-decoded
    kind: str  # "token", "reference" or "patient"
    elements: tuple[str, ...]  # where the values stand

    def admits(self, resource: Resource) -> bool:
        """Whether a resource has one of the wanted values."""
        wanted = self.value.split(",")
        return any(_meets(value, wanted, self.kind) for path in self.elements for value in at(resource, path))


def read(name: str, value: str, resource: str) -> Constraint | None:
    """The constraint a parameter of a scope on a type stands for; None when it could not be enforced."""
    row = table().get(name)
    if row is None or (row.get("types") and resource not in row["types"]):
        return None
    if not all(_well_formed(part, row["kind"]) for part in value.split(",")):
        return None
    return Constraint(name=name, value=value, kind=row["kind"], elements=tuple(row["elements"]))


@cache
def table() -> Mapping[str, dict[str, Any]]:
    """The search parameters that can be enforced: constraints.toml."""
    text = files(__package__).joinpath("constraints.toml").read_text("utf-8")
    return MappingProxyType(tomllib.loads(text))


def of_patient(resource: Resource, patient: str) -> bool:
    """Whether a resource is the Patient of this id, or about them."""
    if resource.get("resourceType") == "Patient":
        return resource.get("id") == patient
    about = [value for path in ("subject", "patient") for value in at(resource, path)]
    return bool(about) and all(refers(value, [f"Patient/{patient}"]) for value in about)


def _well_formed(part: str, kind: str) -> bool:
    if not part or "\\" in part or part.count("|") > 1:
        return False
    if kind == "token":
        return part != "|"
    return bool(_REFERENCE.fullmatch(part) or (kind == "patient" and _ID.fullmatch(part)))


def _meets(value: Any, wanted: list[str], kind: str) -> bool:
    if kind == "token":
        return any(tokened(value, one) for one in wanted)
    if kind == "patient":
        wanted = [one if "/" in one else f"Patient/{one}" for one in wanted]
    return refers(value, wanted)
