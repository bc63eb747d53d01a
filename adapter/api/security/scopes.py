"""SMART scopes: what a token lets its bearer do. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html

A scope is `context/Type.letters?constraints` (version 2) or `context/Type.read|write|*` (version 1), or the
name of a permission of its own such as `system/bulk-submit`. What cannot be understood, or could not be
enforced, grants nothing.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from adapter.api.security import constraints
from adapter.api.security.constraints import Constraint
from adapter.api.security.interactions import Interaction, needs
from adapter.model import Resource

CONTEXTS: Final = ("patient", "user", "system")
PEOPLE: Final = ("engineer", "reviewer", "administrator")  # permissions that user/ scopes name too
LONGEST: Final = 8192  # characters of a scope claim
MOST: Final = 200  # scopes in one claim

_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")  # RFC 6749, section 3.3
_SCOPE = re.compile(
    r"(?P<context>patient|user|system)/(?:"
    r"(?P<resource>\*|[A-Z][A-Za-z]{0,63})\."
    r"(?:(?P<old>read|write|\*)|(?P<letters>(?=[cruds])c?r?u?d?s?)(?:\?(?P<query>.+))?)"
    r"|(?P<named>[a-z][a-z-]{0,63}))"
)
_OLD: Final = {"read": "rs", "write": "cud", "*": "cruds"}
_PATIENT_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One permission as a token names it."""

    context: str  # one of CONTEXTS
    resource: str  # a FHIR type, "*" for all of them, or the name of a permission of its own
    letters: str = ""  # of "cruds", in that order; empty for a permission of its own
    constraints: tuple[Constraint, ...] = ()  # all of which a resource must meet

    def covers(self, resource: str, letter: str) -> bool:
        """Whether this scope gives a letter on a type, its constraints aside."""
        if not letter:
            return not self.letters and self.resource == resource
        return letter in self.letters and self.resource in (resource, "*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How far one scope reaches: one patient's resources, those that meet constraints, or both."""

    patient: str | None = None  # id of the only Patient
    constraints: tuple[Constraint, ...] = ()

    def admits(self, resource: Resource) -> bool:
        """Whether a resource is within reach."""
        mine = self.patient is None or constraints.of_patient(resource, self.patient)
        return mine and all(one.admits(resource) for one in self.constraints)

    def parameters(self) -> tuple[tuple[str, str], ...]:
        """The search parameters that keep a search within reach."""
        patient = (("patient", f"Patient/{self.patient}"),) if self.patient is not None else ()
        return patient + tuple((one.name, one.value) for one in self.constraints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one need is met with: any of some limits, on resources of one type."""

    resource: str  # a FHIR type, or "*"
    limits: tuple[Limit, ...]

    def concerns(self, resource: Resource) -> bool:
        """Whether it speaks of resources of this type."""
        return self.resource in ("*", resource.get("resourceType"))

    def admits(self, resource: Resource) -> bool:
        """Whether any of its limits has the resource within reach."""
        return any(limit.admits(resource) for limit in self.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An interaction is allowed, on the resources it admits. An update must be admitted before and after."""

    reaches: tuple[Reach, ...] = ()  # each must hold; none: no limit

    @property
    def whole(self) -> bool:
        """Whether there is no limit."""
        return not self.reaches

    def admits(self, resource: Resource) -> bool:
        """Whether a resource may be read, found or written under this grant."""
        if self.whole:
            return True
        concerned = [reach for reach in self.reaches if reach.concerns(resource)]
        return bool(concerned) and all(reach.admits(resource) for reach in concerned)

    def searches(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Parameters to add to a search: it is to be run once with each of them, results joined.

        A narrowing for the store's sake; what is found is still to be asked of `admits`.
        """
        if self.whole:
            return ((),)
        return tuple(dict.fromkeys(limit.parameters() for limit in self.reaches[0].limits))


def parse(text: str) -> tuple[Scope, ...]:
    """The scopes of a scope claim that can be understood and enforced; the others grant nothing."""
    words = text.split(" ") if len(text) <= LONGEST else []
    found = (parse_one(word) for word in dict.fromkeys(words[:MOST]))
    return tuple(scope for scope in found if scope is not None)


def parse_one(word: str) -> Scope | None:
    """One scope, or None when it cannot be understood or enforced."""
    match = _SCOPE.fullmatch(word)
    if not match or not _TOKEN.fullmatch(word):
        return None
    context, resource, old, letters, query, named = match.groups()
    if named:
        known = context == "system" or (context == "user" and named in PEOPLE)
        return Scope(context=context, resource=named) if known else None
    limits = _constraints(query, resource) if query else ()
    if limits is None:
        return None
    return Scope(context=context, resource=resource, letters=_OLD.get(old) or letters, constraints=limits)


def allows(scopes: tuple[Scope, ...], interaction: Interaction, patient: str | None = None) -> Grant | None:
    """What the scopes let a caller do: the grant for an interaction, None when it is refused.

    `patient` is the id of the Patient in context; without one, patient/ scopes grant nothing.
    """
    wanted = needs(interaction)
    if wanted is None:
        return None
    reaches = []
    for resource, letter in wanted:
        limits = _limits(scopes, resource, letter, patient)
        if not limits:
            return None
        if Limit() not in limits:
            reaches.append(Reach(resource=resource, limits=limits))
    return Grant(reaches=tuple(reaches))


def _limits(scopes: tuple[Scope, ...], resource: str, letter: str, patient: str | None) -> tuple[Limit, ...]:
    reached = []
    for scope in scopes:
        if scope.covers(resource, letter):
            if scope.context != "patient":
                reached.append(Limit(constraints=scope.constraints))
            elif patient is not None and _PATIENT_ID.fullmatch(patient):
                reached.append(Limit(patient=patient, constraints=scope.constraints))
    return tuple(dict.fromkeys(reached))


def _constraints(query: str, resource: str) -> tuple[Constraint, ...] | None:
    try:
        pairs = parse_qsl(query, strict_parsing=True, max_num_fields=10, errors="strict")
    except ValueError:
        return None
    read = [constraints.read(name, value, resource) for name, value in pairs]
    kept = tuple(one for one in read if one is not None)
    return kept if pairs and len(kept) == len(read) else None
