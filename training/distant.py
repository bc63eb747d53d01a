"""Distant labels on real notes: longest terms, numbers by patterns, and what is certainly nothing.

Where the label or the edge of a mention is doubtful nothing is said about it: neither span nor `outside`.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from training import patterns
from training.examples import Example, Span, outermost, records
from training.vocabulary import Vocabulary, key, parts, table

GAP = re.compile(r"[ \t]?\n?[ \t]*|[-/&'’#]|'s |’s |s' |-\n")
SOCIAL_NEAR = re.compile(
    r"\b(social|tobacco|smok\w*|alcohol|drinks?|drank|drinking|drug|drugs|etoh|married|lives|habits"
    r"|den(?:y|ies|ied)|uses?|abuse|consumes?|divorced|drug use|occupation)\b",
    re.I,
)

SELF_EVIDENT = re.compile(
    r"(?:\w+[ -])?(?:smok|tobacco|cigar|drinker|nonsmok|etoh|illicit|marijuana|lives |works )", re.I
)
ALLOWED_DROP = ("condition", "finding", "body_site", "procedure")


@dataclass(frozen=True, kw_only=True)
class Term:
    """What one entry of the word lists stands for."""

    kinds: tuple[str, ...]
    cased: frozenset[str]


@dataclass(frozen=True)
class Word:
    """A word of the text with its place."""

    start: int
    end: int
    folded: str


class Guards:
    """The word lists of `data/distant.toml`."""

    def __init__(self) -> None:
        data = table("distant.toml")
        self.stop = {form for part in parts(data["stop_terms"]) for form in plurals(key(part))}
        self.with_value = {key(part) for part in parts(data["with_value"])}
        self.ambiguous = {form for part in parts(data["ambiguous"]) for form in plurals(key(part))}
        self.name_words = {key(part) for part in parts(data["name_words"])}
        self.done_words = {key(part) for part in parts(data["name_words_done"])}
        self.heads = {part.lower() for part in parts(data["heads"])}
        self.tails = sorted((key(part) for part in parts(data["tails"])), key=len, reverse=True)
        self.test_tails = [key(part) for part in parts(data["test_tails"])]
        self.sides = set(parts(data["side_words"]))
        self.joining = set(parts(data["joining"]))
        self.certain = {
            word for name in ("grading", "function_words", "plain_words") for word in parts(data[name])
        }
        self.not_ordinary = set(parts(data["not_ordinary"]))


def words_of(text: str) -> list[Word]:
    """The words of a text, folded."""
    return [Word(m.start(), m.end(), m[0].lower()) for m in re.finditer(r"[^\W_]+", text)]


def plurals(term: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The term, and its regular plural."""
    yield term
    last = term[-1]
    if len(last) > 3 and not last.endswith("s"):
        yield (
            *term[:-1],
            last[:-1] + "ies" if last.endswith("y") and last[-2] not in "aeiou" else last + "s",
        )


class Lexicon:
    """Terms by their words, ready for longest match."""

    def __init__(self, vocabulary: Vocabulary, guards: Guards) -> None:
        self.terms: dict[tuple[str, ...], Term] = {}
        self.guards = guards
        for trusted, lists in ((True, vocabulary.trusted), (False, vocabulary.guarded)):
            gathered: dict[tuple[str, ...], tuple[set[str], set[str]]] = {}
            for kind, terms in lists.items():
                for term in terms:
                    for words in plurals(key(term)) if key(term) else ():
                        kinds, spellings = gathered.setdefault(words, (set(), set()))
                        kinds.add(kind)
                        spellings.add(term)
            for words, (kinds, spellings) in gathered.items():
                if words not in self.terms and self._usable(words, trusted=trusted):
                    self.terms[words] = Term(kinds=settle(kinds), cased=_cased(spellings, words))
        self.longest = max(map(len, self.terms), default=0)

    def _usable(self, words: tuple[str, ...], *, trusted: bool) -> bool:
        if words in self.guards.ambiguous or len(words) > 9:
            return False
        if words in self.guards.with_value:
            return True
        if not trusted and (words in self.guards.stop or (len(words) == 1 and len(words[0]) < 5)):
            return False
        return any(not word.isdigit() for word in words)

    def match(self, text: str, words: list[Word], at: int) -> tuple[int, Term] | None:
        """Number of words and term of the longest entry that begins at word `at`."""
        reach = 1
        while (
            reach < self.longest
            and at + reach < len(words)
            and _joined(text, words[at + reach - 1], words[at + reach])
        ):
            reach += 1
        for count in range(reach, 0, -1):
            term = self.terms.get(tuple(word.folded for word in words[at : at + count]))
            if term and (not term.cased or text[words[at].start : words[at + count - 1].end] in term.cased):
                return count, term
        return None


