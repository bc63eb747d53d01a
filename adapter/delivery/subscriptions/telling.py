"""A document version -> what is told of it: the document, and its findings as they are after it.

What an earlier version made and this one does not is told as entered in error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.delivery import retraction
from adapter.errors import RestError
from adapter.fhir.systems import Version
from adapter.ledger import Transaction, resources, work
from adapter.ledger.work import Work
from adapter.model import Resource

_DONE = (work.EXTRACTED, work.RETRACTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What there is to say of a document version."""

    document: str  # id of the DocumentReference
    version: int
    content: Resource | None  # the DocumentReference; None when it is there no more
    entries: tuple[Resource, ...]  # of a transaction: fullUrl, resource, request

    @property
    def findings(self) -> tuple[Resource, ...]:
        """The resources alone."""
        return tuple(entry["resource"] for entry in self.entries)


def derived(versions: Sequence[Work], version: int) -> bool:
    """Whether there is something to tell of a version."""
    return any(one.version == version and one.state in _DONE for one in versions)


def before(versions: Sequence[Work], version: int) -> int | None:
    """The newest of the earlier versions of a document that findings were derived from."""
    found = [one.version for one in versions if one.version < version and one.state == work.EXTRACTED]
    return max(found, default=None)


def outrun(versions: Sequence[Work], version: int) -> bool:
    """Whether a newer version of the document was derived already: this one holds no more."""
    return any(one.version > version and one.state in _DONE for one in versions)


def told(tx: Transaction, document: str, version: int, earlier: int | None, fhir: Version) -> Told:
    """What is told of a document version that followed an earlier one."""
    new = work.read(tx, document, version)
    old = _bundle(work.read(tx, document, earlier).bundles, fhir) if earlier is not None else None
    bundle = _after(old, _bundle(new.bundles, fhir), fhir)
    return Told(
        document=document,
        version=version,
        content=_content(tx, document, version),
        entries=tuple((bundle or {}).get("entry", [])),
    )


def _after(old: Resource | None, new: Resource | None, fhir: Version) -> Resource | None:
    if old is None:
        return new
    return retraction.superseded(old, new, fhir) if new is not None else retraction.retract(old, fhir)


def _bundle(bundles: Mapping[str, Resource] | None, fhir: Version) -> Resource | None:
    return (bundles or {}).get(fhir)


def _content(tx: Transaction, document: str, version: int) -> Resource | None:
    try:
        return resources.read(tx, "DocumentReference", document, version).content
    except RestError:
        return None
