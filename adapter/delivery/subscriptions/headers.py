"""Headers a subscriber wants to be called with: kept for the wire, masked in the resource.

They are credentials as a rule. What is stored, read, searched or exported as a resource shows their names
alone; a masked value that comes back in an update stands for the one that is known.
"""

from collections.abc import Sequence
from typing import Any, Final

from adapter.delivery.subscriptions.subscription import KIND, NotTaken
from adapter.egress import checked_headers
from adapter.errors import EgressRefused
from adapter.model import Resource
from adapter.secret import MASK

MOST: Final = 20
LONGEST: Final = 8_192  # characters of all of them
OURS: Final = frozenset({"content-type", "user-agent", "accept"})

Pairs = tuple[tuple[str, str], ...]


def taken(resource: Resource, known: Sequence[tuple[str, str]] = ()) -> tuple[Resource, Pairs]:
    """The resource with its headers masked, and the headers. Raises NotTaken.

    `known` are those kept so far.
    """
    r5 = "channel" not in resource
    path = f"{KIND}.parameter" if r5 else f"{KIND}.channel.header"
    written = _parameters(resource) if r5 else _lines(resource["channel"], path)
    kept = {name.lower(): value for name, value in known}
    pairs = tuple((name, kept.get(name.lower(), "") if value == MASK else value) for name, value in written)
    _check(pairs, path)
    return (_masked_r5 if r5 else _masked)(resource, pairs), pairs


def _lines(channel: Resource, path: str) -> Pairs:
    found = []
    for line in channel.get("header") or []:
        name, colon, value = str(line).partition(":")
        if not colon:
            raise NotTaken("a header is not written as Name: value", path=path)
        found.append((name.strip(), value.strip()))
    return tuple(found)


def _parameters(resource: Resource) -> Pairs:
    return tuple((str(one.get("name")), str(one.get("value"))) for one in resource.get("parameter") or [])


def _check(pairs: Pairs, path: str) -> None:
    if len(pairs) > MOST or sum(len(name) + len(value) for name, value in pairs) > LONGEST:
        raise NotTaken("the headers are too many or too long", path=path)
    if len({name.lower() for name, _ in pairs}) < len(pairs):
        raise NotTaken("a header is there twice", path=path)
    if any(name.lower() in OURS for name, _ in pairs):
        raise NotTaken("a header is one that only Notewright sets", path=path)
    if any(not value for _, value in pairs):
        raise NotTaken("a header has no value", path=path)
    try:
        checked_headers(dict(pairs))
    except EgressRefused as error:
        raise NotTaken(str(error), path=path) from None


def _masked(resource: Resource, pairs: Pairs) -> Resource:
    if not pairs:
        return resource
    return {
        **resource,
        "channel": {**resource["channel"], "header": [f"{name}: {MASK}" for name, _ in pairs]},
    }


def _masked_r5(resource: Resource, pairs: Pairs) -> Resource:
    listed: list[Any] = [{"name": name, "value": MASK} for name, _ in pairs]
    return {**resource, "parameter": listed} if pairs else resource
