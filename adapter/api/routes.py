"""The routes of the endpoint, as a table: what can be asked, and who answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.api import asking, batch, bulk, deliveries, documents, operations, polling, subscriptions, terms
from adapter.api.call import Handler
from adapter.api.intake import KIND


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that can be asked."""

    method: str
    path: str  # below the FHIR base, in FastAPI's form
    handler: Handler
    kind: str = ""  # the interaction, a key of security.interactions
    resource: str = ""  # FHIR type
    operation: str = ""  # "DocumentReference/$extract"


def table(*, asks: bool = False) -> Sequence[Route]:
    """All routes below the base; with `asks`, there is a language model to be asked tasks."""
    asked = _asked() if asks else ()
    return (*asked, *_documents(), *_terms(), *_system(), *_deliveries(), *_bulk(), *_subscriptions())


def _subscriptions() -> Sequence[Route]:
    kind, one = "Subscription", "/Subscription/{id}"
    status, happened = "Subscription/$status", "Subscription/$events"
    plain = (
        ("POST", f"/{kind}", subscriptions.create, "create", kind),
        ("GET", f"/{kind}", subscriptions.search, "search-type", kind),
        ("GET", one, subscriptions.read, "read", kind),
        ("PUT", one, subscriptions.update, "update", kind),
        ("DELETE", one, subscriptions.delete, "delete", kind),
        ("GET", "/SubscriptionTopic", subscriptions.search_topics, "search-type", "SubscriptionTopic"),
        ("GET", "/SubscriptionTopic/{id}", subscriptions.read_topic, "read", "SubscriptionTopic"),
    )
    asked = (
        (f"/{status}", subscriptions.status, status),
        (f"{one}/$status", subscriptions.status, status),
        (f"{one}/$events", subscriptions.happened, happened),
    )
    operations = [
        Route(method=method, path=path, handler=handler, kind="operation", resource=kind, operation=name)
        for path, handler, name in asked
        for method in ("GET", "POST")
    ]
    return [
        *operations,
        *(
            Route(method=method, path=path, handler=handler, kind=interaction, resource=resource)
            for method, path, handler, interaction, resource in plain
        ),
    ]


def _documents() -> Sequence[Route]:
    one = f"/{KIND}/{{id}}"
    extract = f"{KIND}/$extract"
    return (
        Route(method="POST", path=f"/{KIND}", handler=documents.create, kind="create", resource=KIND),
        Route(method="GET", path=f"/{KIND}", handler=documents.search, kind="search-type", resource=KIND),
        Route(
            method="POST",
            path=f"/{extract}",
            handler=operations.extract,
            kind="operation",
            resource=KIND,
            operation=extract,
        ),
        Route(
            method="POST",
            path=f"/{KIND}/_search",
            handler=documents.search,
            kind="search-type",
            resource=KIND,
        ),
        Route(method="GET", path=one, handler=documents.read, kind="read", resource=KIND),
        Route(method="PUT", path=one, handler=documents.update, kind="update", resource=KIND),
        Route(
            method="GET",
            path=f"{one}/_history",
            handler=documents.history,
            kind="history-instance",
            resource=KIND,
        ),
        Route(
            method="GET",
            path=f"{one}/_history/{{version}}",
            handler=documents.read,
            kind="vread",
            resource=KIND,
        ),
    )


def _asked() -> Sequence[Route]:
    rows = (("POST", "$answer", asking.answer), ("GET", "$tasks", asking.tasks))
    return [
        Route(
            method=method,
            path=f"/{KIND}/{name}",
            handler=handler,
            kind="operation",
            resource=KIND,
            operation=f"{KIND}/{name}",
        )
        for method, name, handler in rows
    ]


def _deliveries() -> Sequence[Route]:
    rows = (
        ("GET", "$deliveries", deliveries.listed),
        ("POST", "$deliveries-retry", deliveries.retry),
        ("POST", "$deliveries-discard", deliveries.discard),
        ("POST", "$documents-retry", deliveries.document_retry),
    )
    return [
        Route(method=method, path=f"/{name}", handler=handler, kind="operation", operation=name)
        for method, name, handler in rows
    ]


def _bulk() -> Sequence[Route]:
    asked = "$bulk-submit-status"
    rows = (
        ("POST", "/$bulk-submit", bulk.submit, "$bulk-submit"),
        ("POST", f"/{asked}", bulk.status, asked),
        ("GET", f"/{asked}/{{id}}", bulk.poll, asked),
        ("DELETE", f"/{asked}/{{id}}", bulk.forget, asked),
        ("GET", "/$bulk-files/{id}/{name}", bulk.file, asked),
    )
    return [
        Route(method=method, path=path, handler=handler, kind="operation", operation=name)
        for method, path, handler, name in rows
    ]


def _terms() -> Sequence[Route]:
    found = []
    for operation, handler in terms.handlers():
        name = f"{operation.resource}/${operation.name}"
        found += [
            Route(
                method=method,
                path=f"/{name}",
                handler=handler,
                kind="operation",
                resource=operation.resource,
                operation=name,
            )
            for method in ("GET", "POST")
        ]
    return found


def _system() -> Sequence[Route]:
    message = "$process-message"
    return (
        Route(method="POST", path="", handler=batch.run, kind="batch"),
        Route(method="POST", path="/", handler=batch.run, kind="batch"),
        Route(
            method="POST",
            path=f"/{message}",
            handler=operations.process_message,
            kind="operation",
            operation=message,
        ),
        Route(method="GET", path="/$async/{id}", handler=polling.poll, kind="polling"),
        Route(method="DELETE", path="/$async/{id}", handler=polling.forget, kind="polling"),
    )
