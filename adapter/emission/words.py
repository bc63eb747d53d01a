"""Whole words of a policy, found in mentions and cues."""

import re
from collections.abc import Iterable, Mapping

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
