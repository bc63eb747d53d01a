"""What was asked for asynchronously, until somebody deletes it."""

import json
import uuid
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from adapter.errors import UnknownResource
from adapter.ledger.database import Transaction
from adapter.ledger.tables import request
from adapter.model import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One asynchronous request."""

    id: str
    kind: str
    owner: str
    at: str
    content: Resource


def add(tx: Transaction, kind: str, owner: str, content: Resource) -> Asked:
    """The request as it was kept."""
    asked = Asked(id=str(uuid.uuid4()), kind=kind, owner=owner, at=tx.now, content=content)
    values = {"id": asked.id, "kind": kind, "owner": owner, "at": asked.at, "content": json.dumps(content)}
    tx.connection.execute(insert(request).values(**values))
    return asked


def read(tx: Transaction, id: str, owner: str) -> Asked:
    """A request of this owner. Raises UnknownResource: who asks for somebody else's learns nothing."""
    row = tx.connection.execute(select(request).where(request.c.id == id, request.c.owner == owner)).first()
    if row is None:
        raise UnknownResource("there is no such request")
    return Asked(id=row.id, kind=row.kind, owner=row.owner, at=row.at, content=json.loads(row.content))


def remove(tx: Transaction, id: str, owner: str) -> None:
    """The request is forgotten. Raises UnknownResource."""
    read(tx, id, owner)
    tx.connection.execute(delete(request).where(request.c.id == id))
