"""Phrases of rules: words, alternatives and gaps -> a graph that is walked word by word.

`a|b` are alternatives, `x?` may be missing, `_` is a space within an alternative, and some places are no
words (`CLASSES`).
"""

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Generic, TypeVar

TOKEN = re.compile(  # a mark such as U+0301 belongs to the letter before it; "n't" is a word
    r"[^\W_]++(?!['’\u0300-\u036f])|[^\W_]+(?=[nN]['’][tT]\b)|[nN]['’][tT]\b"
    r"|[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*|[^\w\s]|_"
)
GAP, YEAR, NUMBER, RELATIVE, END, START = "...", "<year>", "<number>", "<relative>", "<end>", "<start>"
CLASSES = frozenset({GAP, YEAR, NUMBER, RELATIVE, END, START})
WILD = frozenset({GAP, RELATIVE, END})  # those that stand for any number of words
WITHIN = r"[^\W_]"  # what no word begins behind
What = TypeVar("What")


@dataclass(slots=True)
class Node(Generic[What]):
    """A place in the graph of phrases, with what the phrases that end here stand for."""

    next: dict[str, "Node[What]"] = field(default_factory=dict)
    entries: tuple[What, ...] = ()
    wild: bool = False  # whether what is no word of its own may follow: a gap, a relative, the end


def grown(phrases: Iterable[tuple[str, What]], *, unaccented: bool = False) -> Node[What]:
    """The graph of phrases, each with what it stands for: every wording is one way through it.

    Wordings that go on alike share their places (subset construction: Rabin & Scott 1959,
    https://doi.org/10.1147/rd.32.0114), so that ten alternatives before ten others are twenty ways and not a
    hundred.
    """
    steps: _Steps[What] = _Steps()
    return steps.graph([steps.add(phrase, what, unaccented=unaccented) for phrase, what in phrases])


class _Steps(Generic[What]):
    """Phrases as they are written: numbered steps, and the words that lead from one to another."""

    def __init__(self) -> None:
        self._ways: list[list[tuple[str, int]]] = []
        self._skips: dict[int, int] = {}  # over an element that may be missing
        self._ends: dict[int, What] = {}

    def add(self, phrase: str, what: What, *, unaccented: bool) -> int:
        """Takes up a phrase; its first step."""
        first = step = self._fresh()
        for element in phrase.split():
            after = self._fresh()
            for way in _element(element):
                self._lead(step, spelled(way, unaccented=unaccented), after)
            step = after
        self._ends[step] = what
        return first

    def _fresh(self) -> int:
        self._ways.append([])
        return len(self._ways) - 1

    def _lead(self, step: int, tokens: Sequence[str], after: int) -> None:
        if not tokens:
            self._skips[step] = after
            return
        for token in tokens[:-1]:
            between = self._fresh()
            self._ways[step].append((token, between))
            step = between
        self._ways[step].append((tokens[-1], after))

    def graph(self, firsts: Iterable[int]) -> Node[What]:
        """The places of the phrases that begin at these steps: those with the same steps ahead are one."""
        begin = self._closed(firsts)
        known: dict[tuple[int, ...], Node[What]] = {begin: Node()}
        waiting = [begin]
        while waiting:
            steps = waiting.pop()
            node = known[steps]
            node.entries = tuple(self._ends[step] for step in steps if step in self._ends)
            for token, after in self._following(steps).items():
                if after not in known:
                    known[after] = Node()
                    waiting.append(after)
                node.next[token] = known[after]
            node.wild = not WILD.isdisjoint(node.next)
        return known[begin]

    def _following(self, steps: Iterable[int]) -> dict[str, tuple[int, ...]]:
        led: dict[str, list[int]] = defaultdict(list)
        for step in steps:
            for token, after in self._ways[step]:
                led[token].append(after)
        return {token: self._closed(after) for token, after in led.items()}

    def _closed(self, steps: Iterable[int]) -> tuple[int, ...]:
        """These steps and those that are reached without a word, in the order of their phrases."""
        reached, waiting = set[int](), list(steps)
        while waiting:
            step = waiting.pop()
            if step not in reached:
                reached.add(step)
                waiting += [self._skips[step]] if step in self._skips else []
        return tuple(sorted(reached))


def expanded(phrase: str) -> set[tuple[str, ...]]:
    """Every token sequence a phrase stands for."""
    choices = [list(_element(element)) for element in phrase.split()]
    return {tuple(itertools.chain(*combination)) for combination in itertools.product(*choices)}


def count(phrase: str) -> int:
    """How many token sequences a phrase stands for at most."""
    return prod(
        element.count("|") + 1 + (len(element) > 1 and element.endswith("?")) for element in phrase.split()
    )


def tokens_of(text: str) -> list[str]:
    """The words and signs of a text as rules see them: lower case, one apostrophe."""
    return TOKEN.findall(text.lower().replace("’", "'"))


def spelled(tokens: Sequence[str], *, unaccented: bool) -> tuple[str, ...]:
    """The tokens as a language compares them, with their accents or without."""
    return tuple(map(bare, tokens)) if unaccented else tuple(tokens)


def bare(word: str) -> str:
    """The word without accents: "ELIMINEE" is often all that a note has of "éliminée"."""
    if word.isascii():
        return word
    return "".join(part for part in unicodedata.normalize("NFD", word) if not unicodedata.combining(part))


def either(phrases: Iterable[str], *, unaccented: bool, written: Callable[[str], str] = re.escape) -> str:
    """A pattern for one of these phrases in words joined by spaces, the longest first; nothing for none.

    `written` makes the pattern of a wording.
    """
    wordings = (tokens for phrase in phrases for tokens in expanded(phrase))
    known = {" ".join(spelled(tokens, unaccented=unaccented)) for tokens in wordings}
    listed = sorted(known, key=lambda one: (-len(one), one))
    return f"(?:{'|'.join(map(written, listed))})" if listed else "(?!)"


def in_text(words: Iterable[str]) -> str:
    """A pattern for one of these as a note writes them, in any spacing, longest first; nothing for none."""
    listed = sorted(set(words), key=lambda one: (-len(one), one))
    return "|".join(re.escape(one).replace(r"\ ", r"\s+") for one in listed) or "(?!)"


def by_first(patterns: Iterable[str], *, behind: str, ahead: str) -> str:
    """A pattern for any of these, by their first letter, where no such sign stands before or after them.

    The letter comes first, as most places of a text have another: a look behind would be made at every place.
    """
    rests: dict[str, list[str]] = defaultdict(list)
    for one in patterns:
        first = one[: 1 + one.startswith("\\")]
        rests[first].append(one.removeprefix(first))
    found = (f"{first}(?<!{behind}.)(?:{'|'.join(rest)})(?!{ahead})" for first, rest in rests.items())
    return "|".join(found) or "(?!)"


def _element(element: str) -> Iterator[tuple[str, ...]]:
    if len(element) > 1 and element.endswith("?"):
        yield ()
        element = element[:-1]
    for word in element.split("|"):
        yield (word,) if word in CLASSES else tuple(tokens_of(word.replace("_", " ")))
