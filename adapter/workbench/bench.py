"""What the pages work with: opened once by who serves them."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from adapter.fhir.systems import Version
from adapter.pipeline import Pipeline


class Headers(Protocol):
    """The headers of a request."""

    def items(self) -> Iterable[tuple[str, str]]:
        """All headers, name and value."""


Role = Literal["viewer", "engineer", "reviewer", "administrator"]
"""viewer: looks and tries; engineer: cases, tasks, drafts; reviewer: verdicts; administrator: all of it."""

ROLES: frozenset[Role] = frozenset(get_args(Role))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is at the workbench."""

    name: str  # as the audit and Provenance name them
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether they may do what needs a role."""
        return role in self.roles or "administrator" in self.roles


Admit = Callable[[Headers, str, str, str], Person]
"""Who sent a request (headers, method, path, address of the client). AccessError: they are not let in."""


def _no_queue() -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The open parts of the workbench. Safe to use from several threads."""

    admit: Admit
    version: str  # of the software
    pipeline: Pipeline | None  # None: this process has no model, and nothing can be tried
    engine: str = "encoder"  # as the settings name it
    fhir: Version = "r4"  # what is chosen until somebody chooses
    turn: Callable[[], AbstractContextManager[None]] = _no_queue  # a place at the model, held while it works
