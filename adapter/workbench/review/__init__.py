"""The page Review: what is in doubt, and what people say of it.

showing    a document and its verdicts -> what the page shows
answering  forms -> verdicts
"""

from adapter.workbench.bench import Bench
from adapter.workbench.page import Action, Page
from adapter.workbench.review import answering


def there(bench: Bench) -> bool:
    """Whether there is a ledger in which findings wait."""
    return bench.reviews is not None


PAGE = Page(
    path="review",
    name="Review",
    there=there,
    actions=(
        Action(answer=answering.queue, role="reviewer"),
        Action(answer=answering.document, path="/{document}", role="reviewer"),
        Action(answer=answering.say, path="/{document}/verdict", method="POST", role="reviewer"),
        Action(answer=answering.search, path="/{document}/search", method="POST", role="reviewer"),
        Action(answer=answering.add, path="/{document}/add", method="POST", role="reviewer"),
        Action(answer=answering.rest, path="/{document}/rest", method="POST", role="reviewer"),
        Action(answer=answering.send, path="/{document}/send", method="POST", role="reviewer"),
    ),
)
