"""How alike a query and a name are: a score in which 0.9 means the same but for spelling.

Words are laid side by side. A known word is never taken for another known word ("prednisone" is not a
misspelt "prednisolone"); numbers, sides, stages and negations must agree, or the score stays low. With drugs
the least is forgiven: an unknown name may be a drug the store does not have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

from rapidfuzz.distance import OSA

from terminology import inflection
from terminology.normalise import CACHE, Guard, Normaliser
from terminology.words import Correction, Words

SAME = 0.97  # same words in the same order, small words apart
REORDERED = 0.95  # same words in another order
SPECIFIED = 0.91  # same words and "unspecified" or the like
EDIT = 0.03  # taken off for each corrected letter
FIRST_LETTER = 0.12  # and once more when the first letter was wrong
SHORT = 0.82  # times, when a word was corrected that has too few letters for it
INSIDE = (6, 10)  # letters a word must have to be corrected inside in one letter, and in two
ENDING = 5  # letters it must have to have one more or less at its end, where it may be another form
KNOWN = 0.7  # times, when a word that is known was taken for another
DOUBT = 0.12  # taken off when another correction is as near
PARTIAL = 0.88  # times the share of weight in common, when words are left over
ONE_SIDED = 0.5  # times, when one side has a number, side, stage or negation that the other has not
CONFLICT = 0.3  # times, when they contradict each other
PREFIX = 0.75  # times, when only one side has a hyper- or hypo-
LOOKALIKE = 0.5  # times, when a word of a drug's name has more than one wrong letter
NAMES = 1 << 14  # that are kept prepared
WEAK = 0.1  # weight of words like "unspecified" against an ordinary word


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A text prepared for judging."""

    words: tuple[str, ...]  # without small words
    weight: float
    meant: tuple[dict[str, int], ...]  # for each word, what it may be and with how many edits
    groups: tuple[tuple[str, ...], ...]  # for each word that must be found, the words to look for
    corrected: tuple[str, ...]  # the likeliest reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name prepared for being laid beside queries."""

    words: tuple[str, ...]  # without small words
    weight: float
    guard: Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Which words of a query and of a name were taken for each other."""

    laid: "Laid"
    pairs: tuple[tuple[str, str, int], ...]  # word of the query, word of the name, letters corrected
    unmatched: tuple[str, ...]  # words of the query that the name does not have
    more: tuple[str, ...]  # words of the name that the query does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A query laid beside a name."""

    score: float
    edits: int  # corrected letters
    taken: tuple[str, ...]  # the name's words that have a partner, sorted
    closeness: float  # what the score starts from
    first: int  # corrected first letters
    trust: float  # share that is kept for words known by themselves, or short, that were corrected
    agreement: float  # share that is kept for numbers, sides, stages and negations that differ


