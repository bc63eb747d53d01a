"""What somebody decides: a document read again, a delivery tried again or given up, a document taken back."""

from adapter.errors import InputError
from adapter.ledger import resources
from adapter.ledger.resources import Stored
from adapter.workbench.documents.listing import KIND, part
from adapter.workbench.documents.one import identity, number
from adapter.workbench.documents.seen import Told
from adapter.workbench.page import Asked, sent_to


def read_again(asked: Asked) -> Told:
    """A version that could not be read is read again."""
    part(asked).decisions.read_again(identity(asked), number(asked))
    return _back(asked)


def deliver_again(asked: Asked) -> Told:
    """A delivery that ended without success is tried again."""
    part(asked).decisions.deliver_again(identity(asked), number(asked), _target(asked))
    return _back(asked)


def discard(asked: Asked) -> Told:
    """A delivery that ended without success is given up."""
    part(asked).decisions.discard(identity(asked), number(asked), _target(asked))
    return _back(asked)


def retract(asked: Asked) -> Told:
    """The document is entered in error; only who says so once more, of the version that was looked at."""
    if asked.form.get("sure") != "yes":
        raise InputError("Nothing was taken back: tick the box to say that you mean it.")
    return _back(asked, part(asked).decisions.retract(identity(asked), number(asked)))


def _target(asked: Asked) -> str:
    target = asked.form.get("target", "")
    if not target or "\0" in target:
        raise InputError("there is no such delivery", path="target")
    return target


def _back(asked: Asked, stored: Stored | None = None) -> Told:
    """To the page of the document, which the audit is told of."""
    id = identity(asked)
    if stored is None:
        with part(asked).database.reading() as tx:
            stored = resources.read(tx, KIND, id)
    return Told(response=sent_to(f"/workbench/documents/{id}"), documents=(stored,))
