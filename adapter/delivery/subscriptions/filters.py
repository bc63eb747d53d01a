"""What a subscriber wants to hear of: tests that a document, and one of its findings, must meet.

Values as in FHIR search: `system|code`, `code`, `|code` and `system|` for tokens, a comma for "or".
https://hl7.org/fhir/R4/search.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapter.fhir.searching import at, refers, tokened
from adapter.model import Resource

DOCUMENT: Final = "DocumentReference"
FINDINGS: Final = (
    "AllergyIntolerance",
    "Condition",
    "FamilyMemberHistory",
    "MedicationStatement",
    "Observation",
    "Procedure",
)
LONGEST: Final = 1_000  # characters of a value
_ELEMENTS: Mapping[str, Sequence[str]] = {
    "patient": ("subject", "patient"),
    "type": ("type",),
    "category": ("category",),
    "code": ("code", "medicationCodeableConcept", "medication.concept", "condition.code"),
}
_PATIENT = re.compile(r"(?:(?:https?://[^\s?#]+/)?Patient/)?[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One condition with its alternatives."""

    name: str  # "kind", or a key of _ELEMENTS
    values: tuple[str, ...]

    def met(self, resource: Resource) -> bool:
        """Whether a resource meets it."""
        if self.name == "kind":
            return resource.get("resourceType") in self.values
        found = (value for path in _ELEMENTS[self.name] for value in at(resource, path))
        if self.name == "patient":
            return any(refers(value, self.values) for value in found)
        return any(tokened(value, wanted) for value in found for wanted in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """All of what must hold."""

    document: tuple[Test, ...] = ()  # of the DocumentReference
    finding: tuple[Test, ...] = ()  # of one and the same resource

    def meets(self, document: Resource, findings: Iterable[Resource]) -> bool:
        """Whether a document with these findings is to be told of."""
        if not all(test.met(document) for test in self.document):
            return False
        return not self.finding or any(True for _ in self.chosen(findings))

    def chosen(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """The resources that meet the tests of a finding."""
        return (one for one in resources if all(test.met(one) for test in self.finding))

    def patients(self) -> frozenset[str] | None:
        """The only patients a document told of can be about; None when it may be anybody."""
        named = [set(test.values) for test in self.document if test.name == "patient"]
        return frozenset(set.intersection(*named)) if named else None


def test(name: str, value: str) -> Test | None:
    """A test by the name of what it looks at; None when the value cannot be understood."""
    values = tuple(part.replace("\\,", ",") for part in re.split(r"(?<!\\),", value))
    if len(value) > LONGEST or not all(_well_formed(name, one) for one in values):
        return None
    if name == "patient":
        values = tuple(one if "/" in one else f"Patient/{one}" for one in values)
    return Test(name=name, values=values)


def _well_formed(name: str, value: str) -> bool:
    if name == "kind":
        return value in FINDINGS
    if name == "patient":
        return _PATIENT.fullmatch(value) is not None
    return bool(value) and value != "|" and value.count("|") < 2 and value.isprintable()
