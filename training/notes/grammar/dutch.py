"""Dutch: de and het, adjective endings before a name."""

import re
from collections.abc import Sequence

from training.notes.grammar.noun import Genders, Grammar, Inflected, Noun, by_ending, joined

STOPS = re.compile(
    r" (?:van|met|door|bij|in|aan|na|zonder|op|ten|type|graad|stadium|klasse|tegen|voor|ter"
    r"|links|rechts|\d|\().*"
)
ENDS = re.compile(r"(?:ig|isch|lijk|air|aal|eel|ief|oos|uut|eus|ent|ant|baar|erd|rond|oid|oïd|aar|iek)$")


def noun(text: str, genders: Genders) -> Noun:
    """The name, its gender told by its head: n takes het, f and m take de."""
    head = STOPS.sub("", text).split(" ")[-1]
    return Noun(text=text, gender=by_ending(head, genders))


def inflect(noun: Noun, form: str, adjectives: Sequence[str], owner: str) -> Inflected | None:
    """Forms: `de` (de or het), `een`, `deze`, `geen`, `zijn` (zijn or haar)."""
    if form == "" and not adjectives:
        return Inflected("", noun.text)
    gender = noun.gender
    if gender is None or (form == "een" and "p" in gender):
        return None
    neuter = gender == "n"
    definite = form in ("de", "deze", "zijn")
    article = {
        "": "", "een": "een", "geen": "geen", "de": "het" if neuter else "de",
        "deze": "dit" if neuter else "deze", "zijn": "haar" if owner == "f" else "zijn",
    }[form]  # fmt: skip
    words = [agreed(adjective, bare=neuter and not definite) for adjective in adjectives]
    text = _weak(noun.text) if neuter and definite else noun.text
    return Inflected(joined([article, *words]), text) if text else None


def _weak(text: str) -> str | None:
    """The name of a het-word after het: its adjectives take -e; None where that is not sure."""
    *leading, head = STOPS.sub("", text).split(" ")
    rest = text[len(" ".join([*leading, head])) :]
    if any(ENDS.search(word) is None for word in leading):
        return None
    return " ".join([*map(inflected, leading), head]) + rest


def agreed(adjective: str, *, bare: bool) -> str:
    """The adjective as the noun wants it; `ernstig/ernstige` gives both forms."""
    plain, _, full = adjective.partition("/")
    return plain if bare else full or inflected(plain)


def inflected(word: str) -> str:
    """The adjective with -e: acuut, acute; chronisch, chronische; progressief, progressieve."""
    if word.endswith(("e", "en")):
        return word
    word = re.sub(r"(a|e|o|u)\1([lrtnsmk])$", r"\1\2", word)
    word = re.sub(r"f$", "v", word)
    word = re.sub(r"(?<=[oe]o|eu)s$", "z", word)
    return word + "e"


GRAMMAR = Grammar(noun=noun, inflect=inflect)
