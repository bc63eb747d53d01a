"""Where Subscriptions are handed in: checked, kept, changed, asked about.

Everything here happens in the caller's transaction; `tell` is called when that is on disk.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from adapter.delivery.subscriptions import headers, notification, reading
from adapter.delivery.subscriptions.notifier import shown
from adapter.delivery.subscriptions.subscription import KIND, NotTaken, Rules, Subscription
from adapter.egress import check_endpoint
from adapter.errors import EgressRefused, UnknownResource
from adapter.ledger import Transaction, events, resources
from adapter.ledger.database import instant
from adapter.ledger.events import ACTIVE, ERROR, OFF, REQUESTED, State
from adapter.ledger.resources import Stored
from adapter.model import Resource

PAGE = 100  # events given at once

Tell = Callable[[str, int], None]


class Desk:
    """Keeps Subscriptions. `tell` has a notice delivered: (subscription, number)."""

    def __init__(self, rules: Rules, tell: Tell) -> None:
        self._rules = rules
        self.tell = tell

    def understood(self, resource: Resource) -> Subscription:
        """What a structurally valid Subscription asks for. Raises NotTaken."""
        wanted = reading.read(resource)
        path = f"{KIND}.channel" if wanted.fhir == "r4" else KIND
        if wanted.fhir not in self._rules.versions:
            raise NotTaken("findings are not derived in this FHIR version", path=KIND)
        if wanted.heartbeat and wanted.heartbeat < self._rules.heartbeat:
            raise NotTaken(f"the heartbeat is at least {self._rules.heartbeat} s", path=path)
        if wanted.timeout > self._rules.longest:
            raise NotTaken(f"the timeout is at most {self._rules.longest} s", path=path)
        try:
            check_endpoint(wanted.endpoint, self._rules.egress)
        except EgressRefused as error:
            raise NotTaken(str(error), path=f"{path}.endpoint") from None
        return wanted

    def create(self, tx: Transaction, resource: Resource, *, owner: str, base: str) -> Stored:
        """A new Subscription; notice 0 brings the handshake. Raises NotTaken."""
        wanted = self.understood(resource)
        if resource.get("status") != REQUESTED:
            raise NotTaken("a new Subscription has the status requested", path=f"{KIND}.status")
        tx.lock(f"subscriptions/{owner}")
        if len(events.listed(tx, (REQUESTED, ACTIVE, ERROR, OFF), owner=owner)) >= self._rules.most:
            raise NotTaken(f"there are {self._rules.most} Subscriptions already", path=KIND)
        masked, pairs = headers.taken(resource)
        stored, _ = resources.create(tx, _bare(masked))
        events.add(
            tx, stored.id, owner=owner, fhir=wanted.fhir, base=base, headers=pairs,
            wake=self._soon(tx), ends=_end(wanted),
        )  # fmt: skip
        return stored

    def update(
        self, tx: Transaction, id: str, resource: Resource, *, base: str, expected: int | None
    ) -> tuple[Stored, int | None]:
        """The changed Subscription, and the notice to tell: of a new handshake, None when it is off."""
        events.lock(tx, id)
        self.state(tx, id)
        status = {ACTIVE: REQUESTED}.get(str(resource.get("status")), resource.get("status"))
        if status not in (REQUESTED, OFF):
            raise NotTaken("the status is requested or off", path=f"{KIND}.status")
        wanted = self.understood(resource)
        masked, pairs = headers.taken(resource, events.headers(tx, id))
        changed = shown(_bare(masked), str(status))
        stored = resources.change(tx, KIND, id, lambda old: changed, expected)
        rest = {"failures": 0, "error": None, "due": None, "driver": None, "lease": None, "holder": None}
        on = status == REQUESTED
        events.change(
            tx, id, **rest, status=status, headers=pairs, fhir=wanted.fhir, base=base,
            ends=_end(wanted), wake=self._soon(tx) if on else None,
        )  # fmt: skip
        return stored, events.woken(tx, id) if on else None

    def remove(self, tx: Transaction, id: str) -> None:
        """The Subscription is gone, its events too. Raises UnknownResource or Gone."""
        events.lock(tx, id)
        resources.remove(tx, KIND, id)
        events.remove(tx, id)

    def state(self, tx: Transaction, id: str) -> State:
        """Where a Subscription stands. Raises UnknownResource or Gone."""
        resources.read(tx, KIND, id)
        found = events.read(tx, id)
        if found is None:
            raise UnknownResource(f"there is no such {KIND}")
        return found

    def statuses(self, states: Sequence[State], base: str) -> Resource:
        """The searchset of where these stand."""
        listed = [notification.status(one, "query-status", fhir=one.fhir) for one in states]
        entries = [
            {"fullUrl": f"urn:uuid:{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in listed
        ]
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
        return bundle | ({"entry": entries} if entries else {})

    def events(self, tx: Transaction, state: State, since: int, until: int | None, content: str) -> Resource:
        """The notification of events from one number to another, as many as are still kept."""
        last = min(until if until is not None else state.events, state.events)
        listed = events.between(tx, state.id, since, last, PAGE)
        said = notification.said(tx, listed, content, state.fhir, self._rules.body)
        return notification.notification(
            state, "query-event", said, content=content, fhir=state.fhir, now=tx.now
        )

    def _soon(self, tx: Transaction) -> str:
        return instant(tx.moment + timedelta(seconds=self._rules.grace))


def _bare(resource: Resource) -> Resource:
    """What is kept of what was handed in: the error is ours to say."""
    return {name: value for name, value in resource.items() if name not in ("id", "meta", "error")} | (
        {"meta": {"profile": resource["meta"]["profile"]}}
        if (resource.get("meta") or {}).get("profile")
        else {}
    )


def _end(wanted: Subscription) -> str | None:
    return instant(datetime.fromisoformat(wanted.end)) if wanted.end else None
