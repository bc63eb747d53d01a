"""Which lines of a section its heading still speaks of, where its words begin on the heading's own line.

"PMH: gout, appendectomy" with a line "Alert, chest clear. No edema." below it: the list is over, though no
heading says so. Items, years, short lines without a full stop and what goes on in lower case belong to it.
"""

import re

from adapter.model import Section, Span

ITEM = re.compile(
    r"[ \t]|[#>•·▪◦*–—+-]|\(?\d{1,2}[.):]\s|['’(]?(?:19|20)?\d\d\b|[^\W\d_]{0,3}\d{4}\b|\W*[a-zß-ÿ]"
)
OVER = re.compile(r"[^\W\d_]{2}[.!?](?:\s|$)")  # "mg." and dates end no sentence for sure; words do
NUMBERED = re.compile(r"\(?\d{1,2}[.)]")
ITEM_MARKS = "-•*·▪◦–—#>+"
MOST = 40  # lines that are looked at


def over(text: str, section: Section, place: int) -> bool:
    """Whether a list that begins on the line of its heading has ended before this place."""
    first = text.find("\n", section.heading.end, place)
    if first < 0 or not text[section.heading.end : first].strip():
        return False
    for _ in range(MOST):
        start = first + 1
        first = text.find("\n", start)
        line = text[start : first if first >= 0 else len(text)]
        if line.strip() and not ITEM.match(line) and OVER.search(line):
            return True
        if not start <= place or first < 0 or first >= place:
            return False
    return True


def is_item(text: str, sentence: Span) -> bool:
    """Whether a sentence is an item of a list."""
    first = text[sentence.start : sentence.start + 4]
    return first[0] in ITEM_MARKS or NUMBERED.match(first) is not None


def gap_before(text: str, sentence: Span) -> bool:
    """Whether a list ends here: two blank lines or more stand before the sentence."""
    before = text[max(0, sentence.start - 8) : sentence.start]
    return before.count("\n") > 2
