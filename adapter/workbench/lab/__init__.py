"""The page Mapping lab: rule files, drafts of them, and what a draft changes in the Bundles of documents.

listing   rule files, and one of them      editing   a draft: begun, edited, taken back, discarded, taken away
trying    a draft run over documents       installing  a draft made the site's own
"""

from adapter.workbench.bench import Bench
from adapter.workbench.lab import editing, installing, listing, trying
from adapter.workbench.page import Action, Page

__all__ = ["PAGE"]


def _there(bench: Bench) -> bool:
    return bench.drafts is not None


PAGE = Page(
    path="lab",
    name="Mapping lab",
    there=_there,
    actions=(
        Action(answer=listing.show),
        Action(answer=listing.file, path="/file/{name:path}"),
        Action(answer=editing.begin, path="/begin", method="POST", role="engineer"),
        Action(answer=editing.check, path="/check", method="POST", role="engineer"),
        Action(answer=trying.show, path="/draft/{draft}", role="engineer"),
        Action(answer=trying.run, path="/run/{draft}", method="POST", role="engineer"),
        Action(answer=editing.show, path="/edit/{draft}/{name:path}", role="engineer"),
        Action(answer=editing.save, path="/edit/{draft}/{name:path}", method="POST", role="engineer"),
        Action(answer=editing.revert, path="/revert/{draft}/{name:path}", method="POST", role="engineer"),
        Action(answer=editing.packed, path="/files/{draft}", role="engineer"),
        Action(answer=editing.patched, path="/patch/{draft}", role="engineer"),
        Action(answer=editing.discard, path="/discard/{draft}", method="POST", role="engineer"),
        Action(answer=installing.install, path="/install/{draft}", method="POST", role="administrator"),
    ),
)
