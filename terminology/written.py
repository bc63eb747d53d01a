"""Whether a name may be meant by a text, by how both are written: capitals, accents, signs, languages.

Folded, "PR" is "pr", "gout" is "goût" and "I&D" is "ID"; what folding takes away is judged here. The first of
the languages that are asked for is that of the text. Words of a language that look like the name of something
else are in `data/namesakes.toml`.
"""

import re
import tomllib
import unicodedata
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from terminology.model import Hit
from terminology.normalise import DATA

ENGLISH = "en"
DRUG = "medication"  # drugs have international names
ABBREVIATION = 4  # letters; a name in capitals that is no longer is an abbreviation
BORROWED = 4  # letters from which an English abbreviation is used in other languages: "COPD", not "CAD"
BORROWED_WORD = 5  # letters from which an English word is; a drug's brand is at any length
TELLING = 6  # letters from which a missing accent makes no other word
AND = re.compile(r"[^\W\d_]\s?&\s?[^\W\d_]")
JOINED = re.compile(r"&|\+|\b(?:and|und|et|en|y|n)\b", re.IGNORECASE)
LONE = re.compile(r"[^\W\d_]{3,}[ -]+[^\W\d_]\Z")
RUN_TOGETHER = re.compile(r"[^\W\d_]{4,}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Namesakes:
    """Words of one language that look like the name of something else."""

    words: frozenset[str] = frozenset()  # none of them is the English name it looks like
    capitals: frozenset[str] = frozenset()  # written in capitals none is the word it looks like


@lru_cache(maxsize=1)
def namesakes() -> dict[str, Namesakes]:
    """What `data/namesakes.toml` says, by language."""
    data = tomllib.loads((DATA / "namesakes.toml").read_text("utf-8"))
    words, capitals = data["words"], data["capitals"]
    return {
        language: Namesakes(
            words=frozenset(words.get(language, ())), capitals=frozenset(capitals.get(language, ()))
        )
        for language in {*words, *capitals}
    }


def spoken(languages: Sequence[str]) -> str:
    """The language of a text whose names are sought in these languages; empty where it is not said."""
    return languages[0] if languages else ""


def may_mean(text: str, name: Hit, speech: str, everyday: Set[str]) -> bool:
    """Whether a text in the language `speech` may mean a name that it is when both are folded."""
    term = name.term
    short = is_abbreviation(term)
    foreign = name.language == ENGLISH and speech not in ("", ENGLISH)
    letters = min(len(_letters(term)), len(_letters(text)))
    if foreign and " " not in term and letters < _borrowed(term, name.kind, short=short):
        return False
    if _is_namesake(text, term, speech, foreign=foreign) or _lacks_a_sign(text, term):
        return False
    if short and _letters(term) not in _letters(text):
        known = not foreign and (name.language == ENGLISH or name.kind == DRUG)
        return known and term.lower() not in everyday
    return not _is_other_word(text, term)


def is_abbreviation(term: str) -> bool:
    """Whether a name is two to four letters or digits in capitals."""
    return term.isupper() and " " not in term and 2 <= len(_letters(term)) <= ABBREVIATION


def _borrowed(term: str, kind: str, *, short: bool) -> int:
    """How many letters an English name must have to be used in other languages."""
    if kind == DRUG and (term[0].isupper() and not (short and term.isalpha())):
        return 0
    return BORROWED if short else BORROWED_WORD


def _is_namesake(text: str, term: str, speech: str, *, foreign: bool) -> bool:
    """Whether a text is another word of its language: "falls" in German, "OS" (left eye) in French."""
    known = namesakes().get(speech)
    if known is None:
        return False
    word = text.casefold()
    return (foreign and word in known.words) or (
        text.isupper() and not term.isupper() and word in known.capitals
    )


def _lacks_a_sign(text: str, term: str) -> bool:
    """Whether a name says more than its letters: "I&D" is not "ID", nor is "vitamin E" "vitamine"."""
    if AND.search(term) and len(_letters(term)) <= ABBREVIATION:
        return JOINED.search(text) is None
    return LONE.search(term) is not None and RUN_TOGETHER.fullmatch(text) is not None


def _is_other_word(text: str, term: str) -> bool:
    """Whether an accent makes a short word another one: "goût" is not "gout", nor "côté" "côte"."""
    if len(_letters(text)) >= TELLING or not _accented(text):
        return False
    both = (unicodedata.normalize("NFC", one.casefold()) for one in (text, term))
    pairs = list(zip(*both, strict=False))  # what stands in the same place, up to the end of the shorter
    return not _accented(term) or any(one != two and _plain(one) == _plain(two) for one, two in pairs)


def _plain(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFD", text) if not unicodedata.combining(one))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _accented(text: str) -> bool:
    return any(map(unicodedata.combining, unicodedata.normalize("NFD", text)))
