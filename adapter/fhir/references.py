"""References: what they point at, and whether anybody else can follow them."""

import re

from adapter.model import Resource

_LITERAL = re.compile(
    r"(?:https?://\S+/)?(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?"
)


def target_type(reference: Resource) -> str | None:
    """The type of resource a reference points at, where it says so: "Patient" for "Patient/1"."""
    literal = _LITERAL.fullmatch(str(reference.get("reference", "")))
    return literal["type"] if literal else reference.get("type")


def followable(reference: Resource | None) -> bool:
    """Whether a server other than the sender's can know what is meant: a literal or an identifier.

    Contained ("#p1") and Bundle-local ("urn:uuid:") references mean nothing outside the resource or Bundle
    they came in.
    """
    if not isinstance(reference, dict):
        return False
    if _LITERAL.fullmatch(str(reference.get("reference", ""))):
        return True
    return "reference" not in reference and bool((reference.get("identifier") or {}).get("value"))


def literal(value: str) -> bool:
    """Whether a string is a literal reference, such as "DocumentReference/1" or an absolute URL."""
    return _LITERAL.fullmatch(value) is not None
