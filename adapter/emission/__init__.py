"""Findings -> FHIR resources -> one transaction Bundle, checked before it leaves.

Knows FHIR and the policy of mappings/resources; knows no engine and sends nothing.
"""

from adapter.emission.building import build
from adapter.emission.bundling import bundle
from adapter.emission.rules import ResourceRules, load
from adapter.emission.run import Maker

__all__ = ["Maker", "ResourceRules", "build", "bundle", "load"]
