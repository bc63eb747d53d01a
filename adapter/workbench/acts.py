"""What is done at the workbench, for the audit: never a note's words."""

from adapter.workbench.bench import Act, Interaction
from adapter.workbench.page import Asked


def told(
    asked: Asked,
    what: str,
    *,
    status: int = 200,
    digest: str | None = None,
    document: str | None = None,
    version: str | None = None,
    patients: tuple[str, ...] = (),
    interaction: Interaction = "operation",
    query: str | None = None,
) -> None:
    """Tells the audit of something that was done; what each says: `Act`. Raises what the audit raises."""
    client = asked.request.client
    asked.bench.audit(
        Act(
            what=what,
            person=asked.person,
            request_id=str(getattr(asked.request.state, "request_id", "")),
            address=client.host if client else None,
            status=status,
            digest=digest,
            document=document,
            version=version,
            patients=patients,
            interaction=interaction,
            query=query,
        )
    )
