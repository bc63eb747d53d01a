"""A small store with a hierarchy: two body structures, asthma, and a breast cancer in two code systems."""

import json
from pathlib import Path

import terminology
from terminology import Source

SNOMED, ICD = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
BODY, BREAST, LIVER = "123037004", "76752008", "10200004"


def concept(code: str, display: str, *names: tuple[str, str], below: tuple[object, ...] = ()) -> object:
    """A concept of a CodeSystem with what stands below it."""
    designations = [{"language": language, "value": name} for language, name in names]
    return {"code": code, "display": display, "designation": designations, "concept": list(below)}


def small(folder: Path) -> Path:
    """The store file, written in a folder."""
    parts = (
        concept(BREAST, "Breast structure (body structure)", ("en", "Breast"), ("de", "Brustdrüse")),
        concept(LIVER, "Liver structure (body structure)", ("en", "Liver")),
    )
    found = (
        concept("195967001", "Asthma (disorder)", ("en", "Asthma")),
        concept("254837009", "Malignant neoplasm of breast (disorder)", ("en", "Breast cancer")),
    )
    system = {
        "resourceType": "CodeSystem",
        "url": SNOMED,
        "status": "active",
        "content": "fragment",
        "hierarchyMeaning": "is-a",
        "concept": [
            concept(BODY, "Body structure (body structure)", below=parts),
            concept("404684003", "Clinical finding (finding)", below=found),
        ],
    }
    (folder / "sct.json").write_text(json.dumps(system), "utf-8")
    rows = f"system\tcode\tdisplay\tkind\n{ICD}\tC50.9\tBreast cancer\tcondition\n"
    (folder / "icd.tsv").write_text(rows, "utf-8")
    sources = [Source(kind="fhir", path=folder / "sct.json"), Source(kind="tsv", path=folder / "icd.tsv")]
    terminology.build(sources, folder / "bound.sqlite")
    return folder / "bound.sqlite"
