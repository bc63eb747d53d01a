"""A FHIR server as a sink, with or without conditional interactions. https://hl7.org/fhir/R4/http.html#ccreate

A server that knows them gets the transaction as it is. For one that does not, each entry is searched by its
identifier first; what is there is pointed at, the rest is sent as a transaction, or entry by entry where
there are none, each after those it points at. A Bundle too large for the server goes the next of these ways.

Repeating is safe in all three ways: no POST is ever repeated without a search before it. Between a search and
its POST somebody else could write, so one Bundle must not be sent from two places at once; and a server whose
search lags behind its writes must be given conditional create.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import httpx

from adapter.delivery import answers, capabilities, finding, linking, rest
from adapter.delivery.answers import Interaction
from adapter.delivery.capabilities import Capabilities
from adapter.delivery.finding import Found
from adapter.delivery.refusals import ServerRefused
from adapter.delivery.rest import Rest
from adapter.errors import TargetRefused
from adapter.model import Receipt, ReceiptEntry, Resource

Mode = Literal["auto", "yes", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A Bundle after the searches: what is left to send, and what is known."""

    entries: tuple[Resource, ...]
    known: tuple[ReceiptEntry, ...]


class Conditional:
    """A FHIR server that is asked what it can do, once, and is served accordingly.

    `mode` is "yes" (it has conditional interactions), "no" (search first) or "auto": what its
    CapabilityStatement says, and what it says when it refuses.
    """

    def __init__(self, server: Rest, mode: Mode = "auto") -> None:
        self._server = server
        self._mode = mode
        self._lock = threading.Lock()
        self._told: Capabilities | None = None
        self._unconditional = mode == "no"
        self._single = False

    def send(self, bundle: Resource) -> Receipt:
        """The server has every entry of the Bundle, each once.

        TargetUnavailable when it could not be reached or stayed busy, TargetRefused when it said no.
        """
        if not self.searches(bundle):
            try:
                return self._transacted(bundle)
            except ServerRefused as error:
                if self._mode == "yes":
                    raise
                if not _too_much(error):
                    self._unconditional = _known_to_lack("conditional", error)
        return self._searched(bundle)

    def searches(self, bundle: Resource) -> bool:
        """Whether the server is searched before the Bundle is written: somebody else may write in between."""
        if self._mode == "yes":
            return False
        return self._unconditional or not self._capabilities().conditional(bundle)

    def _capabilities(self) -> Capabilities:
        with self._lock:
            if self._told is None:
                self._told = capabilities.ask(self._server)
            return self._told or Capabilities()

    def _transacted(self, bundle: Resource) -> Receipt:
        """The Bundle as it is: the server itself sees to it that nothing is there twice."""
        patience = self._server.patience()
        while True:
            answer = self._server.once("POST", resource=bundle)
            if not patience.again(answer) and isinstance(answer, httpx.Response):
                return self._receipt(answers.accepted(_json(answer), bundle), patience.attempt)

    def _searched(self, bundle: Resource) -> Receipt:
        if not self._single and self._capabilities().transaction is not False:
            try:
                return self._planned(bundle)
            except ServerRefused as error:
                if not _too_much(error):
                    self._single = _known_to_lack("transaction", error)
        return self._one_by_one(bundle)

    def _planned(self, bundle: Resource) -> Receipt:
        """A transaction of what the server does not have; planned anew before each attempt."""
        patience = self._server.patience()
        while True:
            plan = self._plan(bundle)
            if not plan.entries:
                return self._receipt(plan.known, patience.attempt)
            left = {**bundle, "entry": list(plan.entries)}
            answer = self._server.once("POST", resource=left)
            if not patience.again(answer) and isinstance(answer, httpx.Response):
                sent = answers.accepted(_json(answer), left)
                return self._receipt(_in_order(bundle, (*plan.known, *sent)), patience.attempt)

    def _plan(self, bundle: Resource) -> _Plan:
        """What is found is not sent, but pointed at; an update goes to the id that was found."""
        known: list[ReceiptEntry] = []
        left: list[Resource] = []
        addresses: dict[str, str] = {}
        for number, entry in enumerate(bundle.get("entry", [])):
            found = finding.find(self._server, entry, f"Bundle.entry[{number}]")
            if found is not None:
                addresses[str(entry.get("fullUrl"))] = found.reference
            step = _step(entry, found)
            known += [step] if isinstance(step, ReceiptEntry) else []
            left += [step] if isinstance(step, dict) else []
        gone = {one.full_url for one in known if one.result == "omitted"}
        sent = linking.without(left, gone)
        known += _omitted(left, sent)
        return _Plan(entries=tuple(_relinked(entry, addresses) for entry in sent), known=tuple(known))

    def _one_by_one(self, bundle: Resource) -> Receipt:
        """Every entry by itself, after those it points at."""
        entries = bundle.get("entry", [])
        paths = {str(one.get("fullUrl")): f"Bundle.entry[{number}]" for number, one in enumerate(entries)}
        done: list[ReceiptEntry] = []
        attempts = 1
        for entry in linking.ordered(entries):
            gone = {one.full_url for one in done if one.result == "omitted"}
            addresses = {one.full_url: one.reference for one in done if one.reference}
            if left := linking.without([entry], gone):
                one, tries = self._single_entry(left[0], addresses, paths[str(entry.get("fullUrl"))])
                attempts = max(attempts, tries)
            else:
                one = _omission(entry)
            done.append(one)
        return self._receipt(_in_order(bundle, tuple(done)), attempts)

    def _single_entry(
        self, entry: Resource, addresses: Mapping[str, str], path: str
    ) -> tuple[ReceiptEntry, int]:
        """An entry searched, and written when it has to be; searched again before each further attempt."""
        patience = self._server.patience()
        while True:
            step = _step(entry, finding.find(self._server, entry, path))
            if isinstance(step, ReceiptEntry):
                return step, patience.attempt
            request, resource = step["request"], linking.relinked(step["resource"], addresses)
            answer = self._server.once(request["method"], request["url"], resource=resource)
            if not patience.again(answer) and isinstance(answer, httpx.Response):
                return self._written(answer, entry, step, path), patience.attempt

    def _written(self, answer: httpx.Response, entry: Resource, step: Resource, path: str) -> ReceiptEntry:
        """Location names what was created; a server that does not say is searched once more."""
        body = rest.success(answer, path)
        method, kind = step["request"]["method"], entry["resource"]["resourceType"]
        _, id, version = answers.place(answer.headers.get("Location"))
        if id is None and isinstance(body, dict) and body.get("resourceType") == kind:
            _, id, _ = answers.place(f"{kind}/{body.get('id')}")
        if id is None:
            found = finding.find(self._server, entry, path)
            id, version = (found.id, found.version) if found else (step["resource"].get("id"), None)
        return ReceiptEntry(
            full_url=str(entry.get("fullUrl", "")),
            type=kind,
            result="updated" if method == "PUT" and answer.status_code != 201 else "created",
            status=answer.status_code,
            id=id,
            version=version,
        )

    def _receipt(self, entries: tuple[ReceiptEntry, ...], attempts: int) -> Receipt:
        changed = any(one.result in ("created", "updated") for one in entries)
        return Receipt(
            sink=self._server.url,
            status="sent" if changed else "unchanged",
            location=self._server.url,
            attempts=attempts,
            entries=entries,
        )


