"""A concept -> the ways from the roots of its system down to it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

MOST = 40  # paths that are listed
FURTHEST = 600  # concepts above one

Above = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """The ways from the roots to a concept."""

    listed: tuple[tuple[str, ...], ...]  # each from a root to the concept, shorter ones first
    count: int | None  # how many there are; None: more than can be counted


def paths(code: str, above: Above, most: int = MOST) -> Paths:
    """The paths to a code, so many of them listed; none for what stands in no hierarchy.

    `above` gives the codes directly above one.
    """
    parents = _ancestry(code, above)
    if not parents.get(code):
        return Paths(listed=(), count=0)
    if len(parents) > FURTHEST:
        return Paths(listed=(), count=None)
    listed = [path for path, _ in zip(_down_to((code,), parents), range(most), strict=False)]
    return Paths(
        listed=tuple(sorted(listed, key=lambda path: (len(path), path))), count=_count(code, parents)
    )


def _ancestry(code: str, above: Above) -> dict[str, Sequence[str]]:
    """The parents of a code and of everything above it."""
    parents: dict[str, Sequence[str]] = {}
    waiting = [code]
    while waiting and len(parents) <= FURTHEST:
        here = waiting.pop()
        if here not in parents:
            parents[here] = above(here)
            waiting += parents[here]
    return parents


def _down_to(path: tuple[str, ...], parents: dict[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    higher = [one for one in parents[path[0]] if one not in path]
    if not higher:
        yield path
    for one in higher:
        yield from _down_to((one, *path), parents)


def _count(code: str, parents: dict[str, Sequence[str]]) -> int:
    counted: dict[str, int] = {}

    def count(here: str) -> int:
        if here not in counted:
            counted[here] = 1  # where the hierarchy of a server has a circle
            counted[here] = sum(map(count, parents[here])) or 1
        return counted[here]

    return count(code)
