"""What is said -> requests to the subscriber, in the form that was subscribed to.

A topic's subscriber is posted a Bundle. One of R4's searches is put each matching resource, at
[endpoint]/[type]/[id], or posted nothing at all where no payload was asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapter.delivery.subscriptions.notification import Kind, Said, notification
from adapter.delivery.subscriptions.posting import Parcel
from adapter.delivery.subscriptions.subscription import FORMATS, Subscription
from adapter.fhir import check
from adapter.fhir.systems import Version
from adapter.fhir.wire.json_writer import write_json
from adapter.fhir.wire.shapes import Shapes
from adapter.fhir.wire.xml_writer import write_xml
from adapter.ledger.events import State
from adapter.model import Resource

VERSIONS: Mapping[Version, str] = {"r4": "4.0", "r5": "5.0"}


class Packer:
    """Makes the requests. One for a process: it knows the shapes of resources."""

    def __init__(self) -> None:
        self._shapes: Mapping[Version, Shapes] = {"r4": Shapes("r4"), "r5": Shapes("r5")}

    def parcels(
        self, wanted: Subscription, state: State, kind: Kind, said: Sequence[Said], now: str
    ) -> tuple[Parcel, ...]:
        """The requests, in order; none for a handshake or heartbeat that the form does not know."""
        if wanted.form != "classic":
            bundle = notification(state, kind, said, content=wanted.content, fhir=wanted.fhir, now=now)
            return (Parcel(method="POST", url=wanted.endpoint, body=self.written(wanted, bundle)),)
        if wanted.mime is None:
            return tuple(Parcel(method="POST", url=wanted.endpoint) for _ in said)
        return tuple(self._put(wanted, one) for event in said for one in _matching(wanted, event))

    def written(self, wanted: Subscription, resource: Resource) -> bytes:
        """A resource in the format that was subscribed to."""
        if FORMATS[wanted.mime or "application/fhir+json"] == "xml":
            return write_xml(resource, self._shapes[wanted.fhir])
        return write_json(resource)

    def _put(self, wanted: Subscription, resource: Resource) -> Parcel:
        where = f"{wanted.endpoint.rstrip('/')}/{resource['resourceType']}/{resource['id']}"
        return Parcel(method="PUT", url=where, body=self.written(wanted, resource))


def content_type(wanted: Subscription) -> tuple[tuple[str, str], ...]:
    """The Content-Type header of what is sent; none where nothing is."""
    if wanted.mime is None:
        return ()
    known = "fhir" in wanted.mime
    version = f"; fhirVersion={VERSIONS[wanted.fhir]}" if known else "; charset=utf-8"
    return (("Content-Type", wanted.mime + version),)


def _matching(wanted: Subscription, said: Said) -> list[Resource]:
    """The resources a search finds, each with the id it has at the endpoint."""
    if said.told is None:
        return []
    if not wanted.filters.finding:
        content = said.told.content
        return [content] if content is not None and not check.resource(content, wanted.fhir) else []
    links = {
        str(entry["fullUrl"]): f"{entry['resource']['resourceType']}/{_id(entry)}"
        for entry in said.told.entries
    }
    met = [entry for entry in said.told.entries if any(wanted.filters.chosen([entry["resource"]]))]
    return [_settled({**entry["resource"], "id": _id(entry)}, links) for entry in met]


def _id(entry: Resource) -> str:
    return str(entry["fullUrl"]).removeprefix("urn:uuid:")


def _settled(value: Any, links: Mapping[str, str]) -> Any:
    """The resource with references within the Bundle as the endpoint has them."""
    if isinstance(value, dict):
        return {
            name: links[one]
            if name == "reference" and isinstance(one, str) and one in links
            else _settled(one, links)
            for name, one in value.items()
        }
    return [_settled(one, links) for one in value] if isinstance(value, list) else value
