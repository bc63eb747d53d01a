"""Whether a name may be meant by a text, by how both are written: capitals, accents, languages.

Folded, "PR" is "pr" and "gout" is "goût"; what folding takes away is judged here. The first of the
languages that are asked for is that of the text.
"""

import unicodedata
from collections.abc import Sequence, Set

from terminology.model import Hit

ENGLISH = "en"
DRUG = "medication"  # drugs have international names
ABBREVIATION = 4  # letters; a name in capitals that is no longer is an abbreviation
ILL = ("condition", "finding")
BORROWED = 4  # letters from which an English abbreviation is used in other languages: "COPD", not "CAD"
BORROWED_WORD = 5  # letters from which an English word is
TELLING = 6  # letters from which a missing accent makes no other word


def spoken(languages: Sequence[str]) -> str:
    """The language of a text whose names are sought in these languages; empty where it is not said."""
    return languages[0] if languages else ""


def may_mean(text: str, name: Hit, speech: str, everyday: Set[str]) -> bool:
    """Whether a text in the language `speech` may mean a name that it is when both are folded."""
    term = name.term
    short = is_abbreviation(term)
    foreign = name.language == ENGLISH and speech not in ("", ENGLISH)
    letters = min(len(_letters(term)), len(_letters(text)))
    if foreign and " " not in term and letters < _borrowed(name.kind, short=short):
        return False
    if short and _letters(term) not in _letters(text):
        known = not foreign and (name.language == ENGLISH or name.kind == DRUG)
        return known and term.lower() not in everyday
    return not _is_other_word(text, term)


def is_abbreviation(term: str) -> bool:
    """Whether a name is two to four letters or digits in capitals."""
    return term.isupper() and " " not in term and 2 <= len(_letters(term)) <= ABBREVIATION


def _borrowed(kind: str, *, short: bool) -> int:
    """How many letters an English name must have to be used in other languages."""
    if kind == DRUG:
        return 0
    if short:
        return BORROWED
    return BORROWED_WORD if kind in ILL else 0


def _is_other_word(text: str, term: str) -> bool:
    """Whether an accent makes a short word another one: "goût" is not "gout"."""
    return len(_letters(text)) < TELLING and _accented(text) and not _accented(term)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _accented(text: str) -> bool:
    return any(map(unicodedata.combining, unicodedata.normalize("NFD", text)))
