"""A concept's names as FHIR shows and checks them."""

import re

from terminology.fhir.outcome import Refusal, Resource
from terminology.fhir.parameters import Given
from terminology.model import Concept

TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
PREFERRED = {
    "system": "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra",
    "code": "preferredForLanguage",
}


def language(given: Given) -> str | None:
    """The language a request wants displays in."""
    tag = given.text("displayLanguage")
    if tag is not None and not TAG.fullmatch(tag):
        raise Refusal(
            "parameter 'displayLanguage' must be one language tag",
            code="value",
            at=given.place("displayLanguage"),
        )
    return tag


def speaks(tag: str, wanted: str) -> bool:
    """Whether a language is the wanted one, or one of them is a variety of the other."""
    tag, wanted = tag.lower(), wanted.lower()
    return tag == wanted or tag.startswith(f"{wanted}-") or wanted.startswith(f"{tag}-")


def display(concept: Concept, wanted: str | None) -> str:
    """The name to show: the preferred one in the wanted language, else any in it, else the concept's own."""
    if wanted is None:
        return concept.display
    fitting = [term for term in concept.terms if speaks(term.language, wanted)]
    fitting.sort(key=lambda term: (term.language.lower() != wanted.lower(), not term.preferred))
    own = [term for term in fitting if term.text == concept.display and term.language == fitting[0].language]
    return (own or fitting)[0].text if fitting else concept.display


def designations(concept: Concept) -> list[Resource]:
    """Every name with its language, the preferred ones marked."""
    return [
        {"language": term.language, **({"use": PREFERRED} if term.preferred else {}), "value": term.text}
        for term in concept.terms
    ]


def is_called(concept: Concept, text: str, wanted: str | None) -> bool:
    """Whether a text is a name of the concept, but for case and spaces."""
    names = [term.text for term in concept.terms if wanted is None or speaks(term.language, wanted)]
    known = {folded(name) for name in [*names, display(concept, wanted)]}
    return folded(text) in known


def folded(text: str) -> str:
    """A name without what case and spaces tell."""
    return " ".join(text.casefold().split())
