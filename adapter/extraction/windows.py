"""Words and sentences -> windows short enough for the encoder.

Consecutive sentences share a window while they fit; a sentence longer than a window is cut into
overlapping ones, and each word is then read from the window in which it stands furthest from an edge.
Short windows are what llama.cpp encodes fastest (`docs/decisions/002-windows.md`).
"""

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from adapter.extraction.wordpiece import Words
from adapter.model import Span

SIZE = 126  # pieces; with [CLS] and [SEP] 128
OVERLAP = 32  # pieces shared by two windows of one long sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Words `start` to `end`, of which `keep_start` to `keep_end` are read from this window."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def cut(words: Words, sentences: Sequence[Span], size: int = SIZE, overlap: int = OVERLAP) -> list[Window]:
    """The windows of a note, in order; every word is kept in exactly one."""
    lengths = [min(len(pieces), size) for pieces in words.pieces]
    windows: list[Window] = []
    begin, used = 0, 0
    for start, end in _word_ranges(words, sentences):
        length = sum(lengths[start:end])
        if used and used + length > size:
            windows.append(_whole(begin, start))
            begin, used = start, 0
        if length > size:
            windows += _overlapping(lengths, start, end, size, overlap)
            begin, used = end, 0
        else:
            used += length
    if used:
        windows.append(_whole(begin, len(words)))
    return windows


def _word_ranges(words: Words, sentences: Sequence[Span]) -> list[tuple[int, int]]:
    """Sentences as word ranges that together cover all words."""
    bounds = sorted({bisect_left(words.starts, sentence.start) for sentence in sentences} | {0, len(words)})
    return [(a, b) for a, b in itertools.pairwise(bounds) if a < b]


def _whole(start: int, end: int) -> Window:
    return Window(start=start, end=end, keep_start=start, keep_end=end)


def _overlapping(lengths: Sequence[int], start: int, end: int, size: int, overlap: int) -> list[Window]:
    ranges = []
    begin = start
    while True:
        stop = _fill(lengths, begin, end, size)
        ranges.append((begin, stop))
        if stop == end:
            break
        begin = max(_back(lengths, begin, stop, overlap), begin + 1)
    edges = [start] + [(b[0] + a[1]) // 2 for a, b in itertools.pairwise(ranges)] + [end]
    return [
        Window(start=a, end=b, keep_start=edges[index], keep_end=edges[index + 1])
        for index, (a, b) in enumerate(ranges)
        if edges[index] < edges[index + 1]  # of very long words a window may have none to keep
    ]


def _fill(lengths: Sequence[int], begin: int, end: int, size: int) -> int:
    used, stop = 0, begin
    while stop < end and used + lengths[stop] <= size:
        used += lengths[stop]
        stop += 1
    return stop


def _back(lengths: Sequence[int], begin: int, stop: int, overlap: int) -> int:
    used = 0
    while stop > begin and used < overlap:
        stop -= 1
        used += lengths[stop]
    return stop
