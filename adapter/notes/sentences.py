"""A note's text -> its sentences: in order, not overlapping, without surrounding white space.

Written for telegraphic notes. Headings, blank lines and list items end a sentence; a line broken in the
middle of one does not. Every character that is not white space belongs to exactly one sentence.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence, Set
from itertools import groupby, pairwise

from adapter.model import Section, Span
from adapter.notes.headings import Headings, Part

NARROW, WIDE = 60, 130  # a note whose longest line is between these is taken to be wrapped
LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
ITEM = re.compile(r"\s*(?:[#>•·▪◦*–—]|-+\s|\(?\d{1,2}[.)](?!\d)|[A-Za-z][.)]\s|\+\s)")
LETTERED = re.compile(r"^[ \t]*o[ \t]+(?=\S)", re.MULTILINE)  # a bullet that lost its sign
STOP = re.compile(
    r"(?<=\S)(?:[.!?]{1,10}[\"'”’)\]]{0,4}(?=\s)|(?<=[a-z]{3})\.(?=[A-Z][a-z])|(?=\s+\d{1,2}[.)]\s+\S))"
)
SHORT = re.compile(r" ?[^\W\d_]{1,3}\.(?!\w)")  # after the first letter of "b. B." or "i. S."
MARKER = re.compile(r"\(?(\d{1,2})[.)]\s")
COUNT = re.compile(r"[0-3]?\d(?:\.[01]?\d)?")
ANSWER = re.compile(r"[ \t]*(\w{1,30})[ \t]*(?=[.,;:!)\r\n]|$)")
NEXT = re.compile(r"[ \t]*(\w{1,30})")
WORD = re.compile(r"[^\s(\[\"“]{1,30}$")


def split(text: str, sections: Sequence[Section], parts: Sequence[Part]) -> tuple[Span, ...]:
    """The sentences of a text; a heading is a sentence of its own, and none goes on in another language."""
    cuts = {point for section in sections for point in (section.heading.start, section.heading.end)}
    opened = [part.start for part in parts]
    spans: list[Span] = []
    for start, end in _blocks(text, cuts.union(opened), parts):
        rules = parts[bisect_right(opened, start) - 1].rules
        spans += _trimmed(text, start, end, _stops(text, start, end, rules))
    return tuple(spans)


def _blocks(text: str, cuts: Set[int], parts: Sequence[Part]) -> Iterator[tuple[int, int]]:
    """Stretches no sentence crosses: between hard line ends and headings."""
    points = sorted({0, len(text), *cuts, *_hard_ends(text, parts)})
    yield from pairwise(points)


def _hard_ends(text: str, parts: Sequence[Part]) -> Iterator[int]:
    """Ends of the lines that are not continued on the next line."""
    lines = [match.span() for match in LINE.finditer(text) if match.end() > match.start()]
    lengths = [len(text[start:end].rstrip()) for start, end in lines]
    longest = max(lengths, default=0)
    around = _paragraphs(lengths)
    opened = [part.start for part in parts]
    marks = {match.start() for match in LETTERED.finditer(text)}
    for index, ((start, end), (after, stop)) in enumerate(pairwise(lines)):
        rules = parts[bisect_right(opened, start) - 1].rules
        line, following = text[start:end].rstrip(), text[after:stop].rstrip()
        item = after in marks and len(marks) > 1
        if item or not _continued(line, following, longest, around[index], rules):
            yield end


def _paragraphs(lengths: Sequence[int]) -> Sequence[int]:
    """For each line the length of the longest line of its paragraph: those between two empty lines."""
    made: list[int] = []
    for filled, group in groupby(lengths, key=bool):
        here = list(group)
        made += [max(here) if filled else 0] * len(here)
    return made


def _continued(line: str, following: str, longest: int, around: int, rules: Headings) -> bool:
    """Whether a line goes on in the next: it was full, or not over and the next begins in lower case.

    The latter not in a paragraph with lines longer than anybody wraps: there a line ends where it was ended.
    """
    if not line.strip() or not following.strip() or ITEM.match(following):
        return False
    first = following.split(maxsplit=1)[0]
    if NARROW <= longest <= WIDE and len(line) + 1 + len(first) > longest - 3:
        return True
    if line[-1] in ".!?:;" or around > WIDE:
        return False
    if not first[0].islower():  # "keine" and its noun below it
        return first[0].isalpha() and rules.goes_on(line)
    return len(line) >= NARROW - 20 or rules.goes_on(line)


def _stops(text: str, start: int, end: int, rules: Headings) -> Iterator[int]:
    """Where sentences end inside a block."""
    opened, item = start, 0
    for match in STOP.finditer(text, start, end):
        begin = opened + len(text[opened : opened + 100]) - len(text[opened : opened + 100].lstrip())
        marker = MARKER.match(text, begin, end)
        item = int(marker.group(1)) if marker else item
        if match.end() == match.start():
            ahead = MARKER.match(text, match.end() + _gap(text, match.end()), end)
            stop = bool(item and ahead and int(ahead.group(1)) == item + 1)
        else:
            stop = _ends(text, begin, match, end, rules)
        if stop:
            yield match.end()
            opened = match.end()


def _ends(text: str, begin: int, match: re.Match[str], end: int, rules: Headings) -> bool:
    """Whether the full stop at `match` ends the sentence that began at `begin`."""
    ahead = text[match.end() : match.end() + 50].lstrip()[:1]
    if not ahead or match.end() >= end:
        return True
    mark = match.group()[0]
    word_match = WORD.search(text, max(begin, match.start() - 31), match.start())
    word = word_match.group() if word_match else ""
    if mark != ".":
        asked = mark == "?" and _next(ANSWER, text, match.end()) not in rules.answers
        return bool(word) and (asked or (mark == "!" and not ahead.islower()))
    bare = word.lower().rstrip(".")
    short = len(word) == 1 and word.islower() and SHORT.match(text, match.end(), end) is not None
    opens = short or ((word.isdigit() or len(word) == 1) and match.start() - len(word) == begin)
    if opens or bare in rules.titles or _counts(text, begin, match.start() - len(word), word, rules):
        return False
    if bare in rules.abbreviations or ("." in bare and not bare[-1].isdigit()):
        return ahead.isupper() and bare not in rules.titles
    if len(word) == 1 and word.isupper():  # "E. coli"
        return not ahead.islower() and not _named(text, begin, match.start() - 1, rules)
    return not ahead.islower() or len(bare) >= 4 or bare[-1:].isdigit() or bare[-1:] in ")%"


def _counts(text: str, begin: int, start: int, word: str, rules: Headings) -> bool:
    """Whether a word with its full stop is a date or a count, as the words around it say."""
    if not COUNT.fullmatch(word):
        return False
    before = text[max(begin, start - 20) : start].split()
    told = bool(before) and before[-1].lower() in rules.dated
    return told or _next(NEXT, text, start + len(word) + 1) in rules.counted


def _next(pattern: re.Pattern[str], text: str, end: int) -> str:
    """The next word of the line, in lower case; none if it does not stand as the pattern wants."""
    word = pattern.match(text, end)
    return word.group(1).lower() if word else ""


def _named(text: str, begin: int, end: int, rules: Headings) -> bool:
    """Whether the capital that ends at `end` is an initial: it follows a title or another initial."""
    before = text[max(begin, end - 12) : end].split()
    return bool(before) and (
        before[-1].rstrip(".").lower() in rules.titles or re.fullmatch(r"[A-Z]\.", before[-1]) is not None
    )


def _trimmed(text: str, start: int, end: int, stops: Iterator[int]) -> Iterator[Span]:
    for stop in [*stops, end]:
        stretch = text[start:stop]
        low = start + len(stretch) - len(stretch.lstrip())
        high = start + len(stretch.rstrip())
        if low < high:
            yield Span(start=low, end=high)
        start = stop


def _gap(text: str, position: int) -> int:
    return len(text[position : position + 50]) - len(text[position : position + 50].lstrip())
