"""What came in, newest first, a page at a time. No patient stands in it: states, times and our own ids."""

import hashlib
from collections.abc import Sequence
from typing import Final

from starlette.responses import JSONResponse, Response

from adapter.errors import InputError, NotAllowed
from adapter.ledger import Transaction, index, resources, standings
from adapter.ledger.standings import Standing
from adapter.workbench.bench import Documents
from adapter.workbench.documents.seen import Told
from adapter.workbench.page import Asked, render, sent_to

KIND: Final = "DocumentReference"
COUNT: Final = 50  # documents of a page
STATES: Final = {
    "Reading": {
        "accepted": "waiting to be read",
        "extracted": "read",
        "failed": "could not be read",
        "retracted": "taken back",
    },
    "Delivery": {
        "waiting": "waiting to be sent",
        "sending": "being sent",
        "sent": "delivered",
        "dead": "not delivered",
        "discarded": "given up",
        "superseded": "a newer version went instead",
    },
}
KNOWN: Final = frozenset(state for group in STATES.values() for state in group)


def part(asked: Asked) -> Documents:
    """What the page works with. NotAllowed where there is none."""
    if asked.bench.documents is None:
        raise NotAllowed
    return asked.bench.documents


def listed(asked: Asked) -> Told:
    """A page of what came in, in a state and for a target where one is asked for."""
    state, target, after = (asked.form.get(name, "") for name in ("state", "target", "after"))
    if state and state not in KNOWN:
        raise InputError("there is no such state", path="state")
    if "\0" in target:
        raise InputError("there is no such target", path="target")
    with part(asked).database.reading() as tx:
        page = standings.page(tx, state=state, target=target, count=COUNT, after=after or None)
        counts, targets = standings.counts(tx), standings.targets(tx)
    first = page.found[0] if page.found else None
    whole = not (state or target or after)
    response = render(
        asked,
        "documents.html",
        rows=page.found,
        next=page.next,
        state=state,
        target=target,
        after=after,
        counts=counts,
        most=standings.MOST,
        targets=targets,
        states=STATES,
        words=words,
        token=token(page.found),
        newest=(f"{first.at}~{first.document}~{first.version}" if first else "0~0~0") if whole else "",
        found=None,
    )
    return Told(response=response)


def found(asked: Asked) -> Told:
    """The documents of a patient, or with an identifier; what was asked for stands in no address."""
    patient, identifier = (asked.form.get(name, "").strip() for name in ("patient", "identifier"))
    after = asked.form.get("after", "")
    if not (patient or identifier):
        return Told(response=sent_to("/workbench/documents"))
    if "\0" in patient + identifier + after:
        raise InputError("a character that no FHIR string may hold")
    with part(asked).database.reading() as tx:
        page = _searched(tx, patient, identifier, after)
        rows = standings.of(tx, [(one.id, one.version) for one in page.found])
        targets = standings.targets(tx)
    response = render(
        asked,
        "documents.html",
        rows=rows,
        next=page.next,
        state="",
        target="",
        after=after,
        counts={},
        most=standings.MOST,
        targets=targets,
        states=STATES,
        words=words,
        token=token(rows),
        newest="",
        found={"patient": patient, "identifier": identifier, "total": page.total},
    )
    query = "&".join(
        f"{name}=" for name, value in (("patient", patient), ("identifier", identifier)) if value
    )
    return Told(response=response, documents=page.found, query=query)


def now(asked: Asked) -> Response:
    """Whether what is shown changed, and how much came in since: what a page asks every few seconds."""
    newest = asked.form.get("newest", "")
    with part(asked).database.reading() as tx:
        rows = standings.of(tx, _rows(asked))
        newer = standings.since(tx, newest) if newest else 0
    return JSONResponse({"token": token(rows), "newer": newer})


def rows(asked: Asked) -> Response:
    """The rows that are shown, as they stand now."""
    with part(asked).database.reading() as tx:
        listed = standings.of(tx, _rows(asked))
    return render(asked, "documents-live.html", rows=listed, token=token(listed), words=words, newest="")


def token(rows: Sequence[Standing]) -> str:
    """Stands for all that is said of these: it changes when anything does."""
    return hashlib.sha256(repr(rows).encode("utf-8", "replace")).hexdigest()[:32]


def words(state: str) -> str:
    """A state in words."""
    return next((group[state] for group in STATES.values() if state in group), state)


def _rows(asked: Asked) -> list[tuple[str, int]]:
    """The document versions a page shows."""
    listed = []
    for value in [value for name, value in asked.fields if name == "row"][: 2 * COUNT]:
        document, _, version = value.rpartition("~")
        if not (document and version.isascii() and version.isdecimal() and len(version) < 10):
            raise InputError("not a document version", path="row")
        listed.append((document.replace("\0", ""), int(version)))
    return listed


def _searched(tx: Transaction, patient: str, identifier: str, after: str) -> resources.Page:
    """The search of the FHIR endpoint; a patient may be named by identifier, a document by our own id."""
    name = "patient:identifier" if "|" in patient else "patient"
    criteria = [index.criterion(KIND, name, _escaped(patient))] if patient else []
    own = [*criteria, index.criterion(KIND, "identifier", _escaped(identifier))] if identifier else criteria
    page = resources.search(tx, KIND, own, count=COUNT, after=after or None)
    if not identifier or page.total:
        return page
    named = [*criteria, index.criterion(KIND, "_id", _escaped(identifier.removeprefix(f"{KIND}/")))]
    return resources.search(tx, KIND, named, count=COUNT)


def _escaped(value: str) -> str:
    """One value, whatever commas are in it."""
    return value.replace(",", "\\,")
