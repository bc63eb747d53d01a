"""Required bindings of the elements we emit, for codes that the models of fhir.resources do not check.

Codes are listed whole, from the R4 and R5 value sets; a set common to both is written once.
"""

from collections.abc import Mapping
from typing import Final

from adapter.fhir import systems

_CLINICAL = frozenset({"active", "recurrence", "relapse", "inactive", "remission", "resolved"})
_VERIFICATION = frozenset(
    {"unconfirmed", "provisional", "differential", "confirmed", "refuted", "entered-in-error"}
)
_ALLERGY = frozenset({"active", "inactive", "resolved"})
_ALLERGY_VERIFICATION = frozenset({"unconfirmed", "confirmed", "refuted", "entered-in-error"})

Concepts = Mapping[tuple[str, str], tuple[str, frozenset[str]]]

_BOTH: Concepts = {
    ("Condition", "clinicalStatus"): (systems.CONDITION_CLINICAL, _CLINICAL),
    ("Condition", "verificationStatus"): (systems.CONDITION_VERIFICATION, _VERIFICATION),
    ("AllergyIntolerance", "clinicalStatus"): (systems.ALLERGY_CLINICAL, _ALLERGY),
    ("AllergyIntolerance", "verificationStatus"): (systems.ALLERGY_VERIFICATION, _ALLERGY_VERIFICATION),
}

CONCEPTS: Final[Mapping[str, Concepts]] = {
    "r4": _BOTH,
    "r5": {
        **_BOTH,
        ("Condition", "clinicalStatus"): (systems.CONDITION_CLINICAL, _CLINICAL | {"unknown"}),
        ("AllergyIntolerance", "verificationStatus"): (
            systems.ALLERGY_VERIFICATION,
            _ALLERGY_VERIFICATION | {"presumed"},
        ),
    },
}
"""(resource, element) -> the only system and codes allowed."""

CODES: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("Observation", "status"): frozenset(
        {
            "registered",
            "preliminary",
            "final",
            "amended",
            "corrected",
            "cancelled",
            "entered-in-error",
            "unknown",
        }
    ),
    ("Quantity", "comparator"): frozenset({"<", "<=", ">=", ">", "ad"}),
}
"""(type, element) -> codes, where the library's own list is cut short."""
