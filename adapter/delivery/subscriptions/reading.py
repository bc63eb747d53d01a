"""Subscription resource -> Subscription, in its three forms; what is not supported is refused by name.

R4 with a search as criteria; R4 with a topic (the Subscriptions Backport guide); R5.
https://hl7.org/fhir/R4/subscription.html https://hl7.org/fhir/uv/subscriptions-backport
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from adapter.delivery.subscriptions import filters
from adapter.delivery.subscriptions.filters import DOCUMENT, FINDINGS, Filters, Test
from adapter.delivery.subscriptions.subscription import CONTENTS, FORMATS, KIND, NotTaken, Subscription
from adapter.delivery.subscriptions.topic import TOPIC
from adapter.model import Resource

BACKPORT: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
MOST: Final = 20  # parameters of one search
_SEARCH: Mapping[str, Mapping[str, str]] = {
    DOCUMENT: {"patient": "patient", "subject": "patient", "type": "type", "category": "category"},
    **{kind: {"patient": "patient", "code": "code", "category": "category"} for kind in FINDINGS},
}
_TOPIC: Mapping[str, str] = {"resource-type": "kind", "code": "code"}


def read(resource: Resource) -> Subscription:
    """What is subscribed to. The resource is structurally valid. Raises NotTaken with the element."""
    if "channel" not in resource:
        return _r5(resource)
    criteria = str(resource.get("criteria", ""))
    if criteria.split("|", maxsplit=1)[0] == TOPIC:
        return _backport(resource)
    if "://" in criteria.partition("?")[0]:
        raise NotTaken("there is no such topic", path=f"{KIND}.criteria")
    return _classic(resource, criteria)


def _classic(resource: Resource, criteria: str) -> Subscription:
    channel, path = resource["channel"], f"{KIND}.criteria"
    kind, _, query = criteria.partition("?")
    if kind not in _SEARCH:
        raise NotTaken(f"criteria is neither a topic nor a search on {DOCUMENT} or a finding", path=path)
    tests = tuple(_test(_SEARCH[kind].get(name), value, path) for name, value in _pairs(query, path))
    about = tuple(one for one in tests if one.name == "patient" or kind == DOCUMENT)
    of_kind = (Test(name="kind", values=(kind,)), *tests)
    mime = channel.get("payload")
    if mime and "?" in str(channel.get("endpoint")):
        raise NotTaken("resources cannot be put to a URL with a query", path=f"{KIND}.channel.endpoint")
    return Subscription(
        form="classic",
        filters=Filters(document=about, finding=of_kind if kind != DOCUMENT else ()),
        endpoint=_endpoint(channel, "type", f"{KIND}.channel"),
        mime=_mime(mime, f"{KIND}.channel.payload") if mime else None,
        content="full-resource" if mime else "empty",
        end=resource.get("end"),
    )


def _backport(resource: Resource) -> Subscription:
    channel, path = resource["channel"], f"{KIND}.channel"
    tests: list[tuple[str, Test]] = []
    for text in _extensions(resource.get("_criteria"), "filter-criteria", "valueString"):
        tests += _filter_criteria(str(text), f"{KIND}.criteria.extension")
    wanted = list(_extensions(channel.get("_payload"), "payload-content", "valueCode"))
    if len(wanted) != 1 or wanted[0] not in CONTENTS:
        raise NotTaken(f"one payload content of {', '.join(CONTENTS)} is needed", path=f"{path}.payload")
    return Subscription(
        form="backport",
        filters=_joined(tests),
        endpoint=_endpoint(channel, "type", path),
        mime=_mime(channel.get("payload") or "application/fhir+json", f"{path}.payload"),
        content=wanted[0],
        heartbeat=_number(channel, "heartbeat-period", "valueUnsignedInt"),
        timeout=_number(channel, "timeout", "valueUnsignedInt"),
        most=_number(channel, "max-count", "valuePositiveInt"),
        end=resource.get("end"),
    )


def _r5(resource: Resource) -> Subscription:
    if str(resource.get("topic", "")).split("|")[0] != TOPIC:
        raise NotTaken("there is no such topic", path=f"{KIND}.topic")
    tests = [
        _filter_by(one, f"{KIND}.filterBy[{number}]")
        for number, one in enumerate(resource.get("filterBy") or [])
    ]
    content = resource.get("content") or "empty"
    if content not in CONTENTS:
        raise NotTaken("there is no such content", path=f"{KIND}.content")
    return Subscription(
        form="r5",
        filters=_joined([one for part in tests for one in part]),
        endpoint=_endpoint(resource, "channelType", KIND),
        mime=_mime(resource.get("contentType") or "application/fhir+json", f"{KIND}.contentType"),
        content=content,
        heartbeat=resource.get("heartbeatPeriod") or 0,
        timeout=resource.get("timeout") or 0,
        most=resource.get("maxCount") or 0,
        end=resource.get("end"),
    )


def _filter_criteria(text: str, path: str) -> Iterator[tuple[str, Test]]:
    """The tests of `Type?name=value&...`; without a type the names are those of the topic."""
    kind, mark, query = text.partition("?")
    if not mark:
        kind, query = "", text
    pairs = _pairs(query, path)
    if not pairs:
        raise NotTaken("the filter names no parameter", path=path)
    for name, value in pairs:
        yield from _named(kind, name, value, path)


def _filter_by(one: Resource, path: str) -> list[tuple[str, Test]]:
    if one.get("comparator", "eq") != "eq" or one.get("modifier"):
        raise NotTaken("the filter has a comparator or modifier that is not supported", path=path)
    kind = str(one.get("resourceType", "")).rpartition("/")[2]
    return list(_named(kind, str(one.get("filterParameter")), str(one.get("value")), path))


def _named(kind: str, name: str, value: str, path: str) -> Iterator[tuple[str, Test]]:
    """What a filter of the topic tests: the document, or a finding (of this type)."""
    if kind not in ("", *_SEARCH):
        raise NotTaken("the topic has no filter for this resource type", path=path)
    if kind in FINDINGS:
        yield "finding", Test(name="kind", values=(kind,))
        if name != "resource-type":
            yield "finding", _test(_SEARCH[kind].get(name), value, path)
            return
    if name == "patient":
        yield "document", _test("patient", value, path)
    elif name == "document-type" or (name == "type" and kind == DOCUMENT):
        yield "document", _test("type", value, path)
    else:
        yield "finding", _test(_TOPIC.get(name), value, path)


def _pairs(query: str, path: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST)
    except ValueError:
        raise NotTaken(f"there are more than {MOST} parameters", path=path) from None


def _joined(tests: Sequence[tuple[str, Test]]) -> Filters:
    return Filters(
        document=tuple(one for what, one in tests if what == "document"),
        finding=tuple(dict.fromkeys(one for what, one in tests if what == "finding")),
    )


def _test(name: str | None, value: str, path: str) -> Test:
    if name is None:
        raise NotTaken("there is no such filter", path=path)
    found = filters.test(name, value)
    if found is None:
        raise NotTaken("the value of a filter cannot be understood", path=path)
    return found


def _endpoint(channel: Resource, element: str, path: str) -> str:
    kind = channel.get(element)
    code = kind.get("code") if isinstance(kind, dict) else kind
    if code != "rest-hook":
        raise NotTaken("only the channel rest-hook is supported", path=f"{path}.{element}")
    if not channel.get("endpoint"):
        raise NotTaken("there is no endpoint", path=f"{path}.endpoint")
    return str(channel["endpoint"])


def _mime(text: Any, path: str) -> str:
    media = str(text).partition(";")[0].strip().lower()
    if media not in FORMATS:
        raise NotTaken("only FHIR JSON and XML can be sent", path=path)
    return media


def _extensions(element: Any, name: str, value: str) -> Iterator[Any]:
    """The values of the extensions of the guide by this name."""
    listed = element.get("extension") if isinstance(element, dict) else None
    for one in listed or []:
        if one.get("url") == f"{BACKPORT}/backport-{name}" and value in one:
            yield one[value]


def _number(channel: Resource, name: str, value: str) -> int:
    return int(next(_extensions(channel, name, value), 0))
