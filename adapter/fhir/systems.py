"""Every system, extension URL and fixed coding that appears on the wire, and nowhere else.

Values confirmed in the published guides unless a comment says otherwise.
"""

from typing import Final, Literal

Version = Literal["r4", "r5"]
"""Which FHIR a resource is written in; "r4" is 4.0.1 and is checked with the R4B models."""

# Code systems for clinical meaning
SNOMED: Final = "http://snomed.info/sct"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10"
ICD10CM: Final = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10GM: Final = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC: Final = "http://www.whocc.no/atc"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
URI: Final = "urn:ietf:rfc:3986"
LANGUAGES: Final = "urn:ietf:bcp:47"

# HL7 terminology
CONDITION_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION_VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CONDITION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
ALLERGY_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
ALLERGY_VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
OBSERVATION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
ADHERENCE: Final = "http://hl7.org/fhir/CodeSystem/medication-statement-adherence"  # R5
TIMING: Final = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
ROLE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
OBSERVATION_VALUE: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
LIFECYCLE: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
PARTICIPANT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"

# Extensions
DERIVATION: Final = "http://hl7.org/fhir/StructureDefinition/derivation-reference"
ASSERTED: Final = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
LATERALITY: Final = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-laterality-qualifier"
ORIGINAL_TEXT: Final = "http://hl7.org/fhir/StructureDefinition/originalText"
ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
AI: Final = "http://hl7.org/fhir/uv/aitransparency"
CONFIDENCE: Final = AI + "/StructureDefinition/AIconfidence"
AI_KIND: Final = AI + "/StructureDefinition/aitransparency.AIKind"
AI_DEVICE: Final = AI + "/CodeSystem/AIdeviceTypeCS"

# Identifiers of our own
OURS: Final = "https://notewright.org/fhir/identifier"
FINDING_ID: Final = OURS + "/finding"  # a resource made from a note
DOCUMENT_ID: Final = OURS + "/document"  # a document of ours that came without an identifier
NOTE_ID: Final = OURS + "/note"  # a note whose DocumentReference has no id of its own
DEVICE_ID: Final = OURS + "/device"  # a model in a version of the software
BUNDLE_ID: Final = OURS + "/bundle"
REVIEWER_ID: Final = OURS + "/reviewer"  # a person, as the service they signed in to names them
RUN_ID: Final = OURS + "/run"  # meta.tag of a Provenance, which has no identifier element
MODEL_DIGEST: Final = OURS + "/gguf-sha256"
MAPPINGS_DIGEST: Final = OURS + "/mappings-sha256"
TERMINOLOGY_DIGEST: Final = OURS + "/terminology-sha256"
TASK_DIGEST: Final = OURS + "/task-sha256"

# Fixed codings
AIAST: Final = {
    "system": OBSERVATION_VALUE,
    "code": "AIAST",
    "display": "Artificial Intelligence asserted",
}
"""Security label and reason: an algorithm said so; says nothing about human review."""
CLINAST: Final = {"system": OBSERVATION_VALUE, "code": "CLINAST", "display": "clinician asserted"}
"""Security label: a person said so, where no algorithm had."""
