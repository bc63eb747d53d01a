"""The one topic: the findings of a document. https://hl7.org/fhir/R5/subscriptiontopic.html"""

from typing import Final

from adapter.model import Resource

ID: Final = "document-findings"
TOPIC: Final = f"https://notewright.org/fhir/SubscriptionTopic/{ID}"
_FILTERS: Final = (
    ("DocumentReference", "patient", "The patient the document is about: Patient/id, or the id."),
    ("DocumentReference", "document-type", "The type of the document: system|code, code or system|."),
    (None, "resource-type", "The type of a finding: Condition, Observation, ..."),
    (None, "code", "The code of a finding: system|code, code or system|."),
)


def topic() -> Resource:
    """The SubscriptionTopic, the same in R4B and R5; R4 has no such resource."""
    return {
        "resourceType": "SubscriptionTopic",
        "id": ID,
        "url": TOPIC,
        "version": "1",
        "title": "Findings of a document",
        "status": "active",
        "description": "A version of a document was read: its findings are there, replaced or taken back.",
        "resourceTrigger": [
            {
                "description": "Findings were derived from a DocumentReference that was created or updated.",
                "resource": "DocumentReference",
                "supportedInteraction": ["create", "update"],
            }
        ],
        "canFilterBy": [_filter(*one) for one in _FILTERS],
        "notificationShape": [{"resource": "DocumentReference"}],
    }


def _filter(resource: str | None, name: str, description: str) -> Resource:
    found = {"description": description, "filterParameter": name}
    return ({"resource": resource} if resource else {}) | found
