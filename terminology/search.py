"""Text -> the concepts it may mean, best first.

Exact names come from one key; then names with all the words (misspelt ones corrected) from the word index,
words left out one by one while nothing is found; `terminology.likeness` judges what was found. When nothing
is the same thing, other forms of the words and the other spelling of German letters are tried, abbreviations
are written out, and at last modifiers left out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations, groupby
from typing import Any

from rapidfuzz import fuzz, process

from terminology import abbreviations, inflection, modifiers, uncoded, written
from terminology.abbreviations import Abbreviations
from terminology.comparison import Comparison, Form, Pair, parts
from terminology.likeness import Likeness, Query
from terminology.model import Hit
from terminology.modifiers import Modifiers, Shorter
from terminology.normalise import Normaliser, folded, hashed, squeeze
from terminology.ranking import best
from terminology.reader import HIT, Reader, as_hit
from terminology.words import Words

LONGEST = 24  # words of a query that are searched for
LONGEST_WORD = 60  # letters of a word that is spelled in another way
REMEMBERED = 256  # questions to the index whose answers are kept: the next text often asks them again
CANDIDATES = 300  # names taken from the index for one question, the shortest first
JUDGED = 60  # names judged word by word
ENOUGH = 0.6  # best score from which no looser question is asked
SURE = 0.9  # score from which a name is the same thing
RESPELT = 0.96  # highest score of a name in another spelling of German letters
LOWEST = 0.2  # hits under this score are not given
DRUG = "medication"  # the kind of names that are mistaken for one another
NAMES = f"SELECT {HIT}, words, term.id FROM term JOIN concept ON concept.id = term.concept WHERE "


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which names and concepts may be given."""

    kinds: frozenset[str]
    languages: frozenset[str]
    systems: frozenset[str]
    speech: str = ""  # the language of the text

    def condition(self) -> tuple[str, list[str]]:
        """The same for the database: a condition and its values."""
        columns = (("kind", self.kinds), ("language", self.languages), ("system", self.systems))
        parts, values = ["1"], list[str]()
        for column, allowed in columns:
            if allowed:
                parts.append(f"{column} IN ({','.join('?' * len(allowed))})")
                values += sorted(allowed)
        return " AND ".join(parts), values


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name from the store, with its concept."""

    hit: Hit
    words: tuple[str, ...]
    number: int


class Search:
    """Searches one store."""

    def __init__(self, *, reader: Reader, normaliser: Normaliser) -> None:
        self._reader = reader
        self._normaliser = normaliser
        self._words: Callable[[], Words] = lru_cache(maxsize=1)(lambda: Words(reader))
        self._likeness: Callable[[], Likeness] = lru_cache(maxsize=1)(
            lambda: Likeness(normaliser, self._words(), uncoded.shipped(normaliser))
        )
        self._candidates = lru_cache(maxsize=REMEMBERED)(self._indexed)
        self._modifiers: Callable[[], Modifiers] = lru_cache(maxsize=1)(modifiers.shipped)
        self._abbreviations: Callable[[], Abbreviations] = lru_cache(maxsize=1)(abbreviations.shipped)

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
        found = self._whole(text, wanted, limit)
        if _top(found) < SURE:
            found += self._broader(text, wanted, limit)
        return best(found)[:limit]

    def exact(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
    ) -> list[Hit]:
        """The concepts with this name, by key alone."""
        return best(self._exact(text, _filter(kinds, languages, systems)))

    def compared(self, text: str, hit: Hit, languages: Sequence[str] = ()) -> Comparison:
        """How a text was read as the name of a hit it was given."""
        forms = self._broader_forms(text, languages) if hit.match == "broader" else self._forms(text)
        read = [self._read(form, written, hit) for form, written in forms]
        return max(read, key=lambda one: one[0])[1]

    def _forms(self, text: str) -> Iterable[tuple[Form, str]]:
        yield "as written", text
        if whole := self._abbreviations().written_out(text):
            yield "abbreviations written out", whole
        if (other := self._other_spelling(text)) != text:
            yield "other spelling", other
        rules = inflection.shipped()
        for language in rules.languages():
            yield from (("another form", one) for one in rules.others(text, language, self._known))

    def _broader_forms(self, text: str, languages: Sequence[str]) -> Iterable[tuple[Form, str]]:
        shorter = self._modifiers().shorter(text, languages)
        yield from (("modifiers left out", one.text) for one in shorter)
        if not shorter:
            yield "as written", text

    def _read(self, form: Form, text: str, hit: Hit) -> tuple[tuple[bool, float], Comparison]:
        words = self._normaliser.words(text)[:LONGEST]
        name = self._normaliser.words(self._normaliser.strip_tag(hit.term)[0])
        same = squeeze(words) == squeeze(name)
        beside = self._likeness().beside(self._likeness().query(words), name)
        if beside.laid.score < ENOUGH:
            beside = self._likeness().beside(self._likeness().query(words, wide=True), name)
        pairs = tuple(Pair(asked=one, name=other, edits=edits) for one, other, edits in beside.pairs)
        told = Comparison(
            form=form,
            text=text,
            same=same,
            pairs=pairs,
            unmatched=beside.unmatched,
            more=beside.more,
            parts=() if same else tuple(parts(beside.laid, hit)),
        )
        return (same, beside.laid.score), told

    def _whole(self, text: str, wanted: Filter, most: int) -> list[Hit]:
        """What names the text as it stands, in either spelling."""
        found = self._exact(text, wanted)
        whole = None if found else self._abbreviations().written_out(text)
        if whole and (written := self._exact(whole, wanted)):
            return _other(written)
        if len(found) < most:
            found += self._similar(text, wanted, most)
        if _top(found) < SURE:
            found += self._inflected(text, wanted)
        if _top(found) < SURE:
            found += self._respelt(text, wanted, most)
        if whole and _top(found) < SURE:
            found += _other([hit for hit in self._similar(whole, wanted, most) if hit.score >= ENOUGH])
        return found

    def _inflected(self, text: str, wanted: Filter) -> list[Hit]:
        """Names of the same thing in another form, "Rippenfrakturen" for "Rippenfraktur"."""
        rules = inflection.shipped()
        for language in rules.languages(wanted.languages):
            own = replace(wanted, languages=frozenset({language}))
            for other in rules.others(text, language, self._known):
                if found := self._exact(other, own):
                    return _other(found)
        return []

    def _respelt(self, text: str, wanted: Filter, most: int) -> list[Hit]:
        """German names of the same thing, "Ödem" for "Oedem"."""
        umlauts = self._modifiers().umlauts
        languages = umlauts.languages & (wanted.languages or umlauts.languages)
        other = self._other_spelling(text) if languages else text
        if other == text:
            return []
        german = replace(wanted, languages=languages)
        found = self._exact(other, german) or self._similar(other, german, most)
        return _other([hit for hit in found if hit.score >= SURE])

    def _other_spelling(self, text: str) -> str:
        """The text with each word in the first other spelling that is a word of the store."""
        words = text.split()
        if len(words) > LONGEST:
            return text
        spellings = self._modifiers().umlauts.spellings
        others = [spellings(word) if len(word) <= LONGEST_WORD else [] for word in words]
        found = [next(filter(self._known, some), word) for some, word in zip(others, words, strict=True)]
        return " ".join(found) if found != words else text

    def _known(self, text: str) -> bool:
        return all(word in self._words() for word in self._normaliser.words(text))

    def _broader(self, text: str, wanted: Filter, most: int) -> list[Hit]:
        """What names the text without its modifiers: as few left out as need be."""
        shorter = self._modifiers().shorter(text, wanted.languages)
        for _, listed in groupby(shorter, key=lambda one: one.taken):
            found = [hit for one in listed for hit in self._without(one, wanted, most)]
            if found:
                return found
        return []

    def _without(self, one: Shorter, wanted: Filter, most: int) -> list[Hit]:
        kinds = one.kinds & (wanted.kinds or one.kinds)
        if not kinds or " ".join(self._normaliser.words(one.text)) in self._normaliser.unsaid:
            return []
        return [
            replace(hit, score=round(hit.score * one.share, 4), match="broader")
            for hit in self._whole(one.text, replace(wanted, kinds=kinds), most)
            if hit.score >= SURE
        ]

    def _exact(self, text: str, wanted: Filter) -> list[Hit]:
        words = self._normaliser.words(text)
        if not words:
            return []
        squeezed = squeeze(words)
        allowed, values = wanted.condition()
        question = f"{NAMES} squeezed = ? AND {allowed} ORDER BY term.id"
        names = _names(self._reader.ask(question, (hashed(squeezed), *values)))
        return [
            _same(name, self._normaliser.strip_tag(name.hit.term)[0], text, words)
            for name in names
            if squeeze(name.words) == squeezed and self._meant(text, name.hit, wanted)
        ]

    def _meant(self, text: str, name: Hit, wanted: Filter) -> bool:
        return written.may_mean(text, name, wanted.speech, self._normaliser.everyday)

    def _similar(self, text: str, wanted: Filter, most: int) -> list[Hit]:
        words = self._normaliser.words(text)[:LONGEST]
        if not words:
            return []
        query = self._likeness().query(words)
        found = self._asked(query, wanted)
        if max(found.values(), default=0.0) < ENOUGH:
            wide = self._likeness().query(words, wide=True)
            found = (self._asked(wide, wanted) if wide != query else {}) | found
        numbers = sorted(
            (number for number in found if found[number] >= LOWEST), key=lambda n: (-found[n], n)
        )
        rows = self._reader.ask_each(f"{NAMES} term.id IN ({{}})", numbers[: 4 * most])
        scored = [
            replace(name.hit, score=round(found[name.number] * self._kept(words, name), 4))
            for name in _names(rows)
            if self._meant(text, name.hit, wanted)
        ]
        return [hit for hit in scored if hit.score >= LOWEST]

    def _kept(self, words: Sequence[str], name: Name) -> float:
        """The share of its score that a name keeps: with drugs less is forgiven."""
        if name.hit.kind != DRUG:
            return 1.0
        return self._likeness().same_drug(words, name.words)

    def _asked(self, query: Query, wanted: Filter) -> dict[int, float]:
        """The score of every name found, by its number; looser questions only while nothing fits."""
        found: dict[int, float] = {}
        for question in self._questions(query):
            names = [name for name in self._candidates(question, wanted) if name[0] not in found]
            found |= self._likeness().scores(query, self._nearest(query, names))
            if max(found.values(), default=0.0) >= ENOUGH:
                break
        return found

    def _indexed(self, question: str, wanted: Filter) -> Sequence[tuple[int, str]]:
        """Number and words of the names an index question finds."""
        if not question:
            return ()
        allowed, values = wanted.condition()
        asked = "SELECT term.id, term.words FROM term_words(?) AS found JOIN term ON term.id = found.rowid"
        if values:
            asked += " JOIN concept ON concept.id = term.concept"
        return self._reader.ask(
            f"{asked} WHERE {allowed} ORDER BY found.rowid LIMIT ?", (question, *values, CANDIDATES)
        )

    def _nearest(self, query: Query, names: list[tuple[int, str]]) -> list[tuple[int, str]]:
        if len(names) <= JUDGED:
            return names
        near = process.extract(
            " ".join(query.corrected),
            [words for _, words in names],
            scorer=fuzz.token_sort_ratio,
            limit=JUDGED,
        )
        return [names[place] for _, _, place in near]

    def _questions(self, query: Query) -> Iterable[str]:
        """Index questions from strict to loose."""
        groups = [self._group(words) for words in query.groups]
        yield _all(groups)
        known = [group for group in groups if group]
        if len(known) < len(groups):
            yield _all(known)
        for left in (len(known) - 1, len(known) - 2):
            if left > 1:
                yield " OR ".join(f"({_all(part)})" for part in list(combinations(known, left))[:40])
        if len(groups) > 1:
            yield from self._rarest(query, groups)

    def _rarest(self, query: Query, groups: Sequence[str]) -> list[str]:
        order = sorted(
            range(len(groups)),
            key=lambda place: (sum(self._words().terms(w) for w in query.groups[place]), place),
        )
        return [groups[place] for place in order if groups[place]][:2]

    def _group(self, words: Sequence[str]) -> str:
        known = [f'"{word}"' for word in words if word in self._words()]
        return f"({' OR '.join(known)})" if known else ""


def _all(groups: Sequence[str]) -> str:
    """A question for names with every group; empty when a group has no known word."""
    return " AND ".join(groups) if groups and all(groups) else ""


def each(texts: Sequence[str], ask: Callable[[str], list[Hit]]) -> list[list[Hit]]:
    """What `ask` gives for each text, equal texts asked once."""
    found = {text: ask(text) for text in dict.fromkeys(texts)}
    return [list(found[text]) for text in texts]


def _other(found: Iterable[Hit]) -> list[Hit]:
    """Hits of a text in another form: never exact, never quite the same."""
    return [
        replace(hit, score=min(hit.score, RESPELT), match="normalised" if hit.match == "exact" else hit.match)
        for hit in found
    ]


def _filter(kinds: Sequence[str], languages: Sequence[str], systems: Sequence[str]) -> Filter:
    return Filter(
        kinds=frozenset(kinds),
        languages=frozenset(languages),
        systems=frozenset(systems),
        speech=written.spoken(languages),
    )


def _names(rows: Iterable[Any]) -> list[Name]:
    return [
        Name(
            hit=as_hit(columns, score=0.0, match="fuzzy"),
            words=tuple(words.split(" ")),
            number=number,
        )
        for *columns, words, number in rows
    ]


def _top(hits: Iterable[Hit]) -> float:
    return max((hit.score for hit in hits), default=0.0)


def _same(name: Name, bare: str, text: str, words: Sequence[str]) -> Hit:
    if folded(text) in (folded(name.hit.term), folded(bare)):
        return replace(name.hit, score=1.0, match="exact")
    return replace(name.hit, score=0.98 if name.words == tuple(words) else 0.96, match="normalised")