def _step(entry: Resource, found: Found | None) -> ReceiptEntry | Resource:
    """What is to be done with an entry after its search: nothing (it is told so), or a plain request."""
    resource, request = entry["resource"], entry["request"]
    if request["method"] == "POST":
        if found is not None:
            return _existing(entry, found)
        return entry | {"request": {"method": "POST", "url": resource["resourceType"]}}
    if found is not None:
        url = found.reference
        return entry | {"resource": resource | {"id": found.id}, "request": {"method": "PUT", "url": url}}
    if finding.condition(entry) is None:
        return entry
    if finding.in_error(resource):
        return _omission(entry)
    return entry | {"request": {"method": "POST", "url": resource["resourceType"]}}


def _existing(entry: Resource, found: Found) -> ReceiptEntry:
    return ReceiptEntry(
        full_url=str(entry.get("fullUrl", "")),
        type=found.type,
        result="existing",
        id=found.id,
        version=found.version,
    )


def _omission(entry: Resource) -> ReceiptEntry:
    kind = str(entry["resource"]["resourceType"])
    return ReceiptEntry(full_url=str(entry.get("fullUrl", "")), type=kind, result="omitted")


def _omitted(before: list[Resource], after: list[Resource]) -> list[ReceiptEntry]:
    stayed = {entry.get("fullUrl") for entry in after}
    return [_omission(entry) for entry in before if entry.get("fullUrl") not in stayed]


def _relinked(entry: Resource, addresses: Mapping[str, str]) -> Resource:
    """The entry pointing at what was found; an entry that was found itself is addressed by its id."""
    return entry | {"resource": linking.relinked(entry["resource"], addresses)}


def _in_order(bundle: Resource, entries: tuple[ReceiptEntry, ...]) -> tuple[ReceiptEntry, ...]:
    by_url = {one.full_url: one for one in entries}
    urls = (str(entry.get("fullUrl", "")) for entry in bundle.get("entry", []))
    return tuple(by_url[url] for url in urls if url in by_url)


def _lacks(interaction: Interaction, error: ServerRefused) -> bool:
    """Whether the server, not one of its entries, said that it does not know an interaction."""
    whole = error.path is None or interaction == "conditional"
    return whole and answers.lacks(interaction, error.status, error.outcome)


def _known_to_lack(interaction: Interaction, error: ServerRefused) -> bool:
    """True when the server said that it does not know an interaction; any other refusal is raised again."""
    if not _lacks(interaction, error):
        raise error
    return True


def _too_much(error: ServerRefused) -> bool:
    """Whether this one Bundle is too large for the server, which may take others."""
    return error.path is None and answers.too_much(error.status, error.outcome)


def _json(answer: httpx.Response) -> object:
    """The answer's JSON; a proxy's empty or foreign "200 OK" is not a transaction done."""
    body = rest.success(answer)
    if body is None:
        raise TargetRefused("The server's answer to the transaction is not JSON")
    return body
