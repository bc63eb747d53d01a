"""What a target is sent when earlier versions of a document reached it: the difference, as a transaction.

What no longer holds, or reviewers took away, is marked entered-in-error; what holds again after it was taken
back is updated to what it was; only what is known to stand there unchanged is left to its conditional
creation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.delivery import finding, linking, retraction
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
    known = _merged(earlier)
    if known is None:
        return _never_wrong(new) if new is not None else None
    if new is None:
        return retraction.retract(known, fhir, recorded=recorded)
    last = earlier[-1]
    standing = _standing(last.bundle or {}, new) if last.sent else set()
    there = {_identity(entry) for entry in known["entry"]}
    whole = retraction.superseded(known, new, fhir, recorded=recorded)
    entries = [_surely(entry) if _identity(entry) in there - standing else entry for entry in whole["entry"]]
    return whole | {"entry": entries}


def _merged(earlier: Sequence[Earlier]) -> Resource | None:
    """One Bundle with the entries of all, the later ones winning; not an error that may not have arrived."""
    entries: dict[str, Resource] = {}
    for one in earlier:
        for entry in (one.bundle or {}).get("entry", []):
            unsure = finding.in_error(entry["resource"]) and not one.sent
            if not (unsure and _identity(entry) in entries):
                entries[_identity(entry)] = entry
    last = next((one.bundle for one in reversed(earlier) if one.bundle), None)
    return last | {"entry": list(entries.values())} if last else None


def _standing(last: Resource, new: Resource) -> set[str]:
    """What stands as it is to be: not what is marked as an error there and is none any more."""
    wanted = {_identity(entry): entry["resource"] for entry in new.get("entry", [])}
    found = ((_identity(entry), entry["resource"]) for entry in last.get("entry", []))
    return {one for one, resource in found if not finding.in_error(resource) or wanted.get(one) == resource}


def _never_wrong(bundle: Resource) -> Resource:
    """The Bundle for a target that has nothing yet: what is an error was never there."""
    entries = bundle.get("entry", [])
    wrong = {str(entry["fullUrl"]) for entry in entries if finding.in_error(entry["resource"])}
    return bundle | {"entry": linking.without(entries, wrong)} if wrong else bundle


def _surely(entry: Resource) -> Resource:
    """The entry as a conditional update, where it is one that can be taken back, or is."""
    return retraction.sure(entry)


def _identity(entry: Resource) -> str:
    return f"{entry['resource'].get('resourceType')}?{finding.condition(entry)}"
