"""Issues -> OperationOutcome. Diagnostics are the issue's own message, which never quotes a note."""

from collections.abc import Sequence

from adapter.model import Issue, Resource


def of(issues: Sequence[Issue]) -> Resource:
    """The OperationOutcome that reports these issues; "all went well" when there are none."""
    listed = [_issue(issue) for issue in issues]
    return {"resourceType": "OperationOutcome", "issue": listed or [_ALL_WELL]}


_ALL_WELL: Resource = {"severity": "information", "code": "informational", "diagnostics": "No issues"}


def _issue(issue: Issue) -> Resource:
    told: Resource = {
        "severity": issue.severity,
        "code": issue.code,
        "details": {"text": issue.reason},
        "diagnostics": issue.message,
    }
    return told | ({"expression": [issue.path]} if issue.path else {})
