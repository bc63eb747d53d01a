"""The hierarchy of a store: parents, children, ancestors, descendants, and whether one thing is another.

While a store is built, `closure` works out every concept's ancestors; opened, `Hierarchy` reads them. A
concept is known here by its number in the store.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from terminology.errors import TerminologyError
from terminology.reader import Reader

Numbers = NDArray[np.uint32]
KEPT = 1 << 16
DESCENDANTS = (
    "WITH RECURSIVE found (number) AS (SELECT child FROM parent WHERE parent = ? UNION"
    " SELECT child FROM parent JOIN found ON parent.parent = found.number)"
    " SELECT number FROM found ORDER BY number"
)


def closure(parents: Sequence[Sequence[int]], name: Callable[[int], str]) -> Iterator[tuple[int, Numbers]]:
    """Each concept that has parents, with its sorted ancestors; `parents` is indexed by concept number.

    Raises TerminologyError, naming a concept, when the hierarchy has a cycle.
    """
    ancestors: dict[int, Numbers] = {}
    for start in range(len(parents)):
        if parents[start] and start not in ancestors:
            yield from _resolve(start, parents, ancestors, name)


def _resolve(
    start: int, parents: Sequence[Sequence[int]], ancestors: dict[int, Numbers], name: Callable[[int], str]
) -> Iterator[tuple[int, Numbers]]:
    """Works up from `start` without recursion: a concept is done when all its parents are."""
    path, open_ = [start], {start}
    while path:
        here = path[-1]
        waiting = [one for one in parents[here] if parents[one] and one not in ancestors]
        if not waiting:
            ancestors[here] = _union(parents[here], ancestors)
            yield here, ancestors[here]
            open_.discard(path.pop())
        elif waiting[0] in open_:
            raise TerminologyError(f"the hierarchy has a cycle at {name(waiting[0])}")
        else:
            path.append(waiting[0])
            open_.add(waiting[0])


def _union(parents: Sequence[int], ancestors: dict[int, Numbers]) -> Numbers:
    parts = [np.asarray(parents, np.uint32), *(ancestors[one] for one in parents if one in ancestors)]
    return np.unique(np.concatenate(parts))


class Hierarchy:
    """Asks a store's hierarchy."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.ancestors: Callable[[int], Numbers] = lru_cache(maxsize=KEPT)(self._ancestors)

    def parents(self, number: int) -> list[int]:
        """The direct parents."""
        return self._column("SELECT parent FROM parent WHERE child = ? ORDER BY parent", number)

    def children(self, number: int) -> list[int]:
        """The direct children."""
        return self._column("SELECT child FROM parent WHERE parent = ? ORDER BY child", number)

    def descendants(self, number: int) -> list[int]:
        """Everything below."""
        return self._column(DESCENDANTS, number)

    def is_a(self, number: int, other: int) -> bool:
        """Whether `number` is `other` or below it."""
        if number == other:
            return True
        above = self.ancestors(number)
        place = int(np.searchsorted(above, other))
        return place < len(above) and int(above[place]) == other

    def _ancestors(self, number: int) -> Numbers:
        rows = self._reader.ask("SELECT ancestors FROM ancestry WHERE concept = ?", (number,))
        return np.frombuffer(rows[0][0] if rows else b"", dtype="<u4")

    def _column(self, question: str, number: int) -> list[int]:
        return [row[0] for row in self._reader.ask(question, (number,))]
