"""What headings and abbreviations look like in a language: mappings/sections/<language>.toml, compiled."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

import mappings
from adapter.notes.entries import LetterTable, Stamps, StampTable, stamps

DEFAULT = "en"
LONGER = 4  # words of a heading that is known by one of them
LAST = 60  # characters in which the last words of a line stand
BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
JOINERS = re.compile(r"[&/+]| and ")
NOT_WORD = re.compile(r"[^\w'%]+")


class SectionTable(mappings.Table):
    """The spellings of one kind of section."""

    key: str
    headings: tuple[str, ...]
    within: tuple[str, ...] = ()  # only inside these sections; empty: anywhere
    bare: tuple[str, ...] = ()  # need no colon at the start of a line ("VG hypertensie", "B/ MRI")
    ends: tuple[str, ...] = ()  # first or last words of longer headings ("Beleid IC", "Oogheelkundige VG")


class PartTable(mappings.Table):
    """Headings of parts, such as body systems, that stay in the section they stand in."""

    headings: tuple[str, ...]
    within: tuple[str, ...]  # sections that have such parts
    otherwise: str  # key when they stand elsewhere


class SentenceTable(mappings.Table):
    """Words with a full stop that does not, or not always, end a sentence."""

    titles: tuple[str, ...]
    abbreviations: tuple[str, ...]
    answers: tuple[str, ...] = ()
    dated: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()


class HeadingFile(mappings.Table):
    """mappings/sections/<language>.toml."""

    version: int
    section: tuple[SectionTable, ...]
    part: tuple[PartTable, ...]
    continues: tuple[str, ...]
    labels: tuple[str, ...]
    sentences: SentenceTable
    stamps: StampTable | None = None
    letters: tuple[LetterTable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """Look-ups made from the table of a language."""

    anywhere: Mapping[str, str]  # normalised heading -> section key
    inside: Mapping[tuple[str, str], str]  # (section, normalised heading) -> section key
    continues: frozenset[str]  # a heading with one of these words stays in its section
    labels: frozenset[str]  # never a heading
    titles: frozenset[str]
    abbreviations: frozenset[str]
    answers: frozenset[str]  # to a question, in the same sentence: "Koorts? nee"
    dated: frozenset[str]  # before a date or a count: "am 3. Tag", "vom 12.3."
    counted: frozenset[str]  # after a count: "3. Tag"
    unfinished: frozenset[str]  # more must follow: "with no"
    bare: Mapping[str, str] = field(default_factory=dict)  # first word of a line -> section key
    stamps: Stamps | None = None  # dates that begin the entry of another day
    schemes: tuple[LetterTable, ...] = ()  # letters that open parts
    slashed: Mapping[str, str] = field(default_factory=dict)  # letter with a slash -> section key
    ends: Mapping[str, str] = field(default_factory=dict)  # first or last word of a heading -> section key

    def key(self, words: str, current: str) -> str | None:
        """The section that a normalised heading opens, when it stands in section `current`."""
        return self.inside.get((current, words)) or self.anywhere.get(words)

    def longer(self, words: str) -> str | None:
        """The section of a heading of two to four words by its first or its last: "Beleid IC"."""
        said = words.split() if self.ends else []
        small = (self.continues | self.unfinished) & set(said)
        if not 2 <= len(said) <= LONGER or small or words in self.labels:
            return None
        return self.ends.get(said[0]) or self.ends.get(said[-1])

    def goes_on(self, line: str) -> bool:
        """Whether a line ends with a word that more must follow; an answer ("no") after another such.

        Or after a full stop: "No" with more of its sentence below it.
        """
        words = [word.lower() for word in line[-LAST:].split()[-2:]]
        if not words or words[-1] not in self.unfinished:
            return False
        opens = words[0].endswith(".") or words[0] in self.unfinished - self.answers
        return opens or words[-1] not in self.answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a text and the headings of its language."""

    start: int
    end: int
    rules: Headings


class Spellings:
    """The headings of every language, each read when it is first asked for. May be used by several threads.

    A language's file that cannot be read raises mappings.MappingError when it is first asked for.
    """

    def __init__(self, files: mappings.Files = mappings.SHIPPED) -> None:
        self._files = files
        self._names: frozenset[str] = frozenset()
        self._read: dict[str, Headings] = {}
        self._lock = Lock()

    def of(self, language: str) -> Headings:
        """The headings of a language, by its primary tag; English where there is no table for it."""
        name = f"sections/{language.split('-', maxsplit=1)[0]}.toml"
        with self._lock:
            self._names = self._names or frozenset(self._files.names("sections"))
            name = name if name in self._names else f"sections/{DEFAULT}.toml"
            if name not in self._read:
                self._read[name] = _compiled(self._files.read(name, HeadingFile))
            return self._read[name]


@cache
def shipped() -> Spellings:
    """The headings that ship."""
    return Spellings()


def normal(heading: str) -> str:
    """A heading as it is looked up: lower case, without accents, brackets, joiners and punctuation."""
    letters = heading.lower().replace("’", "'")
    if not letters.isascii():
        plain = unicodedata.normalize("NFD", letters)
        letters = "".join(part for part in plain if not unicodedata.combining(part))
    return NOT_WORD.sub(" ", JOINERS.sub(" and ", BRACKETED.sub(" ", letters))).strip()


def _compiled(table: HeadingFile) -> Headings:
    anywhere: dict[str, str] = {}
    inside: dict[tuple[str, str], str] = {}
    for part in table.part:
        for heading in map(normal, part.headings):
            anywhere[heading] = part.otherwise
            inside |= {(key, heading): key for key in part.within}
    bare = {word: section.key for section in table.section for word in section.bare}
    for section in table.section:
        for heading in map(normal, section.headings):
            if section.within:
                inside |= {(key, heading): section.key for key in section.within}
            else:
                anywhere[heading] = section.key
    return Headings(
        anywhere=anywhere,
        inside=inside,
        continues=frozenset(map(normal, table.continues)),
        labels=frozenset(map(normal, table.labels)),
        titles=frozenset(table.sentences.titles),
        abbreviations=frozenset(table.sentences.abbreviations),
        answers=frozenset(table.sentences.answers),
        dated=frozenset(table.sentences.dated),
        counted=frozenset(table.sentences.counted),
        unfinished=frozenset(table.sentences.unfinished),
        bare=bare,
        ends={normal(word): section.key for section in table.section for word in section.ends},
        stamps=stamps(table.stamps),
        schemes=table.letters,
        slashed={word: key for word, key in bare.items() if word.endswith("/")},
    )
