"""Whole words of a policy, found in mentions and cues."""

import re
from collections.abc import Iterable, Mapping

from adapter.emission.rules import ConditionPolicy, Severity
from adapter.model import Finding


def holds(text: str, words: Iterable[str]) -> bool:
    """Whether a text has one of the words, whole and in any case.

    >>> holds("Severe asthma", ["severe"]), holds("perseverate", ["severe"])
    (True, False)
    """
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) for word in words)


def said(table: Mapping[str, tuple[str, ...]], finding: Finding) -> str | None:
    """What the deciding cues of a finding say by this table, if they say one thing."""
    cues = [cue.text for cue in finding.assertion.cues]
    told = {status for status, words in table.items() if any(holds(cue, words) for cue in cues)}
    return told.pop() if len(told) == 1 else None


def severity(finding: Finding, policy: ConditionPolicy) -> Severity | None:
    """The severity said beside a mention, or in it and not in the disease's name; of two none."""
    beside = [one.text for one in finding.attributes if one.kind == "severity"]
    names = [name for coding in finding.codings for name in (coding.display, coding.term)]
    inside = [finding.text] if finding.codings else []
    found = [
        one
        for one in policy.severity
        if any(holds(text, one.words) for text in beside)
        or any(holds(text, one.words) and not _named(names, one) for text in inside)
    ]
    return found[0] if len(found) == 1 else None


def _named(names: Iterable[str], one: Severity) -> bool:
    return any(holds(name, one.words) for name in names)
