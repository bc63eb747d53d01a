"""Which resources a target wants. What it does not want is left out and told, not changed."""

from collections.abc import Mapping

from pydantic import Field

from adapter.delivery import packs
from adapter.fhir import systems
from adapter.model import Resource
from mappings import Table

_JUDGED = frozenset({"Condition", "AllergyIntolerance"})  # those that have a verification status


class Filter(Table):
    """A target's wishes; what is empty is not asked."""

    types: frozenset[str] = frozenset()  # of resources made from documents
    categories: Mapping[str, frozenset[str]] = {}  # type -> codes of its category
    verification: frozenset[str] = frozenset()  # codes of verificationStatus, where there is one
    confidence: float | None = Field(default=None, ge=0.0, le=1.0)  # at least, of what nobody has verified
    provenance: bool = True  # whether Provenance and Device are wanted

    def against(self, resource: Resource) -> str | None:
        """Why a resource is not wanted, None if it is."""
        kind = str(resource.get("resourceType"))
        if kind in ("Provenance", "Device"):
            return None if self.provenance else "filter-provenance"
        if self.types and kind not in self.types:
            return "filter-type"
        if kind in self.categories and not packs.codes(resource, "category") & self.categories[kind]:
            return "filter-category"
        judged = self.verification if kind in _JUDGED else None
        if judged and not packs.codes(resource, "verificationStatus") & judged:
            return "filter-verification"
        return None if self.confidence is None or _sure(resource, self.confidence) else "filter-confidence"


def _sure(resource: Resource, least: float) -> bool:
    """Whether the model is as sure as that, or a person is sure."""
    if systems.CLINAST in (resource.get("meta") or {}).get("security", []):
        return True
    sure = confidence(resource)
    return sure is not None and sure >= least


def confidence(resource: Resource) -> float | None:
    """How sure the model is of a resource, if that is said."""
    listed = resource.get("extension", [])
    told = [one.get("valueDecimal") for one in listed if one.get("url") == systems.CONFIDENCE]
    return next((float(one) for one in told if isinstance(one, int | float)), None)
