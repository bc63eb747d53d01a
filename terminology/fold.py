"""Names -> their folded words and keys, ready for the `term` table.

The folding is most of the work of a build, so a large one is shared between processes.
"""

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from itertools import islice
from multiprocessing import get_all_start_methods, get_context

import numpy as np
from numpy.typing import NDArray

from terminology import normalise, places
from terminology.normalise import Normaliser

CHUNK = 8_000
SMALL = 16  # chunks that are folded without other processes
Keys = NDArray[np.uint64]
Named = tuple[int, str, str, int, int, bool]  # concept, text, language, preferred, source, active
Row = tuple[int, str, str, int, int, str, int | None, int | None]
Chunk = tuple[list[Row], tuple[Keys, Keys]]


class Gathered:
    """Keys of many chunks, each once."""

    def __init__(self) -> None:
        self._parts: tuple[list[Keys], list[Keys]] = ([], [])

    def add(self, keys: tuple[Keys, Keys]) -> None:
        """Takes the keys of one chunk: of beginnings and of whole names."""
        for parts, part in zip(self._parts, keys, strict=True):
            parts.append(part)

    def arrays(self) -> tuple[Keys, Keys]:
        """All keys, sorted."""
        none = np.zeros(0, np.uint64)
        beginnings, whole = (np.unique(np.concatenate([none, *parts])) for parts in self._parts)
        return beginnings, whole


def folded(names: Iterable[Named], normaliser: Normaliser) -> Iterator[Chunk]:
    """Rows and keys, chunk by chunk in order."""
    chunks = _chunked(names)
    for chunk in islice(chunks, SMALL):
        yield fold(chunk, normaliser)
    alone = "fork" in get_all_start_methods() and threading.active_count() == 1  # a fork harms threads
    if alone and (os.cpu_count() or 1) > 1:
        yield from _shared(chunks, normaliser)
    else:
        yield from (fold(chunk, normaliser) for chunk in chunks)


def fold(names: Sequence[Named], normaliser: Normaliser) -> Chunk:
    """Rows of the `term` table, and the keys of all beginnings and of whole names."""
    rows: list[Row] = []
    beginnings: list[int] = []
    whole: list[int] = []
    for concept, text, language, preferred, source, active in names:
        if not active:
            rows.append((concept, text, language, preferred, source, "", None, None))
            continue
        tokens = normaliser.tokens(text)
        words = normaliser.telling(text, tokens)
        keys = places.place(normaliser, text, tokens)
        place = places.signed(keys[-1]) if keys else None
        beginnings += keys
        whole += keys[-1:]
        squeezed = normalise.hashed(normalise.squeeze(words))
        rows.append((concept, text, language, preferred, source, " ".join(words), squeezed, place))
    return rows, (np.unique(np.array(beginnings, np.uint64)), np.unique(np.array(whole, np.uint64)))


def _chunked(names: Iterable[Named]) -> Iterator[list[Named]]:
    waiting = iter(names)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk


def _shared(chunks: Iterator[list[Named]], normaliser: Normaliser) -> Iterator[Chunk]:
    """The same by a few processes, of which none runs far ahead."""
    first = next(chunks, None)
    if first is None:
        return
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1), mp_context=get_context("fork")) as pool:
        waiting: deque[Future[Chunk]] = deque([pool.submit(_fold, first, normaliser.rules)])
        for chunk in chunks:
            waiting.append(pool.submit(_fold, chunk, normaliser.rules))
            if len(waiting) > 8:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _fold(chunk: Sequence[Named], rules: str) -> Chunk:
    return fold(chunk, _normaliser(rules))


@lru_cache(maxsize=1)
def _normaliser(rules: str) -> Normaliser:
    """A process's own, with its cache of words."""
    return Normaliser(rules)