class Likeness:
    """Judges names by one store's words."""

    def __init__(self, normaliser: Normaliser, words: Words, uncoded: frozenset[str] = frozenset()) -> None:
        """With the words of the store, and others that are known to be right."""
        self._normaliser = normaliser
        self._words = words
        self._uncoded = uncoded
        self._guard = lru_cache(maxsize=CACHE)(normaliser.guard)
        self._name = lru_cache(maxsize=NAMES)(self._prepared)
        self._risky = lru_cache(maxsize=CACHE)(self._is_risky)
        self._weight = lru_cache(maxsize=CACHE)(self._weigh)
        self._forms = lru_cache(maxsize=CACHE)(self._forms_of)

    def query(self, words: Sequence[str], *, wide: bool = False) -> Query:
        """A query made ready; a wide one takes known words for misspelt ones too."""
        kept = self._telling(words)
        meant, groups = [], []
        for word in kept:
            near = () if self._known(word) and not wide else self._near(word)
            meant.append({word: 0} | {one.word: one.edits for one in near})
            groups.append((word,) * (word in self._words) + tuple(one.word for one in near))
        return Query(
            words=kept,
            weight=self._weights(kept),
            meant=tuple(meant),
            groups=tuple(groups),
            corrected=tuple(group[0] if group else word for group, word in zip(groups, kept, strict=True)),
        )

    def scores(self, query: Query, names: Sequence[tuple[int, str]]) -> dict[int, float]:
        """A score for each numbered name, with less trust where two corrections of a word are as near."""
        laid = {words: self._laid(query, self._name(words)) for words in dict.fromkeys(w for _, w in names)}
        fixed = [one for one in laid.values() if one.edits and one.score >= SHORT * SAME - 2 * EDIT]
        nearest = min((one.edits for one in fixed), default=0)
        doubtful = len({one.taken for one in fixed if one.edits == nearest}) > 1
        return {
            number: round(max(0.0, laid[words].score - DOUBT * (doubtful and laid[words].edits > 0)), 4)
            for number, words in names
        }

    def beside(self, query: Query, words: Sequence[str]) -> Beside:
        """How a query was laid beside a name, for people to see."""
        name = self._name(" ".join(words))
        left, pairs, unmatched = list(name.words), list[tuple[str, str, int]](), list[str]()
        for word, options in zip(query.words, query.meant, strict=True):
            other = self._taken(word, options, left)
            if other is None:
                unmatched.append(word)
            else:
                left.remove(other)
                pairs.append((word, other, options[other]))
        laid = self._laid(query, name)
        return Beside(laid=laid, pairs=tuple(pairs), unmatched=tuple(unmatched), more=tuple(left))

    def same_drug(self, words: Sequence[str], name: Sequence[str]) -> float:
        """The share of its score that a drug's name keeps: none for a word that begins otherwise.

        One wrong letter may be a slip; two, or the first, as often make another drug.
        """
        left = [word for word in self._telling(name) if word not in words]
        share = 1.0
        for word in self._telling(words):
            near = {one.word: one.edits for one in self._words.corrections(word)}
            other = None if word in name else self._taken(word, near, left)
            if other is not None and other[0] != word[0]:
                return 0.0
            if other is not None and near[other] > 1:
                share = LOOKALIKE
        return share

    def _near(self, word: str) -> tuple[Correction, ...]:
        """What a misspelt word may be; another form of a known word is no slip for a third one."""
        near = self._words.corrections(word)
        forms = frozenset[str]() if self._known(word) or not near else self._forms(word)
        return tuple(one for one in near if one.word in forms) or near

    def _forms_of(self, word: str) -> frozenset[str]:
        rules = inflection.shipped()
        known = self._words.__contains__
        return frozenset(
            form for language in rules.languages() for form in rules.forms(word, language, known)
        )

    def _known(self, word: str) -> bool:
        return word in self._words or word in self._uncoded

    def _prepared(self, words: str) -> Name:
        kept = self._telling(words.split(" "))
        return Name(words=kept, weight=self._weights(kept), guard=self._guard(kept))

    def _laid(self, query: Query, name: Name) -> Laid:
        """The query's words laid beside a name's."""
        left, taken, read = list(name.words), list[str](), list(query.words)
        both, edits, first, most = 0.0, 0, 0, 1.0
        for place, (word, options) in enumerate(zip(query.words, query.meant, strict=True)):
            other = self._taken(word, options, left)
            if other is None:
                continue
            left.remove(other)
            taken.append(other)
            both += 2 * self._weight(other)
            edits += options[other]
            if options[other] and not self._risky(word, other, options[other]):
                read[place] = other
            first += options[other] > 0 and other[0] != word[0]
            most = min(most, self._trust(word, other, options[other]))
        closeness = self._closeness(query, name.words, left, taken, both / (name.weight + query.weight))
        agreement = self._agreement(self._guard(tuple(read)), name.guard)
        score = max(0.0, (closeness - EDIT * edits - FIRST_LETTER * first) * (most * agreement))
        return Laid(
            score=score,
            edits=edits,
            taken=tuple(sorted(taken)),
            closeness=closeness,
            first=first,
            trust=most,
            agreement=agreement,
        )

    def _closeness(
        self, query: Query, kept: Sequence[str], left: Sequence[str], taken: Sequence[str], share: float
    ) -> float:
        if len(taken) < len(query.words) or any(word not in self._normaliser.weak for word in left):
            return PARTIAL * share
        if left:
            return SPECIFIED
        return SAME if list(taken) == list(kept) else REORDERED

    def _taken(self, word: str, options: dict[str, int], left: Sequence[str]) -> str | None:
        """The word itself, or what it may be with the fewest edits."""
        if word in left:
            return word
        near = [(edits, other) for other, edits in options.items() if other in left]
        return min(near)[1] if near else None

    def _weights(self, words: Sequence[str]) -> float:
        return sum(map(self._weight, words))

    def _is_risky(self, word: str, other: str, edits: int) -> bool:
        """Whether a misspelt word may as well be the opposite of its correction."""
        return any(
            opposite in self._words and OSA.distance(word, opposite) <= edits + 1
            for opposite in self._normaliser.opposites(other)
        )

    def _trust(self, word: str, other: str, edits: int) -> float:
        if word == other:
            return 1.0
        if self._known(word):
            return KNOWN
        shortest = ENDING if _ends_otherwise(word, other) else INSIDE[edits > 1]
        return SHORT if min(len(word), len(other)) < shortest else 1.0

    def _agreement(self, one: Guard, two: Guard) -> float:
        """The trust that the numbers, sides, stages, negations and hyper-/hypo- of both sides allow."""
        if one == two:
            return 1.0
        if one.numbers and two.numbers and one.numbers != two.numbers:
            return CONFLICT
        only = one.words ^ two.words
        groups = [group for group, _ in only]
        if len(set(groups)) < len(groups):
            return CONFLICT
        if only or one.numbers != two.numbers:
            return ONE_SIDED
        lone = [number for number, _ in one.prefixes ^ two.prefixes]
        return CONFLICT if len(set(lone)) < len(lone) else PREFIX

    def _telling(self, words: Sequence[str]) -> tuple[str, ...]:
        kept = tuple(word for word in words if word not in self._normaliser.stop)
        return kept or tuple(words)

    def _weigh(self, word: str) -> float:
        if word in self._normaliser.weak:
            return WEAK
        return 1.0 + max(0.0, 6.0 - log(1 + self._words.terms(word))) / 6.0


def _ends_otherwise(word: str, other: str) -> bool:
    """Whether one word has a letter more at its end, as another form of it may: "Synkopen", "Synkope"."""
    return len(word) != len(other) and (word.startswith(other) or other.startswith(word))
