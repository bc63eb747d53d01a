"""What every operation is asked of: a store, a FHIR version, a clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from terminology import systems
from terminology.fhir.constraints import Matching, constraint
from terminology.fhir.maps import ConceptMap
from terminology.fhir.store import TerminologyStore
from terminology.model import Concept

Ecl = Callable[[str, TerminologyStore], Matching]
SAMPLED = 100  # codes looked at to tell whether a system has a hierarchy
FHIR_VERSIONS = {"R4": "4.0.1", "R5": "5.0.0"}
NAMES = {
    systems.SNOMED: "SNOMED CT",
    systems.RXNORM: "RxNorm",
    systems.ATC: "ATC",
    systems.LOINC: "LOINC",
    systems.ICD10CM: "ICD-10-CM",
    systems.ICD10: "ICD-10",
    systems.ICD10UK: "ICD-10 (UK)",
    systems.ICDO3: "ICD-O-3",
}


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A store as it is served."""

    store: TerminologyStore
    fhir_version: str = "R4"  # one of FHIR_VERSIONS
    clock: Callable[[], datetime] = now
    ecl: Ecl = constraint
    concept_maps: tuple[ConceptMap, ...] = ()  # served beside the maps of the store

    def __post_init__(self) -> None:
        if self.fhir_version not in FHIR_VERSIONS:
            raise ValueError(f"FHIR version must be one of {', '.join(FHIR_VERSIONS)}")
        if any(one.fhir_version != self.fhir_version for one in self.concept_maps):
            raise ValueError(f"the concept maps must be {self.fhir_version}")

    @property
    def r5(self) -> bool:
        """Whether R5 is spoken."""
        return self.fhir_version == "R5"

    def timestamp(self) -> str:
        """The time as a FHIR dateTime."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def version_of(self, system: str) -> str | None:
        """The version of a code system, where the store knows it."""
        for code in self.store.codes(system, 0, 1):
            concept = self.store.lookup(system, code)
            return concept.version if concept else None
        return None

    def has_hierarchy(self, system: str) -> bool:
        """Whether the store knows how the codes of a system stand to each other."""
        return any(
            self.store.parents(system, code) or self.store.children(system, code)
            for code in self.store.codes(system, 0, SAMPLED)
        )

    def hierarchical(self, concept: Concept) -> bool:
        """Whether the store knows where a concept stands: an inactive one stands nowhere."""
        system, code = concept.system, concept.code
        known = self.store.parents(system, code) or self.store.children(system, code)
        return bool(known) or not active(concept)


def active(concept: Concept) -> bool:
    """Whether a concept may be used."""
    return concept.active


def name_of(system: str) -> str:
    """What a code system is called."""
    return NAMES.get(system, system)
