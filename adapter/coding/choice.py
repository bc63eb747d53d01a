"""Who is asked where the search alone is unsure: the candidates of a finding in, one of them or none out.

Who answers is not coding's business: a language model, a person. Only concepts that the search found are
offered, so that a wrong answer is at worst the wrong one of these.
"""

from collections.abc import Sequence
from typing import Protocol

from adapter.model import Choice, Finding, Issue, Note
from terminology import Concept

Question = tuple[Finding, tuple[Concept, ...]]
"""A finding and the concepts it may be, best first; of a concept's names the one that matched is first."""


class Chooser(Protocol):
    """Chooses among candidates. Safe to use from several threads."""

    def choose(self, note: Note, questions: Sequence[Question]) -> Sequence[Choice]:
        """One choice for each question, in their order; `Choice.index` counts the question's concepts.

        Raises EngineError when who chooses cannot be asked.
        """


REASONS = {
    "none": ("none-chosen", "None of the candidate concepts was chosen; the finding keeps its own words."),
    "unsure": ("choice-unsure", "The choice was not sure enough; the finding keeps its own words."),
    "disagreed": (
        "choice-disagreed",
        "Asked again in another order, the answer was another; the finding keeps its own words.",
    ),
    "failed": ("choice-failed", "No usable choice among the candidates came; the search alone decided."),
}


def issue(finding: Finding) -> Issue | None:
    """What is to be said of a choice that gave no concept; None where there is nothing to say."""
    if finding.choice is None or finding.choice.outcome not in REASONS:
        return None
    reason, message = REASONS[finding.choice.outcome]
    failed = finding.choice.outcome == "failed"
    return Issue(
        code="incomplete" if failed else "informational",
        reason=reason,
        message=message,
        severity="warning" if failed else "information",
        start=finding.start,
        end=finding.end,
        kind=finding.kind,
    )
