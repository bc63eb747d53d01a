"""Words that name something else as often: their codes are given where the note speaks for what they name.

"RA" is rheumatoid arthritis, and a right eye, arm or atrium. What a note must say, and what tells the other
meaning, is in `mappings/coding/ambiguous.toml`. Without a note nothing can tell, and the codes stay.
"""

import re
from dataclasses import replace

from adapter.coding.agreeing import Around
from adapter.coding.rules import CodingRules, Doubtful
from adapter.model import Finding, Note, primary

LONGEST = 3  # words of a finding that such a word decides on
AROUND = 40  # characters before and behind a finding in which the other meaning shows
WORD = re.compile(r"\w+")


def meant(finding: Finding, around: Around, rules: CodingRules) -> Finding:
    """The finding, without codes where what it says is likely to mean something else in its note."""
    note = around.note
    if note is None or not finding.codings:
        return finding
    words = WORD.findall(finding.text)
    listed = rules.ambiguous.get(primary(note.language_at(finding.start)), ())
    doubts = [rule for rule in listed if _is_of(rule, finding, words)]
    return (
        replace(finding, codings=())
        if any(not _is_meant(rule, finding, note) for rule in doubts)
        else finding
    )


def _is_of(rule: Doubtful, finding: Finding, words: list[str]) -> bool:
    said = len(words) <= LONGEST and rule.word.casefold() in map(str.casefold, words)
    return said and (not rule.kinds or finding.kind in rule.kinds)


def _is_meant(rule: Doubtful, finding: Finding, note: Note) -> bool:
    text = note.text
    if rule.behind is not None and rule.behind.match(text, finding.end, finding.end + AROUND):
        return False
    if rule.before is not None and rule.before.search(text[max(0, finding.start - AROUND) : finding.start]):
        return False
    if rule.unless is not None and rule.unless.search(text):
        return False
    return rule.needs is None or rule.needs.search(text) is not None
