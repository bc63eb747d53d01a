"""Words around a name that do not change what it names: sides, grades, courses, doses.

Text -> the same text with fewer of them, and with the other spelling of German letters. The rules are data
(`data/modifiers.toml`). Nothing here knows a code or a store.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product
from typing import Any

from terminology.errors import TerminologyError
from terminology.normalise import DATA

LONGEST = 300  # characters of a text that is shortened
MOST = 4  # modifiers that are taken away one by one; of more only all together
CUTS = 8  # places at which what follows a drug's name is cut off
SPELLINGS = 8  # of one word
HIGHEST = 0.85  # share of its score a hit keeps without one modifier
FURTHER = 0.94  # times, for each modifier more
CLINICAL = ("laterality", "severity", "course", "certainty")
SIG = ("route", "frequency", "form")
GROUPS = {*CLINICAL, *SIG, "history", "endings"}
KEYS = {"version", "joints", "whole", "bound", "not_before", "sides", "kinds", "drug", "umlauts", "languages"}
BEFORE, BEHIND = r"(?<![\w/'.-])", r"(?![\w/-])"
NUMBER = r"\d[\d.,]*(?:\s?[-/x]\s?\d[\d.,]*)*"
CLOSING = (")", "+", "-", "%")  # what may end a name
WORD = re.compile(r"[^\W_]+")
NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shorter:
    """A text without some of its modifiers."""

    text: str
    taken: int  # modifiers left out
    kinds: frozenset[str]  # of the concepts that stand for it

    @property
    def share(self) -> float:
        """How much of its score a hit keeps."""
        return HIGHEST * FURTHER ** (self.taken - 1)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A modifier standing in a text."""

    start: int
    end: int
    group: str


