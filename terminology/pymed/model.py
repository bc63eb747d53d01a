"""What a hierarchy can be asked, whoever answers."""

from dataclasses import dataclass
from typing import Protocol

from terminology.model import Concept

SNOMED_FILE, ICD10_FILE = "snomedct.sqlite3", "icd10.sqlite3"  # names the library wants


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a classification says goes with a code, or does not."""

    text: str
    references: tuple[str, ...] = ()  # codes it refers to


class HierarchyBackend(Protocol):
    """Answers about codes of one or more systems, from any thread.

    A code that is not there has no parents, no term and no notes, and subsumes nothing.
    """

    def parents(self, system: str, code: str) -> list[str]:
        """The codes directly above, sorted."""

    def children(self, system: str, code: str) -> list[str]:
        """The codes directly below, sorted."""

    def ancestors(self, system: str, code: str) -> list[str]:
        """Every code above, sorted."""

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` is `ancestor` or a kind of it."""

    def term(self, system: str, code: str) -> str | None:
        """What the code is called, or None."""

    def inclusions(self, system: str, code: str) -> list[Note]:
        """What an ICD-10 code says it includes; notes of the codes above are not repeated."""

    def exclusions(self, system: str, code: str) -> list[Note]:
        """What an ICD-10 code says it does not include, and where that goes."""

    def close(self) -> None:
        """Gives back what the backend holds."""


def included(concept: Concept) -> list[str]:
    """The names that say what an ICD-10 code includes: all but its title, in the language of the title."""
    languages = {term.language for term in concept.terms if term.preferred}
    names = (term.text for term in concept.terms if not term.preferred and term.language in languages)
    return sorted(dict.fromkeys(names))
