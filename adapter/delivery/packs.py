"""What a profile pack asks of each kind of resource, as data: mappings/profiles/<pack>.toml -> Pack.

A key that is not known here stops the start; mappings/profiles/README.md says what each means.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import mappings
from adapter.fhir.systems import Version
from mappings import Table

Unmet = Literal["leave-out", "unprofiled"]


class Case(Table):
    """When a rule holds: every part of it must."""

    codes: Mapping[str, frozenset[str]] = {}  # element -> codes, one of which it has
    has: tuple[str, ...] = ()  # elements that are there

    def holds(self, resource: Mapping[str, Any]) -> bool:
        """Whether it holds for a resource."""
        coded = all(codes(resource, element) & wanted for element, wanted in self.codes.items())
        return coded and all(present(resource, element) for element in self.has)


class Need(Table):
    """Elements a resource must have in a case."""

    when: Case = Case()
    elements: tuple[str, ...]


class Absent(Table):
    """An element whose absence is said, when the document does not tell it."""

    choice: str  # "performed[x]": nothing is said where one of them is there
    element: str  # the primitive that bears the extension: "performedDateTime"
    reason: Literal["unknown", "not-asked", "not-applicable", "masked", "unsupported"] = "unknown"
    when: Case = Case()


class CodingNeed(Table):
    """What a coding of one system must have."""

    element: str
    system: str
    needs: tuple[str, ...] = ()
    required: bool = False  # whether there must be one

    def lacking(self, resource: Mapping[str, Any]) -> Iterator[str]:
        """What is missing in the codings of the system."""
        path = f"{self.element}.coding"
        listed = [one for one in _at(resource, path) if one.get("system") == self.system]
        if self.required and not listed:
            yield path
        yield from (f"{path}.{name}" for name in self.needs if any(name not in one for one in listed))


class Profile(Table):
    """What one profile asks of a kind of resource."""

    resource: str
    profile: str
    when: Case = Case()
    needs: tuple[str, ...] = ()
    needs_when: tuple[Need, ...] = ()
    absent: tuple[Absent, ...] = ()
    codings: tuple[CodingNeed, ...] = ()

    def lacking(self, resource: Mapping[str, Any]) -> Iterator[str]:
        """The elements a resource lacks."""
        cases = [Need(elements=self.needs), *self.needs_when]
        needed = [element for need in cases if need.when.holds(resource) for element in need.elements]
        yield from (element for element in needed if not present(resource, element))
        for coding in self.codings:
            yield from coding.lacking(resource)


class Pack(Table):
    """A profile pack."""

    version: int
    fhir: frozenset[Version]  # the versions it is written for
    unmet: Unmet = "leave-out"  # what becomes of a resource that cannot have what its profile asks
    always: frozenset[str] = frozenset()  # kinds of which every resource must follow a profile
    profiles: tuple[Profile, ...] = ()

    def of(self, resource: Mapping[str, Any]) -> Profile | None:
        """The first profile that fits a resource."""
        kind = resource.get("resourceType")
        return next((one for one in self.profiles if one.resource == kind and one.when.holds(resource)), None)

    def unfit(self, resource: Mapping[str, Any]) -> str | None:
        """The element that keeps a resource from a profile it must follow, None when it need not."""
        kind = str(resource.get("resourceType"))
        decides = (element for one in self.profiles if one.resource == kind for element in one.when.codes)
        return next(decides, "meta.profile") if kind in self.always else None


def load(name: str, files: mappings.Files = mappings.SHIPPED) -> Pack:
    """The pack of this name; MappingError names the file and the key of what is wrong."""
    return files.read(f"profiles/{name}.toml", Pack)


def names(files: mappings.Files = mappings.SHIPPED) -> list[str]:
    """The packs there are."""
    return [Path(name).stem for name in files.names("profiles")]


def present(resource: Any, path: str) -> bool:
    """Whether an element is there with a value or a reason why it is not; "x[x]" is any of its types."""
    return bool(_at(resource, path))


def codes(resource: Mapping[str, Any], path: str) -> set[str]:
    """The codes of an element: itself when it is a code, else those of its codings."""
    found = _at(resource, path)
    own = {one for one in found if isinstance(one, str)}
    return own | {
        str(coding.get("code")) for one in found if isinstance(one, dict) for coding in one.get("coding", [])
    }


def _at(value: Any, path: str) -> list[Any]:
    """The values at a path, through every list."""
    found = [value]
    for part in path.split("."):
        found = [inner for one in found if isinstance(one, dict) for inner in _members(one, part)]
    return found


def _members(element: Mapping[str, Any], name: str) -> Iterator[Any]:
    stem = name.removesuffix("[x]")
    for key, value in element.items():
        bare = key.removeprefix("_")
        if bare == name or (stem != name and bare.startswith(stem) and bare[len(stem) :][:1].isupper()):
            yield from value if isinstance(value, list) else [value]
