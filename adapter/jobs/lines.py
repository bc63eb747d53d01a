"""What a line of a bulk file becomes: a document as it is understood here, or an outcome that says why."""

from collections.abc import Sequence
from dataclasses import replace

from adapter.fhir import ids, outcome
from adapter.model import Issue, Resource

LINE = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line"
MOST = 20  # issues told of one line


def placed(document: Resource, base: str) -> Resource:
    """The document with what is only understood where it comes from: its id, relative URLs of attachments."""
    contents = document.get("content")
    made = dict(document)
    if isinstance(contents, list):
        made["content"] = [_absolute(one, base) for one in contents]
    if isinstance(document.get("id"), str) and not document.get("identifier"):
        own = f"{base}/{document.get('resourceType')}/{document['id']}"
        made["identifier"] = [ids.identifier("urn:ietf:rfc:3986", own)]
    return made


def told(issues: Sequence[Issue], where: str, line: int | None = None) -> Resource:
    """The OperationOutcome of a manifest, file or line, saying which."""
    spot = f"{where}, line {line}" if line is not None else where
    made = outcome.of([replace(one, message=f"{spot}: {one.message}") for one in issues[:MOST]])
    if line is not None:
        for one in made["issue"]:
            one["extension"] = [{"url": LINE, "valueInteger": line}]
    return made


def issue_of(code: str, reason: str, message: str, path: str | None = None) -> Issue:
    """An error."""
    return Issue(code=code, reason=reason, message=message, severity="error", path=path)


def _absolute(content: object, base: str) -> object:
    attachment = content.get("attachment") if isinstance(content, dict) else None
    url = attachment.get("url") if isinstance(attachment, dict) else None
    if not isinstance(url, str) or ":" in url or url.startswith("/"):
        return content
    assert isinstance(content, dict) and isinstance(attachment, dict)
    return {**content, "attachment": {**attachment, "url": f"{base}/{url}"}}
