"""One note speaks one language: what a word is in one place is evidence for what it is in another.

Two kinds of evidence are shared between the places of a note: the same word elsewhere, and the abbreviation
that was introduced in brackets after a mention ("congestive heart failure (CHF)"). The second is by Schwartz
and Hearst 2003, "A Simple Algorithm for Identifying Abbreviation Definitions in Biomedical Text".
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from adapter.extraction.bio import Chunk, Floats
from adapter.extraction.wordpiece import Words

_SHORT = re.compile(r"\(([^\W_][\w-]{1,9})\)")


def same_words(words: Words, probabilities: Floats, share: float) -> Floats:
    """Probabilities in which every word is partly (`share`) the mean of its places in the note."""
    places: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for index, pieces in enumerate(words.pieces):
        if words.ends[index] - words.starts[index] > 1:
            places[pieces].append(index)
    result = probabilities.copy()
    for repeated in places.values():
        if len(repeated) > 1:
            mean = probabilities[repeated].mean(axis=0)
            result[repeated] += share * (mean - result[repeated])
    return result


def abbreviations(
    text: str, words: Words, probabilities: Floats, chunks: Sequence[Chunk], share: float
) -> Floats | None:
    """Probabilities in which introduced abbreviations are what they stand for; None if there are none."""
    kinds = _introduced(text, words, chunks)
    if not kinds:
        return None
    result = probabilities.copy()
    for short, kind in kinds.items():
        for match in re.finditer(rf"(?<![^\W_]){re.escape(short)}(?![^\W_])", text):
            _assign(result, _covered(words, match.start(), match.end()), kind, share)
    return result


def _introduced(text: str, words: Words, chunks: Sequence[Chunk]) -> dict[str, int]:
    """Abbreviations in brackets right after the mention they abbreviate, with its kind."""
    ends = {words.ends[chunk.end - 1]: chunk for chunk in chunks}
    found = {}
    for match in _SHORT.finditer(text):
        chunk = ends.get(len(text[: match.start()].rstrip()))
        short = match.group(1)
        if chunk is None or sum(letter.isupper() for letter in short) < 2:
            continue
        if abbreviates(short, text[words.starts[chunk.start] : words.ends[chunk.end - 1]]):
            found[short] = chunk.kind
    return found


def abbreviates(short: str, long: str) -> bool:
    """Whether the letters of `short` stand in this order in `long`, the first at the beginning of a word."""
    letters = [letter for letter in short.casefold() if letter.isalnum()]
    folded, at = long.casefold(), len(long) - 1
    if len(long) < len(short) + 2 or len(folded) != len(long):
        return False
    for index in range(len(letters) - 1, -1, -1):
        while at >= 0 and not _fits(folded, at, letters[index], first=index == 0):
            at -= 1
        if at < 0:
            return False
        at -= 1
    return True


def _fits(long: str, at: int, letter: str, *, first: bool) -> bool:
    return long[at] == letter and not (first and at > 0 and long[at - 1].isalnum())


def _covered(words: Words, start: int, end: int) -> range:
    return range(int(np.searchsorted(words.ends, start, "right")), int(np.searchsorted(words.starts, end)))


def _assign(probabilities: Floats, places: range, kind: int, share: float) -> None:
    """Gives `share` of the probability to the kind: its beginning or inside first, inside after that."""
    begin, inside = 2 * kind + 1, 2 * kind + 2
    for number, index in enumerate(places):
        row = probabilities[index]
        label = inside if number or row[inside] > row[begin] else begin
        row *= 1 - share
        row[label] += share
