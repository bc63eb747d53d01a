"""The page Cases: documents with the Bundle that they must give, run, read, made and changed.

listing   the list, and runs of it     one      a case: its note beside what differs
making    a note -> a case             changing what somebody changes of a case
"""

from adapter.workbench.bench import Bench
from adapter.workbench.cases import changing, listing, making, one
from adapter.workbench.page import Action, Page

__all__ = ["PAGE"]


def _there(bench: Bench) -> bool:
    return bench.cases is not None


PAGE = Page(
    path="cases",
    name="Cases",
    there=_there,
    actions=(
        Action(answer=listing.show),
        Action(answer=listing.run, path="/run", method="POST"),
        Action(answer=making.show, path="/new", role="engineer"),
        Action(answer=making.propose, path="/new", method="POST", role="engineer"),
        Action(answer=making.add, path="/add", method="POST", role="engineer"),
        Action(answer=one.show, path="/one/{name:path}"),
        Action(answer=changing.head, path="/head/{name:path}", method="POST", role="engineer"),
        Action(answer=changing.expectation, path="/expectation/{name:path}", method="POST", role="engineer"),
        Action(answer=changing.accept, path="/accept/{name:path}", method="POST", role="engineer"),
        Action(answer=changing.remove, path="/remove/{name:path}", method="POST", role="engineer"),
    ),
)
