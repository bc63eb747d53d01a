"""What the FHIR operations ask of a store."""

from collections.abc import Sequence
from typing import Protocol

from terminology.model import Association, Concept, Hit, Manifest, Mapping, MapRule, SystemInfo


class TerminologyStore(Protocol):
    """A store that answers about codes; `terminology.Store` is one."""

    @property
    def manifest(self) -> Manifest:
        """What is in the store."""

    def lookup(self, system: str, code: str) -> Concept | None:
        """The concept of a code with all its names, or None."""

    def search(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
        limit: int = 10,
    ) -> list[Hit]:
        """The active concepts a text may mean, best first."""

    def mappings(self, system: str, code: str) -> list[Mapping]:
        """What a code is in other systems."""

    def parents(self, system: str, code: str) -> list[str]:
        """The codes this one is directly a kind of."""

    def children(self, system: str, code: str) -> list[str]:
        """The codes that are directly a kind of this one."""

    def ancestors(self, system: str, code: str) -> list[str]:
        """Every code this one is a kind of, itself not among them."""

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """Whether the second code is a kind of the first."""

    def replacements(self, system: str, code: str) -> list[Association]:
        """What became of an inactive code."""

    def replacement(self, system: str, code: str) -> str | None:
        """The one active code that stands in for an inactive one, if there is one."""

    def rules(self, system: str, code: str) -> list[MapRule]:
        """The rows of rule-based maps for a code."""

    def members(self, system: str, set_id: str) -> list[str]:
        """The codes in a reference set."""

    def codes(self, system: str, start: int, count: int) -> list[str]:
        """A stretch of a system's codes in a fixed order."""

    def systems(self) -> list[SystemInfo]:
        """The code systems the store holds codes of."""
