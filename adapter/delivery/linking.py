"""References within a Bundle: what they point at, pointed elsewhere, or taken away.

Pure functions: what is given is never changed.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from adapter.errors import TargetRefused
from adapter.model import Resource


def pointed(value: Any) -> Iterator[str]:
    """Every literal reference in a resource, in order."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for child in value.values():
            yield from pointed(child)
    elif isinstance(value, list):
        for child in value:
            yield from pointed(child)


def relinked(value: Any, addresses: Mapping[str, str]) -> Any:
    """The same JSON whose references to known addresses point at the new ones."""
    if isinstance(value, dict):
        changed = {key: relinked(child, addresses) for key, child in value.items()}
        target = value.get("reference")
        if isinstance(target, str) and target in addresses:
            changed["reference"] = addresses[target]
        return changed
    return [relinked(child, addresses) for child in value] if isinstance(value, list) else value


def unlinked(value: Any, gone: Collection[str]) -> Any:
    """The same JSON without references to what is gone, and without what is empty because of that."""
    if isinstance(value, dict):
        if _in(value.get("reference"), gone):
            return {}
        members = [(key, child, unlinked(child, gone)) for key, child in value.items()]
        return {key: new for key, old, new in members if _stays(old, new)}
    if isinstance(value, list):
        return [new for old, new in ((child, unlinked(child, gone)) for child in value) if _stays(old, new)]
    return value


def without(entries: Sequence[Resource], gone: Collection[str]) -> list[Resource]:
    """The entries that stay when those at the addresses `gone` are left out.

    What pointed at them points no more; a Provenance that has no target left goes too, and so on.
    """
    left = [entry for entry in entries if entry.get("fullUrl") not in gone]
    aimless = {str(entry.get("fullUrl")) for entry in left if _aimless(entry, gone)}
    if aimless:
        return without(left, {*gone, *aimless})
    return [entry | {"resource": unlinked(entry["resource"], gone)} for entry in left] if gone else left


def ordered(entries: Sequence[Resource]) -> list[Resource]:
    """The entries, each after those it points at; otherwise in their order.

    Raises TargetRefused for a circle, which only a transaction can write.
    """
    waiting = {str(entry.get("fullUrl")): entry for entry in entries}
    done: list[Resource] = []
    while waiting:
        ready = [
            url
            for url, entry in waiting.items()
            if not {target for target in pointed(entry.get("resource")) if target != url} & set(waiting)
        ]
        if not ready:
            raise TargetRefused(
                "The entries point at each other in a circle; only a transaction could write them"
            )
        done += [waiting.pop(url) for url in ready]
    return done


def _aimless(entry: Resource, gone: Collection[str]) -> bool:
    resource = entry.get("resource", {})
    if resource.get("resourceType") != "Provenance":
        return False
    targets = [target.get("reference") for target in resource.get("target", [])]
    return bool(targets) and all(_in(target, gone) for target in targets)


def _stays(old: Any, new: Any) -> bool:
    return old == new or new not in ({}, [])


def _in(target: object, addresses: Collection[str]) -> bool:
    return isinstance(target, str) and target in addresses
