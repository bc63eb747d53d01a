"""Codes of whole encounters: the Synthea notes against the coded resources of the same encounter.

    python benchmarks/synthea.py --corpora ../shared/corpora --store STORE

The note names each Condition, Procedure and MedicationRequest of its encounter, so recall should be near one,
and every emitted code should be one of a name that stands in the note. STORE: Core, ICD-10-CM and the two TSV
lists of `../shared/terminology` (see README.md here). Codes that say what kind of Observation it is ("Tobacco
smoking status") are ours, not the note's, and are not counted.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import terminology

SNOMED, RXNORM = "http://snomed.info/sct", "http://www.nlm.nih.gov/research/umls/rxnorm"
WANTED = {"Condition": SNOMED, "Procedure": SNOMED, "MedicationRequest": RXNORM}
LOINC = "http://loinc.org"
OURS = {(None, None), *((LOINC, code) for code in ("72166-2", "29762-2", "75321-0", "74013-4"))}
MADE = {"Condition": "Condition", "Procedure": "Procedure", "MedicationRequest": "MedicationStatement"}


def codes(bundle: dict) -> dict[str, set[tuple[str, str]]]:
    """The (system, code) pairs of a Bundle by resource type."""
    found: dict[str, set[tuple[str, str]]] = {}
    for entry in bundle.get("entry", ()):
        resource = entry["resource"]
        concepts = [resource.get("code"), resource.get("medicationCodeableConcept")]
        concepts += [one.get("code") for one in resource.get("condition", ()) if isinstance(one, dict)]
        for concept in concepts:
            for coding in (concept or {}).get("coding", ()):
                pair = (coding.get("system"), coding.get("code"))
                found.setdefault(resource["resourceType"], set()).add(pair)
    return found


def named(store: terminology.Store, text: str, pair: tuple[str, str], words: list[str]) -> bool:
    """Whether a name of this code, or of one mapped to it, stands in the note."""
    concept = store.lookup(*pair)
    names = [term.text for term in concept.terms] if concept else []
    folded = text.casefold()
    return any(name.casefold() in folded for name in names) or any(
        hit.code == pair[1] or any(m.code == pair[1] for m in store.mappings(hit.system, hit.code))
        for word in words
        for hit in store.exact(word)
    )


def texts(bundle: dict, pair: tuple[str, str]) -> list[str]:
    """The words a code was given for."""
    words = []
    for entry in bundle["entry"]:
        resource = entry["resource"]
        for concept in (resource.get("code"), resource.get("medicationCodeableConcept")):
            for coding in (concept or {}).get("coding", ()):
                if (coding.get("system"), coding.get("code")) == pair:
                    words.append(concept.get("text", ""))
    return words


def converted(rows: list[dict], store: Path, options: list[str]) -> list[dict]:
    """What `notewright convert` makes of the documents."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.ndjson", Path(folder) / "out.ndjson"
        source.write_text("".join(json.dumps(row["document_reference"]) + "\n" for row in rows), "utf-8")
        command = [
            sys.executable,
            "-m",
            "adapter",
            "convert",
            "--input",
            str(source),
            "--output",
            str(target),
        ]
        subprocess.run([*command, "--terminology", str(store), *options], check=True)
        return [json.loads(line) for line in target.read_bytes().splitlines()]


def main() -> None:
    """Prints the figures, and the commonest misses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--most", type=int, help="only so many notes")
    options, rest = parser.parse_known_args()
    with gzip.open(options.corpora / "synthea" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][: options.most]
    bundles = converted(rows, options.store, rest)
    hits, wanted, missed = Counter(), Counter(), Counter()
    given, right, unnamed = 0, 0, Counter()
    with terminology.open_store(options.store) as store:
        for row, bundle in zip(rows, bundles, strict=True):
            made = codes(bundle)
            for kind, system in WANTED.items():
                gold = {
                    (r["code"], r["display"]) for r in row["resources"].get(kind, ()) if r["system"] == system
                }
                ours = {code for where, code in made.get(MADE[kind], ()) if where == system}
                for code, display in gold:
                    wanted[kind] += 1
                    hits[kind] += code in ours
                    missed[kind, code, display] += code not in ours
            for resource, pairs in made.items():
                for pair in pairs - OURS if resource not in ("Device", "Provenance") else ():
                    given += 1
                    ok = named(store, row["text"], pair, texts(bundle, pair))
                    right += ok
                    unnamed[pair, *texts(bundle, pair)[:1]] += not ok
    print(f"Bundles {sum(b['resourceType'] == 'Bundle' for b in bundles)} of {len(rows)}")
    for kind in WANTED:
        print(f"{MADE[kind]} recall {hits[kind] / wanted[kind]:.4f} ({hits[kind]} of {wanted[kind]})")
    print(f"emitted codes named in the note {right / max(given, 1):.4f} ({right} of {given})")
    for title, counts in (("missed", missed), ("not named", unnamed)):
        for what, count in counts.most_common(12):
            if count:
                print(f"  {title} {count} x {what}")


if __name__ == "__main__":
    main()