class Modifiers:
    """Finds modifiers by one set of rules."""

    def __init__(self, rules: str) -> None:
        self._data = _parse(rules)
        self._joints = frozenset(self._data["joints"])
        self._bound = frozenset(self._data["bound"])
        self._kinds = {group: frozenset(kinds) for group, kinds in self._data["kinds"].items()}
        self._numbered = frozenset(self._data["drug"]["numbered"])
        self._whole = _any(self._data["whole"])
        self._sides = _sides(self._data["sides"])
        units = "|".join(re.escape(_bare(unit)) for unit in sorted(self._data["drug"]["units"], key=_longest))
        self._strength = (
            rf"{NUMBER}\s?(?:{units})(?:\s?/\s?(?:{NUMBER})?\s?(?:{units}|h|hr|dose|day))*{BEHIND}"
        )
        self._patterns = lru_cache(maxsize=64)(self._compiled)
        self.umlauts = Umlauts(self._data["umlauts"])

    def shorter(self, text: str, languages: Iterable[str] = ()) -> list[Shorter]:
        """The text with ever more modifiers left out; empty where it has none.

        `languages` are those whose modifiers count; none means all.
        """
        if len(text) > LONGEST:
            return []
        text = unicodedata.normalize("NFC", text)
        if self._whole.search(_bare(text)):
            return []
        known = self._known(languages)
        spans = self._clinical(text, known)
        found = [*self._without(text, spans), *self._names_of_drugs(text, known, 0)]
        if spans:
            found += self._names_of_drugs(self._left(text, spans), known, len(spans))
        firsts = {(one.text, one.kinds): one for one in reversed(sorted(found, key=lambda one: one.taken))}
        return sorted((one for one in firsts.values() if one.text), key=lambda one: (one.taken, one.text))

    def _known(self, languages: Iterable[str]) -> tuple[str, ...]:
        asked = {language.casefold().partition("-")[0] for language in languages}
        return tuple(name for name in self._data["languages"] if name in asked or not asked)

    def _compiled(self, languages: tuple[str, ...]) -> dict[str, re.Pattern[str]]:
        """The pattern of each group, in these languages."""
        groups = (*CLINICAL, *SIG, "history")
        patterns = {group: _any(self._phrases(languages, group)) for group in groups}
        ends = patterns["history"].pattern
        leads = "|".join(
            (rf"(?:{NUMBER}\s?)?(?:{patterns['form'].pattern})\.?", self._strength, patterns["route"].pattern)
        )
        return patterns | {
            "history": re.compile(rf"^\W*{ends}|{ends}\W*$"),
            "strength": re.compile(rf"{BEFORE}{self._strength}"),
            "lead": re.compile(rf"^\s*(?:(?:{leads})[\s,]+(?:(?:of|de|von|van)\s)?\s*)+"),
        }

    def _phrases(self, languages: Sequence[str], group: str) -> Iterator[str]:
        for language in languages:
            table = self._data["languages"][language]
            for phrase in table[group]:
                yield phrase
                if group in CLINICAL:
                    yield from (phrase + ending for ending in table["endings"] if phrase[-1].isalpha())

    def _clinical(self, text: str, languages: tuple[str, ...]) -> list[Span]:
        """The modifiers of a problem or procedure, in text order; of overlapping ones the longest."""
        patterns, bare = self._patterns(languages), _bare(text)
        spans = [
            Span(start=match.start(), end=match.end(), group=group)
            for group in (*CLINICAL, "history")
            for match in patterns[group].finditer(bare)
            if self._free(bare, match)
        ]
        if "en" in languages:
            spans += [
                Span(start=m.start(), end=m.end(), group="laterality") for m in self._sides.finditer(text)
            ]
        kept: list[Span] = []
        for span in sorted(spans, key=lambda one: (one.start - one.end, one)):
            if all(span.end <= other.start or span.start >= other.end for other in kept):
                kept.append(span)
        return sorted(kept)

    def _free(self, bare: str, match: re.Match[str]) -> bool:
        """Whether the words at either side let a modifier be one."""
        before = WORD.findall(bare[: match.start()])[-1:]
        behind = WORD.match(bare[match.end() :].lstrip(" -"))
        never = self._data["not_before"].get(match[0], ())
        return not self._bound.intersection(before) and not (behind and behind[0] in never)

    def _without(self, text: str, spans: Sequence[Span]) -> Iterator[Shorter]:
        sizes = range(1, len(spans) + 1) if len(spans) <= MOST else (len(spans),)
        for size in sizes:
            for some in combinations(spans, size) if spans else ():
                groups = [self._kinds[span.group] for span in some]
                yield Shorter(text=self._left(text, some), taken=size, kinds=groups[0].intersection(*groups))

    def _left(self, text: str, spans: Iterable[Span]) -> str:
        """The text without these spans, and without small words at its ends."""
        for span in sorted(spans, reverse=True):
            text = f"{text[: span.start]} {text[span.end :]}"
        words = list(WORD.finditer(text))
        while words and words[0][0] in self._joints:
            del words[0]
        while words and words[-1][0] in self._joints:
            del words[-1]
        if not any(word[0].isalpha() for word in words):
            return ""
        end = words[-1].end()
        end += len(text[end:]) * (text[end:].strip() in CLOSING)
        return " ".join(text[words[0].start() : end].split())

    def _names_of_drugs(self, text: str, languages: tuple[str, ...], taken: int) -> list[Shorter]:
        """The text as a drug's name alone: the least cut off first."""
        patterns, bare = self._patterns(languages), _bare(text)
        spans = [
            Span(start=match.start(), end=match.end(), group=group)
            for group in ("strength", *SIG)
            for match in patterns[group].finditer(bare)
        ]
        spans += self._doses(bare)
        lead = match.end() if (match := patterns["lead"].match(bare)) else 0
        found = []
        for start in sorted({0, lead}):
            cuts = sorted({span.start for span in spans if span.start > start}, reverse=True)[-CUTS:]
            for cut in ((len(text),) if start else ()) + tuple(cuts):
                gone = {span.group for span in spans if span.start >= cut or span.start < start}
                name = self._left(text[start:cut], ())
                found.append(Shorter(text=name, taken=taken + max(1, len(gone)), kinds=self._kinds["drug"]))
        return found

    def _doses(self, bare: str) -> Iterator[Span]:
        """Numbers that stand alone after a name: "lisinopril 10"."""
        for match in re.finditer(rf"(?<=\s){NUMBER}{BEHIND}", bare):
            before = WORD.findall(bare[: match.start()])[-1:]
            if before and not self._numbered.intersection(before):
                yield Span(start=match.start(), end=match.end(), group="strength")