def settle(kinds: set[str]) -> tuple[str, ...]:
    """The kinds a term may have, in order; anatomy gives way to any other kind."""
    return tuple(sorted(kinds - {"body_site"} if len(kinds) > 1 else kinds))


def _cased(spellings: set[str], words: tuple[str, ...]) -> frozenset[str]:
    short = all(len(s) <= 2 or (len(s) <= 5 and sum(c.isupper() for c in s) >= 2) for s in spellings)
    if not short:
        return frozenset()
    return frozenset(form for s in spellings for form in ({s, s + "s"} if len(s) > 2 else {s}))


def _joined(text: str, left: Word, right: Word) -> bool:
    return GAP.fullmatch(text, left.end, right.start) is not None


def matches(text: str, words: list[Word], lexicon: Lexicon) -> list[tuple[int, int, Term]]:
    """(first word, word after the last, term) of the entries found, longest first from the left."""
    found, at = [], 0
    while at < len(words):
        match = lexicon.match(text, words, at)
        if match:
            found.append((at, at + match[0], match[1]))
        at += match[0] if match else 1
    return found


class Labeller:
    """Labels notes with one lexicon and one list of ordinary words."""

    def __init__(self, lexicon: Lexicon, ordinary: set[str]) -> None:
        self.lexicon = lexicon
        self.guards = lexicon.guards
        self.ordinary = ordinary

    def label(self, name: str, text: str) -> Example:
        """The example of one note."""
        words = words_of(text)
        found = self._extended(text, words, matches(text, words, self.lexicon))
        doubtful, spans = [], []
        for first, after, kinds in found:
            target = spans if self._sure(text, words, first, after, kinds) else doubtful
            target.append((words[first].start, words[after - 1].end, kinds))
        spans = list(outermost(self._with_patterns(text, spans)))
        doubtful = [span for span in doubtful if patterns.Covered(spans).free(span[0], span[1])]
        outside = outside_ranges(text, words, spans, doubtful, self)
        return Example(id=name, text=text, spans=tuple(spans), complete=(), outside=tuple(outside))

    def _with_patterns(self, text: str, spans: list[Span]) -> list[Span]:
        plain = [s for s in spans if not (s[2] == ("test",) and self._wants_value(text, s))]
        waiting = [s for s in spans if s not in plain]
        known = patterns.Covered([*spans])
        values = list(patterns.results(text, known))
        firsts = [value[0] for value in values]
        for start, end, kinds in waiting:
            at = bisect_left(firsts, end)
            if at < len(firsts) and patterns.RESULT.match(text, end) and firsts[at] - end < 25:
                plain.append((start, end, kinds))
        spans = [*plain, *values]
        spans += [s for s in patterns.ages(text) if patterns.Covered(spans).free(s[0], s[1])]
        spans += list(patterns.doses(text, patterns.Covered(spans)))
        return [*spans, *patterns.directions(text, patterns.Covered(spans))]

    def _wants_value(self, text: str, span: Span) -> bool:
        return key(text[span[0] : span[1]]) in self.guards.with_value

    def _extended(self, text: str, words: list[Word], found: list) -> list[tuple[int, int, tuple[str, ...]]]:
        grown: list[tuple[int, int, tuple[str, ...]]] = []
        for first, after, term in found:
            start, end, kinds = first, after, term.kinds
            if set(kinds) & {"condition", "finding"}:
                end = self._tail(text, words, end, self.guards.tails)
            elif kinds == ("test",):
                end = self._tail(text, words, end, self.guards.test_tails)
            head = words[end - 1].folded in self.guards.heads
            while grown and head and grown[-1][1] == start and self._takes(text, words, grown[-1], start):
                start = grown.pop()[0]
            start = self._lead(text, words, start, kinds, grown[-1][1] if grown else 0)
            grown.append((start, end, kinds))
        return grown

    def _takes(self, text: str, words: list[Word], site: tuple, start: int) -> bool:
        """Whether the body site right before the head belongs to it; laterality stays outside."""
        between = text[words[site[1] - 1].end : words[start].start]
        return (
            site[2] == ("body_site",)
            and between in (" ", "-", "\n")
            and words[site[0]].folded not in self.guards.sides
        )

    def _tail(self, text: str, words: list[Word], end: int, tails: list[tuple[str, ...]]) -> int:
        for tail in tails:
            piece = words[end : end + len(tail)]
            if tuple(w.folded for w in piece) == tail and text[words[end - 1].end : piece[0].start] in (
                " ",
                "\n",
                ", ",
            ):
                return end + len(tail)
        return end

    def _lead(self, text: str, words: list[Word], start: int, kinds: tuple[str, ...], floor: int) -> int:
        if kinds == ("body_site",):
            leads = {(side,) for side in self.guards.sides}
        elif set(kinds) <= {"condition", "finding"}:
            leads = self.guards.name_words
        elif set(kinds) <= {"procedure", "test"}:
            leads = self.guards.done_words
        else:
            return start
        while True:
            for count in (3, 2, 1):
                low = start - count
                if (
                    low >= floor
                    and tuple(w.folded for w in words[low:start]) in leads
                    and _joined(text, words[start - 1], words[start])
                ):
                    start = low
                    break
            else:
                return start

    def _sure(self, text: str, words: list[Word], first: int, after: int, kinds: tuple[str, ...]) -> bool:
        start, end = words[first].start, words[after - 1].end
        if kinds == ("social",):
            if SELF_EVIDENT.match(text, start):
                return True
            before, behind = text[max(0, start - 150) : start], text[end : end + 60]
            return bool(SOCIAL_NEAR.search(before) or SOCIAL_NEAR.search(behind))
        if kinds == ("body_site",) and re.match(r"[ \t]*:", text[end : end + 3]):
            return False
        if after - first > 2 or not set(kinds) & set(ALLOWED_DROP):
            return True
        return self._edge(text, words, first, -1) and self._edge(text, words, after - 1, 1)

    def _edge(self, text: str, words: list[Word], at: int, step: int) -> bool:
        """Whether the neighbour on that side surely does not belong to the mention."""
        other = at + step
        if not 0 <= other < len(words):
            return True
        low, high = (other, at) if step < 0 else (at, other)
        if (
            not _joined(text, words[low], words[high])
            or text[words[low].end : words[high].start].count("\n") > 1
        ):
            return True
        word = words[other].folded
        known = (
            word in self.ordinary
            or word in self.guards.certain
            or word in self.guards.joining
            or word in self.guards.sides
        )
        return known or (step > 0 and words[other].folded in {"s", "p"})


