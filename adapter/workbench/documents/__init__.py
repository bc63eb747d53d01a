"""The page Documents: what came in, where each stands, and what somebody may decide about it.

listing      documents, newest first; found by patient or identifier; those that changed since
one          one document: versions, timeline, what was derived, the note when it is asked for
deciding     tried again, given up, taken back            timeline      what happened to a document
subscribers  subscriptions and their health               seen          into the audit
"""

from adapter.workbench.bench import Bench
from adapter.workbench.documents import deciding, listing, one, subscribers
from adapter.workbench.documents.seen import seen
from adapter.workbench.page import Action, Page


def _there(bench: Bench) -> bool:
    return bench.documents is not None


_VERSION = "/{id}/{version:int}"

PAGE = Page(
    path="documents",
    name="Documents",
    there=_there,
    actions=(
        Action(answer=seen(listing.listed, "operation", "$documents")),
        Action(path="/found", method="POST", answer=seen(listing.found, "search-type")),
        Action(path="/now", method="POST", answer=listing.now),
        Action(path="/rows", method="POST", answer=listing.rows),
        Action(path="/subscriptions", answer=seen(subscribers.listed, "operation", "$subscriptions")),
        Action(path="/{id}", answer=seen(one.shown, "read")),
        Action(path="/{id}/now", method="POST", answer=one.now),
        Action(path=_VERSION + "/{fhir}", answer=seen(one.derived, "operation", "$derived")),
        Action(path=_VERSION + "/note", method="POST", answer=seen(one.note, "vread")),
        Action(
            path=_VERSION + "/read",
            method="POST",
            role="engineer",
            answer=seen(deciding.read_again, "operation", "$documents-retry"),
        ),
        Action(
            path=_VERSION + "/deliver",
            method="POST",
            role="engineer",
            answer=seen(deciding.deliver_again, "operation", "$deliveries-retry"),
        ),
        Action(
            path=_VERSION + "/discard",
            method="POST",
            role="engineer",
            answer=seen(deciding.discard, "operation", "$deliveries-discard"),
        ),
        Action(
            path=_VERSION + "/retract",
            method="POST",
            role="administrator",
            answer=seen(deciding.retract, "update"),
        ),
    ),
)
