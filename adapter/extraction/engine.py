"""What an extraction engine is: a note in, mentions out, each a quote with its place."""

from collections.abc import Collection
from typing import Protocol

from adapter.model import Mention, ModelInfo, Note, Step


class Engine(Protocol):
    """Finds the clinical mentions of a note. Knows neither FHIR nor terminology systems."""

    @property
    def name(self) -> str:
        """How the engine is called on the command line and in `Mention.sources`."""

    @property
    def languages(self) -> Collection[str] | None:
        """The languages of notes it reads, ISO 639-1; None for any."""

    @property
    def model(self) -> ModelInfo | None:
        """The model that speaks, or None for an engine without one."""

    def mentions(self, note: Note) -> Step[Mention]:
        """The mentions of the note in text order, and what was left out and why.

        They do not overlap, but for a detail that is a finding of its own: the reason of a prescription.
        """

    def close(self) -> None:
        """Frees what the engine holds."""
