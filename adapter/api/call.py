"""One request to the FHIR endpoint, understood; and its answer, before it is written.

A handler is a plain function `Call -> Answer` that may block and raises errors of `adapter.errors`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapter.api.security.interactions import Interaction
from adapter.api.security.principal import Principal
from adapter.api.security.scopes import Grant
from adapter.errors import InputError, NotAllowed
from adapter.fhir.wire.negotiation import Formats
from adapter.model import Resource

if TYPE_CHECKING:
    from adapter.api.service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who asks for what."""

    service: "Service"
    interaction: Interaction
    principal: Principal
    formats: Formats
    base: str  # our FHIR base URL as the caller knows it, without a slash at the end
    path: Mapping[str, str] = field(default_factory=dict)  # of the route: "id", "version"
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: Resource | None = None

    def __post_init__(self) -> None:
        if any("\0" in text for text in (*self.path.values(), *(one for pair in self.query for one in pair))):
            raise InputError("a character that no FHIR string may hold")

    @property
    def resource(self) -> Resource:
        """The body. Raises InputError when there is none."""
        if self.body is None:
            raise InputError("there is no body")
        return self.body

    @property
    def grant(self) -> Grant:
        """What the caller's scopes allow. Raises NotAllowed."""
        return self.principal.grant(self.interaction)

    def admit(self, resource: Resource) -> None:
        """Raises NotAllowed when this resource is out of the caller's reach."""
        if not self.grant.admits(resource):
            raise NotAllowed

    @property
    def preferences(self) -> Mapping[str, str]:
        """What the Prefer header says. https://www.rfc-editor.org/rfc/rfc7240"""
        parts = (part.strip() for part in self.headers.get("prefer", "").replace(";", ",").split(","))
        named = (part.partition("=") for part in parts if part)
        return {name.strip().lower(): value.strip().strip('"') for name, _, value in named}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is answered: a resource (or none), a status, headers."""

    resource: Resource | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    concerns: Resource | None = None  # the resource the audit is told of, where it is not the one answered
    besides: tuple[Resource, ...] = ()  # further resources the audit is told of: what a search found
    within: tuple[tuple[Interaction, "Answer"], ...] = ()  # of a batch: each entry is an access of its own
    stream: Iterator[bytes] | None = None  # instead of a resource; its Content-Type is among the headers
    fhir: bool = True  # else it is no FHIR resource, and JSON whatever was asked for


Handler = Callable[[Call], Answer]
