"""Code systems by their FHIR URI (https://hl7.org/fhir/R4/terminologies-systems.html) and their order."""

import re

SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD10UK = "https://fhir.hl7.org.uk/Id/icd-10-uk"
ICD10GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
# The CodeSystem of the Agence du Numérique en Santé: https://interop.esante.gouv.fr/terminologies
ICD10FR = "https://smt.esante.gouv.fr/terminologie-cim-10"
ICDO3 = "http://terminology.hl7.org/CodeSystem/icd-o-3"
ATC_BFARM = "http://fhir.de/CodeSystem/bfarm/atc"
LOINC = "http://loinc.org"

FORMS = {LOINC: re.compile(r"[A-Z]{0,4}\d{1,8}-\d"), RXNORM: re.compile(r"\d{1,9}")}

SHORT = {
    "snomed": SNOMED,
    "rxnorm": RXNORM,
    "atc": ATC,
    "loinc": LOINC,
    "icd10cm": ICD10CM,
    "icd10": ICD10,
    "icd10gm": ICD10GM,
    "icd10fr": ICD10FR,
    "icd10uk": ICD10UK,
    "icdo3": ICDO3,
}
"""Names people type for systems."""

CLASSIFICATIONS = frozenset({ICD10, ICD10CM, ICD10GM, ICD10FR, ICD10UK})
"""The editions of ICD-10, which share their chapters."""

PREFERENCE = (SNOMED, RXNORM, ATC, LOINC, ICD10CM, ICD10GM, ICD10FR, ICD10)
"""Which system's concept comes first when all else is equal; systems not named come last."""


def rank(system: str) -> int:
    """The place of a system in `PREFERENCE`."""
    return PREFERENCE.index(system) if system in PREFERENCE else len(PREFERENCE)


VERHOEFF_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
VERHOEFF_P = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def verhoeff(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of the rest."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = VERHOEFF_D[check][VERHOEFF_P[place % 8][int(digit)]]
    return check == 0


def possible(system: str, code: str) -> bool:
    """Whether a code can exist in its system.

    A SNOMED CT concept id has 6 to 18 digits, the partition 00 or 10 and a check digit
    (https://confluence.ihtsdotools.org/display/DOCRELFMT/6+SNOMED+CT+Identifiers);
    a LOINC code ends in a check digit after a hyphen; an RxNorm id is a number. Other systems are not judged.
    """
    if system in FORMS:
        return FORMS[system].fullmatch(code) is not None
    if system != SNOMED:
        return bool(code)
    if not (code.isascii() and code.isdigit() and 6 <= len(code) <= 18):
        return False
    return code[-3:-1] in {"00", "10"} and verhoeff(code)
