"""What is done to the cases, for the audit: never a note's words."""

from adapter.workbench.bench import Act
from adapter.workbench.page import Asked


def told(asked: Asked, what: str, digest: str | None = None) -> None:
    """Tells the audit of something that was done. Raises what the audit raises."""
    client = asked.request.client
    asked.bench.audit(
        Act(
            what=what,
            person=asked.person,
            request_id=str(getattr(asked.request.state, "request_id", "")),
            address=client.host if client else None,
            status=303,
            digest=digest,
        )
    )
