"""A store's own answers, as a `HierarchyBackend`."""

from terminology import systems
from terminology.pymed.model import Note, included
from terminology.store import Store


class NativeBackend:
    """Asks a store. It keeps no exclusions, and of inclusions only the names in them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def parents(self, system: str, code: str) -> list[str]:
        """See `HierarchyBackend.parents`."""
        return self._store.parents(system, code)

    def children(self, system: str, code: str) -> list[str]:
        """See `HierarchyBackend.children`."""
        return self._store.children(system, code)

    def ancestors(self, system: str, code: str) -> list[str]:
        """See `HierarchyBackend.ancestors`."""
        return self._store.ancestors(system, code)

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """See `HierarchyBackend.subsumes`."""
        return self._store.subsumes(system, ancestor, descendant)

    def term(self, system: str, code: str) -> str | None:
        """See `HierarchyBackend.term`."""
        concept = self._store.lookup(system, code)
        return None if concept is None else concept.display

    def inclusions(self, system: str, code: str) -> list[Note]:
        """See `HierarchyBackend.inclusions`."""
        concept = self._store.lookup(system, code) if system in systems.CLASSIFICATIONS else None
        return [] if concept is None else [Note(text=name) for name in included(concept)]

    def exclusions(self, system: str, code: str) -> list[Note]:
        """See `HierarchyBackend.exclusions`."""
        return []

    def close(self) -> None:
        """Nothing to do: the store belongs to who opened it."""
