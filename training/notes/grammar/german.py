"""German: articles, adjective endings inside and before a name, the genitive."""

import re
from collections.abc import Sequence

from training.notes.grammar.noun import Genders, Grammar, Inflected, Noun, by_ending, joined

CASES = ("nom", "akk", "dat", "gen")
STRONG = {"m": "er en em en", "f": "e e er er", "n": "es es em en", "p": "e e en er"}
WEAK = {"m": "e en en en", "f": "e e en en", "n": "e e en en", "p": "en en en en"}
MIXED = {"m": "er en en en", "f": "e e en en", "n": "es es en en", "p": "en en en en"}
DER = {"m": "der den dem des", "f": "die die der der", "n": "das das dem des", "p": "die die den der"}
EIN = {"m": "- en em es", "f": "e e er er", "n": "- - em es", "p": "e e en er"}
DIESER = {"m": "er en em es", "f": "e e er er", "n": "es es em es", "p": "e e en er"}
JOINED = {
    "zu": ("zum", "zur", "zum", "zu den"),
    "bei": ("beim", "bei der", "beim", "bei den"),
    "von": ("vom", "von der", "vom", "von den"),
    "in": ("im", "in der", "im", "in den"),
    "an": ("am", "an der", "am", "an den"),
}
INFLECTED = re.compile(r"[a-zäöüß-]{3,}(er|es|e)$")
ACRONYM = re.compile(r"(?:\w*[A-ZÄÖÜ]\w*[A-ZÄÖÜ0-9]\w*|.*\.)$")


def noun(text: str, genders: Genders) -> Noun:
    """The name, its gender told by its adjective ("akutes ...") or by the ending of its head."""
    leading, head, _ = _split(text)
    by_head = (
        by_ending(head.rpartition("-")[2] or head, genders) or by_ending(head, genders) if head else None
    )
    ending = next((m[1] for word in reversed(leading) if (m := INFLECTED.match(word))), None)
    if ending == "er":
        return Noun(text=text, gender="m" if by_head in (None, "m") else None)
    if ending == "es":
        return Noun(text=text, gender="n" if by_head in (None, "n") else None)
    if ending == "e":
        return Noun(text=text, gender={"f": "f", "p": "p", "m": "p", "n": "p"}.get(by_head or ""))
    return Noun(text=text, gender=None if leading else by_head)


def _split(text: str) -> tuple[list[str], str, str]:
    """The small words before the head, the head, and the rest."""
    words = text.split(" ")
    for at, word in enumerate(words):
        if word[:1].isupper() or word[:1].isdigit():
            return words[:at], word, " ".join(words[at + 1 :])
    return words, "", ""


def inflect(noun: Noun, form: str, adjectives: Sequence[str], owner: str) -> Inflected | None:
    """Forms: a case (nom akk dat gen), with der, ein, kein, sein or dieser before a point ("der.gen"), or a
    preposition that joins the article: zu, bei, von, in, an."""
    if form in ("", "nom") and not adjectives:
        return Inflected("", noun.text)
    leading, head, rest = _split(noun.text)
    article, _, case = form.rpartition(".")
    preposition = case if case in JOINED else ""
    at = 2 if preposition else CASES.index(case or "nom")
    gender = (noun.gender or "")[-1:]
    if not gender or not head:
        return None
    before, endings = _article(article, preposition, gender, at, owner)
    if before is None:
        return None
    ending = endings[gender].split()[at]
    own = [INFLECTED.sub(lambda m: m[0][: -len(m[1])] + ending, word) for word in leading]
    name = " ".join([*own, _head(head, gender, CASES[at]), *([rest] if rest else [])])
    return Inflected(joined([before, *(adjective + ending for adjective in adjectives)]), name)


def _article(
    article: str, preposition: str, gender: str, at: int, owner: str
) -> tuple[str | None, dict[str, str]]:
    """The article, and the endings that adjectives take after it."""
    if preposition:
        return JOINED[preposition]["mfnp".index(gender)], WEAK
    if not article:
        return "", STRONG
    if article == "der":
        return DER[gender].split()[at], WEAK
    if article == "dieser":
        return "dies" + DIESER[gender].split()[at], WEAK
    if article == "ein" and gender == "p":
        return None, MIXED
    stem = ("ihr" if owner == "f" else "sein") if article == "sein" else article
    return stem + EIN[gender].split()[at].strip("-"), MIXED


def _head(word: str, gender: str, case: str) -> str:
    if ACRONYM.match(word):
        return word
    if case == "gen" and gender in "mn":
        if re.search(r"(?:us|os|as|is|es|ns|ps)$", word):
            return word
        return word + ("es" if re.search(r"(?:s|ß|x|z|tz)$", word) else "s")
    if case == "dat" and gender == "p" and not re.search(r"[ns]$", word):
        return word + "n"
    return word


GRAMMAR = Grammar(noun=noun, inflect=inflect)
