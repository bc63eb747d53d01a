"""English: articles."""

import re
from collections.abc import Sequence

from training.notes.grammar.noun import Genders, Grammar, Inflected, Noun, joined

VOWEL = re.compile(r"(?:[aeio]|u(?!ni|se|ti|ro|re)|hour|[AEFHILMNORSX](?=[A-Z0-9-]|s?\b)|8|11|18)")


def noun(text: str, genders: Genders) -> Noun:
    """The name; English has no gender here, but knows plurals."""
    head = text.rsplit(maxsplit=1)[-1] if text else ""
    plural = head.endswith("s") and not re.search(r"(?:ss|us|is|[A-Z]s|os|tes|ps|rs|as)$", head)
    return Noun(text=text, gender="p" if plural else "n")


def inflect(noun: Noun, form: str, adjectives: Sequence[str], owner: str) -> Inflected | None:
    """Forms: `a`, `the`, `his` (his or her, as the patient is)."""
    words = [*adjectives, noun.text]
    if form == "a":
        if noun.gender == "p":
            return None
        article = "an" if VOWEL.match(words[0]) else "a"
    else:
        article = {"": "", "the": "the", "his": "her" if owner == "f" else "his"}[form]
    return Inflected(joined([article, *adjectives]), noun.text)


GRAMMAR = Grammar(noun=noun, inflect=inflect)
