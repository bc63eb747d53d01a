"""What a target is sent when earlier versions of a document reached it: the difference, as a transaction.

What no longer holds is marked entered-in-error; what holds again after it was taken back is updated to what
it was; only what is known to stand there unchanged is left to its conditional creation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapter.delivery import finding, retraction
from adapter.fhir.systems import Version
from adapter.model import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier version of a document that reached a target, or may have."""

    bundle: Resource | None  # as the target got it; None for a retraction
    sent: bool  # whether it is known to have arrived


def difference(
    earlier: Sequence[Earlier], new: Resource | None, fhir: Version, recorded: str | None = None
) -> Resource | None:
    """The Bundle to send, oldest of `earlier` first; None when there is nothing to do.

    `recorded` is the instant the newer version was accepted.
    """
    known = _merged(one.bundle for one in earlier if one.bundle)
    if known is None:
        return new
    if new is None:
        return retraction.retract(known, fhir, recorded=recorded)
    last = earlier[-1]
    standing = {_identity(entry) for entry in (last.bundle or {}).get("entry", [])} if last.sent else set()
    there = {_identity(entry) for entry in known["entry"]}
    whole = retraction.superseded(known, new, fhir, recorded=recorded)
    entries = [_surely(entry) if _identity(entry) in there - standing else entry for entry in whole["entry"]]
    return whole | {"entry": entries}


def _merged(bundles: Iterable[Resource]) -> Resource | None:
    """One Bundle with the entries of all, the later ones winning."""
    listed = list(bundles)
    entries = {_identity(entry): entry for bundle in listed for entry in bundle.get("entry", [])}
    return listed[-1] | {"entry": list(entries.values())} if listed else None


def _surely(entry: Resource) -> Resource:
    """The entry as a conditional update, where it is one that can be taken back."""
    return retraction.reinstated({"entry": [entry]})["entry"][0]  # type: ignore[no-any-return]


def _identity(entry: Resource) -> str:
    return f"{entry['resource'].get('resourceType')}?{finding.condition(entry)}"
