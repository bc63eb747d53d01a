"""What the pages work with: opened once by who serves them."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from adapter.fhir.systems import Version
from adapter.pipeline import Pipeline


class Headers(Protocol):
    """The headers of a request."""

    def items(self) -> Iterable[tuple[str, str]]:
        """All headers, name and value."""


Admit = Callable[[Headers, str, str, str], None]
"""Raises AccessError when a request (headers, method, path, address of the client) is not let in."""


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