class Umlauts:
    """The two spellings of German letters."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self.languages = frozenset(rules["languages"])
        self._other = {old: new for pair in rules["letters"] for old, new in (pair, pair[::-1])}
        self._pattern = re.compile("|".join(sorted(self._other, key=_longest)))

    def spellings(self, word: str) -> list[str]:
        """Other spellings of a word, those with most letters changed first."""
        word = unicodedata.normalize("NFC", word).lower()
        parts, at = list[tuple[str, ...]](), 0
        for match in list(self._pattern.finditer(word))[:3]:
            parts += [(word[at : match.start()],), (self._other[match[0]], match[0])]
            at = match.end()
        parts.append((word[at:],))
        return [one for one in map("".join, product(*parts)) if one != word][:SPELLINGS]


def shipped() -> Modifiers:
    """The rules that come with this version."""
    return Modifiers((DATA / "modifiers.toml").read_text("utf-8"))


def _bare(text: str) -> str:
    """The text without case and accents, character for character."""
    return text.casefold() if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    folded = unicodedata.normalize("NFKD", character.casefold())
    kept = "".join(one for one in folded if not unicodedata.combining(one))
    return kept if len(kept) == 1 else character


def _any(phrases: Iterable[str]) -> re.Pattern[str]:
    """Whichever phrase stands in a text as whole words, the longest first."""
    listed = sorted({_bare(phrase) for phrase in phrases}, key=_longest)
    forms = [_form(phrase) + ("" if phrase.endswith(("'", ":")) else BEHIND) for phrase in listed]
    return re.compile(f"{BEFORE}(?:{'|'.join(forms)})") if forms else NEVER


def _form(phrase: str) -> str:
    """A phrase that may be hyphenated, and whose points and spaces around slashes may be missing."""
    form = r"[\s-]+".join(map(re.escape, phrase.removesuffix(".").split()))
    form = form.replace(r"\.", r"(?:\.\s?|\s)?").replace("/", r"\s?/\s?").replace("'", "['\u2019]\\s?")
    if not phrase.endswith("."):
        return form
    return form + (r"\.?" if "." in phrase[:-1] else r"\.")


def _sides(rules: dict[str, list[str]]) -> re.Pattern[str]:
    letters = "|".join(sorted(rules["letters"], key=_longest))
    before = "|".join(map(re.escape, rules["before"]))
    return re.compile(rf"\((?:{letters})\)|(?<![\w/.>-])(?:{letters})\.?(?=[\s-]+(?i:{before})s?\b)")


def _longest(word: str) -> tuple[int, str]:
    return (-len(word), word)


def _parse(rules: str) -> dict[str, Any]:
    data = tomllib.loads(rules)
    if set(data) != KEYS:
        raise TerminologyError(f"modifiers.toml: keys must be {', '.join(sorted(KEYS))}")
    if not {*CLINICAL, "history", "drug"} <= set(data["kinds"]):
        raise TerminologyError("modifiers.toml: kinds must have every group and drug")
    for name, table in data["languages"].items():
        if set(table) != GROUPS:
            raise TerminologyError(
                f"modifiers.toml: keys of languages.{name} must be {', '.join(sorted(GROUPS))}"
            )
    return data
