"""One note speaks one language: what a word is in one place is evidence for what it is in another.

Two kinds of evidence are shared between the places of a note: the same word elsewhere, and the abbreviation
that was introduced in brackets after what it stands for: a mention ("congestive heart failure (CHF)"), or
nothing of interest ("bone mineral density (BMD)"). The second is by Schwartz and Hearst 2003, "A Simple
Algorithm for Identifying Abbreviation Definitions in Biomedical Text".
"""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from adapter.extraction.bio import Chunk, Floats
from adapter.extraction.wordpiece import Words

_REACH = 200  # characters before a bracket in which the long form may stand
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


def _introduced(text: str, words: Words, chunks: Sequence[Chunk]) -> dict[str, int | None]:
    """Abbreviations in brackets right after what they stand for: a mention of a kind, or no mention."""
    found: dict[str, int | None] = {}
    for match in _SHORT.finditer(text):
        short = match.group(1)
        if sum(letter.isupper() for letter in short) < 2:
            continue
        last = int(np.searchsorted(words.starts, match.start())) - 1
        chunk = next((chunk for chunk in chunks if chunk.start <= last < chunk.end), None)
        if chunk is None:
            if abbreviates(short, _before(text, match.start(), len(short))):
                found.setdefault(short, None)
        elif last == chunk.end - 1 and abbreviates(short, text[words.starts[chunk.start] : words.ends[last]]):
            found[short] = chunk.kind
    return found


def _before(text: str, end: int, length: int) -> str:
    """The words in which Schwartz and Hearst look for what an abbreviation of `length` letters stands for."""
    words = text[max(0, end - _REACH) : end].split()
    return " ".join(words[-min(length + 5, 2 * length) :])


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


def _assign(probabilities: Floats, places: range, kind: int | None, share: float) -> None:
    """Gives `share` of the probability to the kind: its beginning or inside first, inside after that."""
    for number, index in enumerate(places):
        row = probabilities[index]
        label = 0 if kind is None else _label(row, kind, first=number == 0)
        row *= 1 - share
        row[label] += share


def _label(row: Floats, kind: int, *, first: bool) -> int:
    begin, inside = 2 * kind + 1, 2 * kind + 2
    return begin if first and row[begin] >= row[inside] else inside
