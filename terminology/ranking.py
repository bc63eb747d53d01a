"""The order of hits: the same everywhere, and the same every time."""

from collections.abc import Iterable

from terminology import systems
from terminology.model import Hit


def best(hits: Iterable[Hit]) -> list[Hit]:
    """One hit per concept, best first.

    Of equal scores: what names the whole text before what is broader, clinical kinds before "other", SNOMED
    CT before other systems, the source that was named first when the store was built, the preferred name,
    the shorter name.
    """
    found: dict[tuple[str, str], Hit] = {}
    for hit in sorted(hits, key=_order):
        found.setdefault((hit.system, hit.code), hit)
    return list(found.values())


def _order(hit: Hit) -> tuple[float, bool, bool, int, int, bool, int, str, str, str]:
    return (
        -hit.score,
        hit.match == "broader",
        hit.kind == "other",
        systems.rank(hit.system),
        hit.source,
        not hit.preferred,
        len(hit.term),
        hit.system,
        hit.code,
        hit.term,
    )
