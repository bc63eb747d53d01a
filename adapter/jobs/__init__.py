"""The line made durable: what was accepted is derived, delivered and told to subscribers, across crashes.

    accepted --document workflow--> derived --delivery workflow, one a target--> sent
                                            --notice workflow, one a subscription--> told

The ledger says what is to be done and what was done; workflows (DBOS) do it. A workflow's id is what it does
it to, so asking twice is asking once, and every step reads the ledger before it acts, so a step done twice
does nothing more.
"""

from adapter.jobs.breaker import Breaker
from adapter.jobs.decisions import Decisions
from adapter.jobs.delivering import Courier, Posted
from adapter.jobs.deriving import Deriver
from adapter.jobs.gate import Gate
from adapter.jobs.options import Options
from adapter.jobs.submitting import Bounds, Submitter, Taken
from adapter.jobs.workflows import Workflows

__all__ = [
    "Bounds",
    "Breaker",
    "Courier",
    "Decisions",
    "Deriver",
    "Gate",
    "Options",
    "Posted",
    "Submitter",
    "Taken",
    "Workflows",
]
