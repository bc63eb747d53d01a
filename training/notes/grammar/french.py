"""French: articles with elision, prepositions that join them, adjectives after a name."""

import re
from collections.abc import Sequence

from training.notes.grammar.noun import Genders, Grammar, Inflected, Noun, by_ending

VOWEL = re.compile(r"[aeiouyhàâäéèêëîïôöùûüœæ]", re.I)
CONSONANTAL = re.compile(r"(?:y|ou[iï]|onz|un\b|uro?s?v)", re.I)
ASPIRATED = re.compile(
    r"(?:hernie|hanche|handicap|haut|hoquet|hochement|héros|honte|hors|hile|halètement|harc|hasch|heurt)",
    re.I,
)
NOT_PLURAL = re.compile(r"(?:us|[^é]is|as|ès|os|ys|ps|ns|ix|ax|ox|ex|ux)$", re.I)
DEFINITE = {"m": "le", "f": "la", "p": "les"}
WITH_DE = {"m": "du", "f": "de la", "p": "des"}
WITH_A = {"m": "au", "f": "à la", "p": "aux"}
INDEFINITE = {"m": "un", "f": "une", "p": "des"}
THIS = {"m": "ce", "f": "cette", "p": "ces"}
OWN = {"m": "son", "f": "sa", "p": "ses"}


def noun(text: str, genders: Genders) -> Noun:
    """The name, its gender told by its first word."""
    head = re.split(r"[ -]", text, maxsplit=1)[0]
    gender = by_ending(head, genders)
    if gender is None and re.search(r"[sx]$", head) and not NOT_PLURAL.search(head) and not head.isupper():
        gender = by_ending(head[:-1], genders)
        return Noun(text=text, gender=gender + "p" if gender and "p" not in gender else gender)
    return Noun(text=text, gender=gender)


def elided(text: str) -> bool:
    """Whether an article before the text loses its vowel."""
    return bool(VOWEL.match(text)) and not CONSONANTAL.match(text) and not ASPIRATED.match(text)


def inflect(noun: Noun, form: str, adjectives: Sequence[str], owner: str) -> Inflected | None:
    """Forms: `le`, `un`, `du` (de + le), `au` (à + le), `ce`, `son`, and `de` (de without article)."""
    gender = noun.gender
    number = "p" if gender and "p" in gender else (gender or "")
    after = "".join(f" {agreed(adjective, gender)}" for adjective in adjectives) if gender else ""
    if adjectives and not gender:
        return None
    if form == "":
        return Inflected("", noun.text, after)
    if form == "de":
        return Inflected("d'" if elided(noun.text) else "de ", noun.text, after)
    if not gender:
        return None
    return Inflected(_article(form, number, elided(noun.text)), noun.text, after)


def _article(form: str, number: str, vowel: bool) -> str:
    short = vowel and number != "p"
    if form == "le":
        return "l'" if short else DEFINITE[number] + " "
    if form == "du":
        return "de l'" if short else WITH_DE[number] + " "
    if form == "au":
        return "à l'" if short else WITH_A[number] + " "
    if form == "un":
        return INDEFINITE[number] + " "
    if form == "ce":
        return "cet " if short and number == "m" else THIS[number] + " "
    if form == "son":
        return "son " if short else OWN[number] + " "
    raise ValueError(f"the form {form} is not known")


def agreed(adjective: str, gender: str | None) -> str:
    """The adjective as the noun wants it; `aigu/aiguë` gives both genders."""
    masculine, _, feminine = adjective.partition("/")
    word = masculine
    if gender and gender[0] == "f":
        word = feminine or _feminine(masculine)
    if gender and "p" in gender and not word.endswith(("s", "x")):
        word += "s"
    return word


def _feminine(word: str) -> str:
    if word.endswith("e"):
        return word
    for ending, other in (("eux", "euse"), ("if", "ive"), ("el", "elle"), ("en", "enne"), ("er", "ère")):
        if word.endswith(ending):
            return word[: -len(ending)] + other
    return word + "e"


GRAMMAR = Grammar(noun=noun, inflect=inflect)
