"""Where a mention begins and ends: never inside brackets, a quotation or a code name, nor in two paragraphs.

The classifier labels words and punctuation one by one, so now and then it stops where no reader would: at
"NIK" of "NIK-247", at "FU" of "5-FU", at "PGE(2" of "PGE(2)", behind the hyphen of "heparin-associated", or
in the heading below the paragraph.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from adapter.extraction.bio import Chunk
from adapter.extraction.wordpiece import Words

_CLOSER = {"(": ")", "[": "]", "{": "}"}
_QUOTES = ("'", '"', "‘", "“")
_SIGNS = ("<", ">", "≤", "≥")
_LOOSE = ("-", "–", ",", ";", ":", "/")
# The beginning of a code name, what continues it, and a numeral that a code name begins with ("5-FU").
_CODE = re.compile(r"[A-Z]{1,4}[a-z]?\d{0,3}-?")
_UNIT = r"(?! ?(mg|mcg|µg|g|ml|units?|iu|%)(?!\w))"
_NUMBER = re.compile(rf"(-?\d{{3,}}|[ ](?!\d*00\b)(\d{{4,}}|\d{{2,3}},\d{{3}}))\b{_UNIT}", re.IGNORECASE)
_ISOTOPE = re.compile(r"\w{0,2}-?\[\d{1,3}-?\d{0,3}[A-Z][a-z]?\]-?")  # how a substance was labelled: "[3H]"
_COLUMN = re.compile(r" *\t[ \t]*| {3,}")
_NUMERAL = re.compile(r"(?<![\w,.-])\d{1,2}-$")

WRAPPED = 45  # characters: a line that was wrapped is longer

Range = tuple[int, int]


def settled(
    text: str,
    words: Words,
    chunks: Sequence[Chunk],
    *,
    coded: Collection[int],
    headings: Collection[int] = (),
    sentences: Collection[int] = (),
    headed: Collection[int] = (),
    heads: Collection[str] = (),
) -> list[Chunk]:
    """The chunks with their edges put right.

    `coded` are the kinds that may have code names, `headings` and `sentences` the code points where these
    begin; `heads` are nouns, in lower case, that belong to a mention of a `headed` kind when they follow it.
    An edge moves outwards only over words that no other chunk holds; a chunk never becomes empty.
    """
    taken = {index for chunk in chunks for index in range(chunk.start, chunk.end)}
    found = []
    for chunk in (part for whole in chunks for part in _by_lines(text, words, whole, headings, sentences)):
        span = _in_one_paragraph(text, words, (chunk.start, chunk.end), headings)
        span = _compared(text, words, _balanced(text, words, _trimmed(text, words, span)))
        if chunk.kind in headed:
            span = _with_head(text, words, span, heads)
        if chunk.kind in coded:
            span = _whole_code(text, words, _unlabelled(text, words, span))
        free = all(index not in taken for index in range(*span) if not chunk.start <= index < chunk.end)
        if not free:
            span = (chunk.start, chunk.end)
        taken.update(range(*span))
        found.append(replace(chunk, start=span[0], end=span[1]))
    return found


def _by_lines(
    text: str, words: Words, chunk: Chunk, headings: Collection[int], sentences: Collection[int]
) -> Iterator[Chunk]:
    """A chunk over two lines of a list, or two columns of a table, is two; a first column names the row."""
    start = chunk.start
    for index in range(chunk.start + 1, chunk.end):
        low, high = words.ends[index - 1], words.starts[index]
        column = _COLUMN.fullmatch(text, low, high)
        if high in headings or not (column or _ends_line(text, low, high, sentences)):
            continue
        if not (column and _opens_line(text, words.starts[start])):
            yield replace(chunk, start=start, end=index)
        start = index
    yield replace(chunk, start=start)


def _opens_line(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _ends_line(text: str, low: int, high: int, sentences: Collection[int]) -> bool:
    """Whether the line that ends at `low` is not continued at `high`: it is over, or was not wrapped."""
    if text.count("\n", low, high) != 1:
        return False
    short = low - (text.rfind("\n", 0, low) + 1) < WRAPPED
    return high in sentences or (short and text[high].isupper())


def _word(text: str, words: Words, index: int) -> str:
    return text[words.starts[index] : words.ends[index]]


def _in_one_paragraph(text: str, words: Words, span: Range, headings: Collection[int]) -> Range:
    """Up to the first blank line or heading."""
    start, end = span
    for index in range(start + 1, end):
        between = text[words.ends[index - 1] : words.starts[index]]
        if words.starts[index] in headings or between.count("\n") > 1:
            return start, index
    return span


def _compared(text: str, words: Words, span: Range) -> Range:
    """A number with the sign before it: "<0.01" is not 0.01."""
    start, end = span
    if not _word(text, words, start)[0].isdigit():
        return span
    before = [_word(text, words, index) for index in range(max(0, start - 2), start)]
    signs = (
        2 if before[-1:] == ["="] and before[0] in _SIGNS else int(before[-1:] != [] and before[-1] in _SIGNS)
    )
    return start - signs, end


def _with_head(text: str, words: Words, span: Range, heads: Collection[str]) -> Range:
    """With the noun that the words before it describe: "pituitary" of "pituitary lesion"."""
    start, end = span
    if end == len(words) or _word(text, words, end - 1).lower() in heads:
        return span
    gap = text[words.ends[end - 1] : words.starts[end]]
    return (start, end + 1) if gap.isspace() and _word(text, words, end).lower() in heads else span


def _trimmed(text: str, words: Words, span: Range) -> Range:
    """Without loose punctuation at the end."""
    start, end = span
    while end - start > 1 and _word(text, words, end - 1) in _LOOSE:
        end -= 1
    return start, end


def _balanced(text: str, words: Words, span: Range) -> Range:
    """Closes or cuts off a bracket or a quotation that the mention opens and does not close."""
    start, end = span
    open_at = _unclosed(text, words, span)
    if open_at is None:
        return span
    closer = _CLOSER.get(_word(text, words, open_at))
    glued = open_at > start and words.starts[open_at] == words.ends[open_at - 1]
    if (glued or open_at == start) and end < len(words) and _word(text, words, end) == closer:
        return start, end + 1
    if open_at == start:
        return (start + 1, end) if end - start > 1 else span
    return _trimmed(text, words, (start, open_at))


def _unclosed(text: str, words: Words, span: Range) -> int | None:
    """The first word of `span` that opens a bracket or a quotation which `span` does not close."""
    waiting: list[tuple[int, str]] = []
    for index in range(*span):
        word = _word(text, words, index)
        if waiting and word == waiting[-1][1]:
            waiting.pop()
        elif word in _CLOSER:
            waiting.append((index, _CLOSER[word]))
        elif word in _QUOTES and index > span[0] and words.starts[index] > words.ends[index - 1]:
            waiting.append((index, {"‘": "’", "“": "”"}.get(word, word)))
    return waiting[0][0] if waiting else None


def _unlabelled(text: str, words: Words, span: Range) -> Range:
    """Without the label of a radioactive substance before it."""
    start, end = span
    if label := _ISOTOPE.match(text, words.starts[start], words.ends[end - 1]):
        while start < end - 1 and words.starts[start] < label.end():
            start += 1
    return start, end


def _whole_code(text: str, words: Words, span: Range) -> Range:
    """The whole code name of which the mention holds a part."""
    start, end = span
    written = text[words.starts[start] : words.ends[end - 1]]
    if not _CODE.fullmatch(written):
        return span
    if number := _NUMBER.match(text, words.ends[end - 1]):
        while end < len(words) and words.ends[end] <= number.end():
            end += 1
    before = text[max(0, words.starts[start] - 6) : words.starts[start]]
    if start > 1 and _NUMERAL.search(before):
        start -= 2
    return start, end
