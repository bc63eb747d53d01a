"""Note text -> the names that stand in it.

Every beginning of every name is a 64-bit rolling key in one sorted array; a note's words are keyed the same
way, all starts at once, and a start is followed for as long as its key is a beginning. What a key finds is
compared word by word before it counts.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from terminology import places, written
from terminology.model import Hit, TermMatch
from terminology.normalise import CACHE, HYPHENS, MARKS, Normaliser, Token, folded
from terminology.ranking import best
from terminology.reader import HIT, Reader, as_hit

LONGEST = 64  # words and marks of a name
NORMALISED = 0.98
JOINED_BEFORE = re.compile(rf"[^\W_][{MARKS}]*[{HYPHENS}]?\Z")
JOINED_AFTER = re.compile(rf"[{HYPHENS}]?[^\W_]")
LINE = re.compile(r"[^\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name of the store with its concept."""

    hit: Hit
    sequence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names to find: the keys of their beginnings and their own, sorted, and the names of a key."""

    beginnings: NDArray[np.uint64]
    whole: NDArray[np.uint64]
    of: Callable[[int], tuple[Name, ...]]


def stored(reader: Reader, normaliser: Normaliser) -> Names:
    """The names of a store, read from it as they are needed."""
    keys = dict(reader.ask("SELECT name, keys FROM gazetteer"))
    return Names(
        beginnings=np.frombuffer(keys["beginnings"], dtype="<u8"),
        whole=np.frombuffer(keys["whole"], dtype="<u8"),
        of=lru_cache(maxsize=CACHE)(partial(_ask, reader, normaliser)),
    )


def _ask(reader: Reader, normaliser: Normaliser, key: int) -> tuple[Name, ...]:
    question = (
        f"SELECT {HIT} FROM term JOIN concept ON concept.id = term.concept WHERE place = ? ORDER BY term.id"
    )
    hits = (as_hit(row, score=1.0, match="exact") for row in reader.ask(question, (places.signed(key),)))
    return tuple(Name(hit=one, sequence=places.sequence(normaliser.tokens(one.term))) for one in hits)


class Gazetteer:
    """Finds names in notes."""

    def __init__(self, names: Names, normaliser: Normaliser) -> None:
        self._names, self._normaliser = names, normaliser

    def matches(
        self, text: str, *, kinds: Sequence[str] = (), languages: Sequence[str] = ()
    ) -> list[TermMatch]:
        """Non-overlapping matches in text order; of overlapping ones the longest, then the first, stays."""
        tokens = self._normaliser.tokens(text)
        spans = self._spans(tokens)
        spans.sort(key=lambda span: (tokens[span[0]].start - tokens[span[1] - 1].end, span[0]))
        taken = bytearray(len(tokens))
        found = []
        for first, last, key in spans:
            if any(taken[first:last]):
                continue
            match = self._match(text, tokens[first:last], key, kinds, languages)
            if match:
                taken[first:last] = b"\1" * (last - first)
                found.append(match)
        return sorted(found, key=lambda match: match.start)

    def _spans(self, tokens: Sequence[Token]) -> list[tuple[int, int, int]]:
        """Stretches of tokens whose key is a name's: first token, one past the last, key."""
        key_of = self._normaliser.key
        words = np.array([key_of(token.word) for token in tokens], dtype=np.int64).view(np.uint64)
        starts = np.arange(len(words))
        keys = np.zeros(len(words), dtype=np.uint64)
        found: list[tuple[int, int, int]] = []
        for length in range(LONGEST):
            inside = starts + length < len(words)
            starts, keys = starts[inside], keys[inside]
            keys = keys * np.uint64(places.FACTOR) + words[starts + length]
            alive = _among(keys, self._names.beginnings)
            starts, keys = starts[alive], keys[alive]
            if not len(starts):
                break
            whole = _among(keys, self._names.whole)
            found += [
                (first, first + length + 1, key)
                for first, key in zip(starts[whole].tolist(), keys[whole].tolist(), strict=True)
            ]
        return found

    def _match(
        self, text: str, tokens: Sequence[Token], key: int, kinds: Sequence[str], languages: Sequence[str]
    ) -> TermMatch | None:
        start, end = tokens[0].start, tokens[-1].end
        if not _bounded(text, start, end):
            return None
        words, plain = places.sequence(tokens), folded(text[start:end])
        speech = written.spoken(languages)
        hits = [
            self._as_written(name.hit, plain)
            for name in self._names.of(key)
            if name.sequence == words
            and (not kinds or name.hit.kind in kinds)
            and (not languages or name.hit.language in languages)
            and written.may_mean(text[start:end], name.hit, speech, self._normaliser.everyday)
            and self._meant(name.hit.term, text, start, end)
        ]
        if not hits:
            return None
        codes = tuple(best(hits))
        first = codes[0]
        return TermMatch(
            start=start,
            end=end,
            kind=first.kind,
            system=first.system,
            code=first.code,
            term=first.term,
            codes=codes,
        )

    def _as_written(self, hit: Hit, plain: str) -> Hit:
        if folded(hit.term) == plain:
            return hit
        return replace(hit, match="normalised", score=NORMALISED)

    def _meant(self, term: str, text: str, start: int, end: int) -> bool:
        """Whether a name in capitals is meant: "ALL" is not "all", nor is the MS of a store "ms"."""
        if not term.isupper() or not (len(term) <= 2 or term.lower() in self._normaliser.everyday):
            return True
        if text[start:end].upper() != text[start:end]:
            return False
        line = text[text.rfind("\n", 0, start) + 1 : start] + _rest_of_line(text, end)
        return len(term) <= 2 or any(letter.islower() for letter in line) or not any(map(str.isalpha, line))


def longest(found: Sequence[TermMatch]) -> list[TermMatch]:
    """Those that overlap no longer one, nor one as long that comes first, in text order."""
    taken = bytearray(max((match.end for match in found), default=0))
    kept = []
    for match in sorted(found, key=lambda match: match.start - match.end):
        if not any(taken[match.start : match.end]):
            taken[match.start : match.end] = b"\1" * (match.end - match.start)
            kept.append(match)
    return sorted(kept, key=lambda match: match.start)


def _among(keys: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    place = np.searchsorted(known, keys)
    place[place == len(known)] = 0
    same: NDArray[np.bool_] = known[place] == keys
    return same


def _bounded(text: str, start: int, end: int) -> bool:
    """Whether a stretch begins and ends where words do: "pain" does not stand in "pain-free"."""
    before = JOINED_BEFORE.search(text, max(0, start - 4), start) if text[start].isalnum() else None
    after = JOINED_AFTER.match(text, end) if text[end - 1].isalnum() else None
    return before is None and after is None


def _rest_of_line(text: str, end: int) -> str:
    match = LINE.match(text, end)
    return match[0] if match else ""
