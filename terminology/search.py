"""Text -> the concepts it may mean, best first.

Exact names come from one key; then names with all the words (misspelt ones corrected) from the word index,
words left out one by one while nothing is found; `terminology.likeness` judges what was found.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from rapidfuzz import fuzz, process

from terminology import systems
from terminology.likeness import Likeness, Query
from terminology.model import Hit
from terminology.normalise import CACHE, Normaliser, folded, hashed, squeeze, strip_tag
from terminology.reader import Reader
from terminology.words import Words

LONGEST = 24  # words of a query that are searched for
CANDIDATES = 400  # names taken from the index for one question
JUDGED = 60  # names judged word by word
ENOUGH = 0.8  # best score from which nothing further is tried
LOWEST = 0.2  # hits under this score are not given
ROW = (
    "SELECT term.id, system, code, display, kind, text, language, preferred, words, concept.id FROM term"
    " JOIN concept ON concept.id = term.concept WHERE "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which names and concepts may be given."""

    kinds: frozenset[str]
    languages: frozenset[str]
    systems: frozenset[str]

    def passes(self, kind: str, language: str, system: str) -> bool:
        """Whether a name of a concept may be given."""
        return (
            (not self.kinds or kind in self.kinds)
            and (not self.languages or language in self.languages)
            and (not self.systems or system in self.systems)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name from the store, with its concept."""

    hit: Hit
    words: tuple[str, ...]


class Search:
    """Searches one store."""

    def __init__(self, *, reader: Reader, normaliser: Normaliser) -> None:
        self._reader = reader
        self._normaliser = normaliser
        self._words: Callable[[], Words] = lru_cache(maxsize=1)(lambda: Words(reader))
        self._likeness: Callable[[], Likeness] = lru_cache(maxsize=1)(
            lambda: Likeness(normaliser, self._words())
        )
        self._total = lru_cache(maxsize=CACHE)(self._ask_rowids)

    def hits(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
        limit: int = 10,
    ) -> list[Hit]:
        """Up to `limit` hits, best first, one per concept."""
        wanted = _filter(kinds, languages, systems)
        found = self._exact(text, wanted)
        if len(found) < limit:
            found += self._similar(text, wanted)
        return _best(found)[:limit]

    def exact(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
    ) -> list[Hit]:
        """The concepts with this name, by key alone."""
        return _best(self._exact(text, _filter(kinds, languages, systems)))

    def _exact(self, text: str, wanted: Filter) -> list[Hit]:
        words = self._normaliser.words(text)
        if not words:
            return []
        rows = self._reader.ask(ROW + "squeezed = ? ORDER BY term.id", (hashed(squeeze(words)),))
        return [
            _same(name, text, words) for name in _names(rows, wanted) if squeeze(name.words) == squeeze(words)
        ]

    def _similar(self, text: str, wanted: Filter) -> list[Hit]:
        words = self._normaliser.words(text)[:LONGEST]
        query = self._likeness().query(words)
        found: list[Hit] = []
        judged: set[int] = set()
        for question in self._questions(query):
            numbers = [number for number in self._total(question) if number not in judged]
            judged.update(numbers)
            found += self._judge(query, numbers, wanted)
            if max((hit.score for hit in found), default=0) >= ENOUGH:
                break
        return self._likeness().doubt(query, [hit for hit in found if hit.score >= LOWEST])

    def _judge(self, query: Query, numbers: Sequence[int], wanted: Filter) -> list[Hit]:
        rows = self._reader.ask_each(ROW + "term.id IN ({})", numbers)
        names = sorted(_names(rows, wanted), key=lambda name: (len(name.words), name.words, name.hit.code))
        if len(names) > JUDGED:
            near = process.extract(
                " ".join(query.corrected),
                [" ".join(name.words) for name in names],
                scorer=fuzz.token_sort_ratio,
                limit=JUDGED,
            )
            names = [names[place] for _, _, place in near]
        return [self._likeness().judged(query, name.words, name.hit) for name in names]

    def _questions(self, query: Query) -> Iterable[str]:
        """Index questions from strict to loose; only as many are asked as needed."""
        groups = [self._group(words) for words in query.groups]
        yield _all(groups)
        if len(groups) > 1:
            most = max(1, len(groups) - 2)
            for left in range(len(groups) - 1, most - 1, -1):
                parts = [_all(part) for part in combinations(groups, left)]
                yield " OR ".join(f"({part})" for part in parts[:40] if part)
            for group in self._rarest(query, groups):
                yield group
        wider = [self._group(words) for words in query.wider]
        if wider != groups:
            yield _all(wider)

    def _rarest(self, query: Query, groups: Sequence[str]) -> list[str]:
        order = sorted(
            range(len(groups)),
            key=lambda place: (sum(self._words().terms(w) for w in query.groups[place]), place),
        )
        return [groups[place] for place in order if groups[place]][:2]

    def _group(self, words: Sequence[str]) -> str:
        known = [f'"{word}"' for word in words if word in self._words()]
        return f"({' OR '.join(known)})" if known else ""

    def _ask_rowids(self, question: str) -> tuple[int, ...]:
        if not question:
            return ()
        asked = "SELECT rowid FROM term_words WHERE term_words MATCH ? LIMIT ?"
        return tuple(number for (number,) in self._reader.ask(asked, (question, CANDIDATES)))


def _all(groups: Sequence[str]) -> str:
    """A question for names with every group; empty when a group has no known word."""
    return " AND ".join(groups) if groups and all(groups) else ""


def _filter(kinds: Sequence[str], languages: Sequence[str], systems: Sequence[str]) -> Filter:
    return Filter(kinds=frozenset(kinds), languages=frozenset(languages), systems=frozenset(systems))


def _names(
    rows: Iterable[tuple[int, str, str, str, str, str, str, int, str, int]], wanted: Filter
) -> list[Name]:
    names = []
    for _, system, code, display, kind, text, language, preferred, words, _concept in rows:
        if wanted.passes(kind, language, system):
            hit = Hit(
                system=system,
                code=code,
                display=display,
                kind=kind,
                term=text,
                language=language,
                score=0.0,
                match="fuzzy",
                preferred=bool(preferred),
            )
            names.append(Name(hit=hit, words=tuple(words.split(" "))))
    return names


def _same(name: Name, text: str, words: Sequence[str]) -> Hit:
    if folded(name.hit.term) == folded(text) or folded(strip_tag(name.hit.term)[0]) == folded(text):
        return _scored(name.hit, 1.0, "exact")
    return _scored(name.hit, 0.98 if name.words == tuple(words) else 0.96, "normalised")


def _scored(hit: Hit, score: float, match: str) -> Hit:
    return Hit(
        system=hit.system,
        code=hit.code,
        display=hit.display,
        kind=hit.kind,
        term=hit.term,
        language=hit.language,
        score=score,
        match=match,
        preferred=hit.preferred,
    )


def _best(hits: Iterable[Hit]) -> list[Hit]:
    """One hit per concept, best first, in an order that never changes."""
    order = sorted(
        hits,
        key=lambda hit: (
            -hit.score,
            not hit.preferred,
            systems.rank(hit.system),
            len(hit.term),
            hit.system,
            hit.code,
            hit.term,
        ),
    )
    best: dict[tuple[str, str], Hit] = {}
    for hit in order:
        best.setdefault((hit.system, hit.code), hit)
    return list(best.values())
