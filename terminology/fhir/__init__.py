"""FHIR terminology operations over a store: pure functions (`operations`), and a router that serves them.

Only `routes` needs FastAPI; everything else gives FHIR JSON as dictionaries and does no input or output.
"""

from terminology.fhir.maps import ConceptMap, held
from terminology.fhir.outcome import Refusal
from terminology.fhir.service import Service
from terminology.fhir.store import TerminologyStore

__all__ = ["ConceptMap", "Refusal", "Service", "TerminologyStore", "held"]