def outside_ranges(
    text: str, words: list[Word], spans: list[Span], doubtful: list[Span], labeller: Labeller
) -> Iterator[tuple[int, int]]:
    """Ranges that are certainly O: ordinary words, joining words between known words, and punctuation."""
    covered, unsure = patterns.Covered(spans), patterns.Covered(doubtful)
    states = []
    for word in words:
        if not covered.free(word.start, word.end):
            states.append("span")
        elif not unsure.free(word.start, word.end):
            states.append("unknown")
        elif word.folded in labeller.ordinary or word.folded in labeller.guards.certain:
            states.append("out")
        else:
            states.append("joining" if word.folded in labeller.guards.joining else "unknown")
    known = {"span", "out", "joining"}
    for at, word in enumerate(words):
        near = states[max(0, at - 1) : at + 2]
        if states[at] == "out" or (states[at] == "joining" and set(near) <= known and "out" in near):
            yield word.start, word.end
    for mark in re.finditer(r"[:;()\[\]*•]|[.,](?=\s|$)", text):
        if covered.free(mark.start(), mark.end()) and unsure.free(mark.start(), mark.end()):
            yield mark.start(), mark.end()


def ordinary_words(texts: Iterable[str], vocabulary: Vocabulary, guards: Guards, least: int = 12) -> set[str]:
    """Words of at least `least` notes that no terminology entry contains: never part of a mention."""
    counts = Counter(word for text in texts for word in {w.folded for w in words_of(text)})
    return {
        word
        for word, count in counts.items()
        if count >= least
        and word.isalpha()
        and len(word) > 2
        and word not in vocabulary.words
        and word not in guards.not_ordinary
    }


def distant(path: Path, vocabulary: Vocabulary) -> Iterator[Example]:
    """The notes of a corpus file with distant labels; an ordinary word is learned from the same notes."""
    guards = Guards()
    notes = list(records(path))
    labeller = Labeller(
        Lexicon(vocabulary, guards), ordinary_words((n["text"] for n in notes), vocabulary, guards)
    )
    for note in notes:
        yield labeller.label(note["id"], note["text"])
