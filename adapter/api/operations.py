"""Operations on the whole line: $extract, for somebody who waits, and $process-message."""

from dataclasses import replace

from adapter.api import intake
from adapter.api.call import Answer, Call
from adapter.api.documents import shown
from adapter.api.faults import Invalid
from adapter.api.intake import KIND, Accepted
from adapter.errors import EngineError, InputError
from adapter.fhir import ids, outcome
from adapter.model import Issue, Resource

FINDINGS = "https://notewright.org/fhir/CodeSystem/message-events"


def extract(call: Call) -> Answer:
    """The Bundle of a document (or a Bundle of them), at once: nothing is stored and nothing is sent.

    422 with an OperationOutcome when nothing could be read. What was left out goes along as an
    OperationOutcome in the Bundle's own entry only when the caller prefers `return=OperationOutcome`.
    """
    document, about = given_documents(call)
    if call.service.deriver is None:
        raise EngineError("this process has no model")
    derived = call.service.deriver.understand(document, call.formats.answer_version)
    bundle = (derived.bundles or {}).get(call.formats.answer_version)
    if bundle is None:
        raise Invalid(derived.issues)
    told = outcome.of(derived.issues) if call.preferences.get("return") == "OperationOutcome" else bundle
    return Answer(resource=told, concerns=about[0], besides=about[1:])


def process_message(call: Call) -> Answer:
    """A message of documents, accepted all or none; the answer is a message that says so.

    https://hl7.org/fhir/R4/messaging.html
    """
    header, documents = _message(call.resource)
    call.service.queue.check(call.service.database, len(documents))
    with call.service.database.writing() as tx:
        accepted = [intake.create(tx, call, document) for document in documents]
    for one in accepted:
        one.start(call)
    stored = tuple(one.stored.content for one in accepted)
    return Answer(resource=_reply(call, header, accepted), concerns=stored[0], besides=stored[1:])


def given_documents(call: Call) -> tuple[Resource, tuple[Resource, ...]]:
    """What the caller sent to be read, a document or a Bundle, and the documents in it, checked.

    Raises Invalid, InputError or NotAllowed naming the element.
    """
    document = _given(call.resource)
    inside = _documents(document)
    for path, one in inside:
        _checked(call, path, one)
    return document, tuple(one for _, one in inside)


def _documents(given: Resource) -> list[tuple[str, Resource]]:
    """The documents to be read, with where they stand."""
    if given.get("resourceType") == KIND:
        return [(KIND, given)]
    if given.get("resourceType") != "Bundle":
        raise Invalid([_wrong(f"Only {KIND} and Bundles of them are taken.", "resourceType")])
    entries = given.get("entry") if isinstance(given.get("entry"), list) else []
    inside = [
        (f"Bundle.entry[{number}].resource", entry.get("resource") if isinstance(entry, dict) else None)
        for number, entry in enumerate(entries or ())
    ]
    found = [(path, one) for path, one in inside if isinstance(one, dict) and one.get("resourceType") == KIND]
    if not found:
        raise Invalid([_wrong(f"There is no {KIND} in the Bundle.", "Bundle.entry")])
    return found


def _checked(call: Call, path: str, document: Resource) -> None:
    """Raises what `intake.checked` does, with the path of the document before that of the element."""
    try:
        intake.checked(document, call.formats.body_version)
    except Invalid as error:
        issues = [replace(one, path=path + (one.path or "").removeprefix(KIND)) for one in error.issues]
        raise type(error)(issues) from error
    call.admit(document)


def _given(resource: Resource) -> Resource:
    """The resource itself, or that of a Parameters."""
    if resource.get("resourceType") != "Parameters":
        return resource
    inside = [
        one["resource"]
        for one in resource.get("parameter") or []
        if isinstance(one, dict) and "resource" in one
    ]
    if len(inside) != 1 or not isinstance(inside[0], dict):
        raise InputError("exactly one parameter with a resource is needed", path="Parameters.parameter")
    return inside[0]


def _message(bundle: Resource) -> tuple[Resource, list[Resource]]:
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "message":
        raise Invalid([_wrong("A message is a Bundle of type message.", "Bundle.type")])
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError("entry is not a list of objects", path="Bundle.entry")
    inside = [entry.get("resource") for entry in entries]
    kinds = [one.get("resourceType") if isinstance(one, dict) else None for one in inside]
    if not kinds or kinds[0] != "MessageHeader":
        raise Invalid([_wrong("The first entry is not a MessageHeader.", "Bundle.entry[0].resource")])
    documents = [
        one for one, kind in zip(inside, kinds, strict=True) if kind == KIND and isinstance(one, dict)
    ]
    if not documents:
        raise Invalid([_wrong(f"There is no {KIND} in the message.", "Bundle.entry")])
    header = inside[0]
    assert isinstance(header, dict)
    return header, documents


def _reply(call: Call, header: Resource, accepted: list[Accepted]) -> Resource:
    """The response message: for whom it is, and which documents were taken."""
    identity = str(header.get("id") or ids.stable("message", *(one.stored.id for one in accepted)))
    told = ids.stable("reply", identity)
    response = {
        "resourceType": "MessageHeader",
        "id": told,
        "eventUri": "https://notewright.org/fhir/MessageDefinition/documents-accepted",
        "source": {"endpoint": call.base}
        if call.formats.answer_version == "r4"
        else {"endpointUrl": call.base},
        "response": {"identifier": identity, "code": "ok"},
        "focus": [{"reference": f"{call.base}/{one.stored.reference}"} for one in accepted],
    }
    if call.formats.answer_version == "r5":
        response["response"] = {"identifier": {"value": identity}, "code": "ok"}
    entries = [{"fullUrl": ids.full_url(told), "resource": response}]
    entries += [
        {"fullUrl": f"{call.base}/{one.stored.reference}", "resource": shown(call, one.stored)}
        for one in accepted
    ]
    return {"resourceType": "Bundle", "id": ids.stable("response", told), "type": "message", "entry": entries}


def _wrong(message: str, path: str) -> Issue:
    return Issue(code="invalid", reason="not-understood", message=message, severity="error", path=path)
