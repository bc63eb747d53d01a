"""Where a finding is: its body sites in the words of the note, and the side it is on.

https://hl7.org/fhir/R4/condition-definitions.html#Condition.bodySite
A side is no body site, so it is never the coding of one: it stands in an extension that qualifies the site.
"""

from collections.abc import Sequence

from adapter.emission import elements
from adapter.emission.rules import ResourceRules
from adapter.emission.words import holds
from adapter.fhir import systems
from adapter.model import Attribute, Finding, Note, Resource


def sites(note: Note, finding: Finding, rules: ResourceRules) -> list[Resource]:
    """The body sites said, verbatim, each with its side; where there is none, the words for the side.

    The side of the finding itself is that of its only site. It is left out where a site has its own, where
    the code tells it, and where a test has several results, which may be of either side.
    """
    told = elements.attributes(finding, "laterality")
    beside = {(one.of.start, one.of.end): one for one in reversed(told) if one.of is not None}
    places = elements.attributes(finding, "body_site")
    own = next((one for one in told if one.of is None), None)
    if own is None or beside or _said_elsewhere(finding, rules):
        return [_site(note, one.text, beside.get((one.start, one.end)), rules) for one in places]
    if len(places) == 1:
        return [_site(note, places[0].text, own, rules)]
    return [*(_site(note, one.text, None, rules) for one in places), _site(note, own.text, own, rules)]


def site(note: Note, finding: Finding, rules: ResourceRules) -> Resource | None:
    """The one body site of what was measured; none where several results may each have their own."""
    found = sites(note, finding, rules)
    return found[0] if found and (len(found) == 1 or not _several(finding)) else None


def side(finding: Finding) -> Sequence[str]:
    """The sides told of a finding and its sites, which tell it from another."""
    return [f"side {one.side}" for one in elements.attributes(finding, "laterality")]


def _said_elsewhere(finding: Finding, rules: ResourceRules) -> bool:
    display = finding.codings[0].display if finding.codings else ""
    return holds(display, rules.sides.named) or _several(finding)


def _several(finding: Finding) -> bool:
    return len(elements.attributes(finding, "result")) > 1


def _site(note: Note, words: str, told: Attribute | None, rules: ResourceRules) -> Resource:
    return {"extension": [_laterality(note, told, rules)] if told is not None else None, "text": words}


def _laterality(note: Note, told: Attribute, rules: ResourceRules) -> Resource:
    """The side as a code and as words, with their place in the note."""
    assert told.side is not None
    code = rules.sides.code(told.side)
    return {
        "url": systems.LATERALITY,
        "valueCodeableConcept": {
            "extension": [elements.derivation(note, told)],
            "coding": [{"system": systems.SNOMED, "code": code.code, "display": code.display}],
            "text": told.text,
        },
    }
