"""Words of a term or a note, folded so that spellings of one thing become equal.

Text -> tokens and keys. The rules are data (`data/words.toml`); a store carries the text of that file, so
that it is searched with the rules it was built with. Nothing here knows a code.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from terminology.errors import TerminologyError

DATA = Path(__file__).parent / "data"

MARKS = "\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff"  # combining accents and invisible joiners
HYPHENS = r"\-" "\u2010\u2011\u2012\u2013\u2014\u2212"
APOSTROPHES = "'\u2019\u02bc\u2032`"
TOKEN = re.compile(
    rf"(?P<letters>[^\W\d_]+(?:[{MARKS}]+[^\W\d_]*)*)(?:[{APOSTROPHES}][sS](?![^\W_]))?"
    rf"|(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
    rf"|(?P<gap>\n[^\S\n]*(?:\n\s*|[{HYPHENS}*\u2022]\s|\d+[.)]\s))"
    rf"|(?P<mark>[^\w\s{HYPHENS}{APOSTROPHES}\"\u201c\u201d{MARKS}]|_)",
)
ACCENTS = re.compile(f"[{MARKS}]")
TAG = re.compile(r"\s+\((?P<tag>[^()]+)\)\s*$")
ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
SIGN_AT_END = re.compile(rf"\b[^\W_]{{1,5}}[{HYPHENS}]$")
GAP = "\n"
CACHE = 1 << 16
LISTS = ("stop", "weak", "numbered", "everyday", "unsaid")


class Token(NamedTuple):
    """One folded word, number or mark of a text, with where it stands."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What two terms must share to be the same thing: numbers, sides, stages, negations."""

    numbers: tuple[str, ...]
    words: frozenset[tuple[int, str]]
    prefixes: frozenset[tuple[int, str]]


class Normaliser:
    """Folds words by one set of rules."""

    def __init__(self, rules: str) -> None:
        self.rules = rules
        data = _parse(rules)
        self.tags: dict[str, str] = data["tags"]
        self.stop = frozenset(data["stop"])
        self.weak = frozenset(data["weak"])
        self.everyday = frozenset(data["everyday"])
        self._numbered = frozenset(data["numbered"])
        self._spelling = tuple((old, new) for old, new in data["spelling"])
        self._words: dict[str, str] = data["words"]
        self._opposites = {
            self._fold(word): number
            for number, group in enumerate(data["guards"]["opposites"])
            for word in group
        }
        self._prefixes = tuple(
            (prefix, number) for number, group in enumerate(data["guards"]["prefixes"]) for prefix in group
        )
        self.prefixes = lru_cache(maxsize=CACHE)(self._prefixes_of)
        self.word = lru_cache(maxsize=CACHE)(self._fold)
        self.number = lru_cache(maxsize=CACHE)(_number)
        self.key = lru_cache(maxsize=CACHE)(hashed)
        self.unsaid = frozenset(" ".join(map(self._fold, name.split())) for name in data["unsaid"])

    def tokens(self, text: str) -> list[Token]:
        """Every word, number and mark of a text in order; offsets are code points of the text as given."""
        found = []
        for match in TOKEN.finditer(text):
            kind = match.lastgroup
            if kind == "letters":
                start, end = match.span("letters")
                found.append(Token(self.word(text[start:end]), start, end))
            elif kind == "number":
                found.append(Token(self.number(match[0]), match.start(), match.end()))
            else:
                word = GAP if kind == "gap" else unicodedata.normalize("NFKC", match[0])
                found.append(Token(word, match.start(), match.end()))
        return found

    def words(self, text: str) -> tuple[str, ...]:
        """What a term means, in words and numbers: tag and punctuation gone, "type II" as "type 2"."""
        return self.telling(text, self.tokens(text))

    def telling(self, text: str, tokens: Iterable[Token]) -> tuple[str, ...]:
        """What `words` gives, for a text whose tokens are at hand."""
        bare = len(self.strip_tag(text)[0]) or len(text)
        found = [
            token.word
            for token in tokens
            if token.end <= bare and (token.word[0].isalnum() or token.word == "+")
        ]
        for place, word in enumerate(found[1:], 1):
            if word in ROMAN and found[place - 1] in self._numbered:
                found[place] = ROMAN[word]
        if SIGN_AT_END.search(text, 0, bare):
            found.append("-")
        return tuple(found)

    def strip_tag(self, text: str) -> tuple[str, str | None]:
        """A fully specified name as name and semantic tag; the tag is None where there is no known one."""
        if not text.rstrip().endswith(")"):
            return text, None
        match = TAG.search(text)
        if match and match["tag"].lower() in self.tags:
            return text[: match.start()], match["tag"].lower()
        return text, None

    def opposites(self, word: str) -> Iterator[str]:
        """The words that would make another thing of a term with this word."""
        group = self._opposites.get(word)
        yield from (other for other, number in self._opposites.items() if number == group and other != word)
        for prefix, number in self._prefixes:
            if word.startswith(prefix):
                yield from (
                    other + word.removeprefix(prefix)
                    for other, same in self._prefixes
                    if same == number and other != prefix
                )

    def guard(self, words: Iterable[str]) -> Guard:
        """The part of a term in which no difference is forgiven."""
        listed = tuple(words)
        numbers = Counter(
            word
            for place, word in enumerate(listed)
            if word[0].isdigit() or word in "+-" or (_stage(word) and (place or word != "a"))
        )
        return Guard(
            numbers=tuple(sorted(numbers.elements())),
            words=frozenset((self._opposites[word], word) for word in listed if word in self._opposites),
            prefixes=frozenset().union(*map(self.prefixes, listed)),
        )

    def _prefixes_of(self, word: str) -> frozenset[tuple[int, str]]:
        return frozenset(
            (number, prefix)
            for prefix, number in self._prefixes
            if word.startswith(prefix) and len(word) > len(prefix) + 2
        )

    def _fold(self, word: str) -> str:
        plain = unicodedata.normalize("NFKD", word.casefold())
        plain = ACCENTS.sub("", unicodedata.normalize("NFKC", ACCENTS.sub("", plain))).casefold()
        if plain in self._words:
            return self._words[plain]
        for old, new in self._spelling:
            if old in plain:
                plain = plain.replace(old, new)
        singular = _singular(plain)
        return self._words.get(singular, singular) or word


def shipped() -> Normaliser:
    """The rules that come with this version."""
    return Normaliser((DATA / "words.toml").read_text("utf-8"))


def squeeze(words: Iterable[str]) -> str:
    """Words run together, so that "x ray" meets "xray"; two numbers stay apart."""
    joined = ""
    for word in words:
        joined += ("_" if joined[-1:].isdigit() and word[0].isdigit() else "") + word
    return joined


def hashed(text: str) -> int:
    """A 64-bit key of a text, the same on every machine, as SQLite's signed integer."""
    key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(key, "little", signed=True)


def folded(text: str) -> str:
    """The same characters ignoring case and the width of white space."""
    return " ".join(text.casefold().split())


def _stage(word: str) -> bool:
    return len(word) == 1 or (word in ROMAN)


def _number(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).replace(",", "")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" + plain if plain.startswith(".") else plain or "0"


def _singular(word: str) -> str:
    if len(word) < 5 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def _parse(rules: str) -> dict[str, Any]:
    data = tomllib.loads(rules)
    wanted = {*LISTS, "version", "spelling", "words", "tags", "guards"}
    if set(data) != wanted or set(data["guards"]) != {"opposites", "prefixes"}:
        raise TerminologyError(f"words.toml: keys must be {', '.join(sorted(wanted))}")
    return data
