"""Real notes through the line: are quotes exact, and do denied symptoms stay out of the Conditions?

    python benchmarks/real_notes.py --corpora ../shared/corpora --store STORE [--gold NOTES] [--show 20]

All ACI-Bench development notes and 200 transcribed reports. Checked on every Bundle: one of a resource's
derivation-references cuts out exactly the resource's own words; no active Condition stands on a mention that
the context stage calls negated. With `--gold fixtures/gold/en.jsonl` those notes are run too, and no
active Condition may stand on words that a reader marked as denied. `--show N` prints N notes with every
finding, for reading by eye.
"""

import argparse
import base64
import gzip
import hashlib
import json
import random
from collections import Counter
from pathlib import Path

from adapter import assembly
from adapter.fhir import systems
from adapter.model import Finding
from adapter.settings import Settings
from training.gold import score

SEED = 20261120
AXES = ("negated", "ruled_out", "uncertain", "hypothetical", "historical", "planned")


def sampled(corpora: Path, reports: int, read: dict[str, list[dict]]) -> list[dict]:
    """All development notes, a fixed sample of reports, and the notes that were read."""
    with gzip.open(corpora / "notes" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        chosen = [json.loads(line) for line in lines]
    with gzip.open(corpora / "notes" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rest = [json.loads(line) for line in lines]
    chosen += random.Random(SEED).sample([row for row in rest if "ctakes" in row["id"]], reports)
    known = {row["id"] for row in chosen}
    return chosen + [row for row in rest if row["id"] in read and row["id"] not in known]


def denied_by_readers(path: Path | None) -> dict[str, list[dict]]:
    """The mentions of each read note that its reader marked as denied."""
    if path is None:
        return {}
    found = score.gold_notes(path)
    return {
        id: [one for one in mentions if (one.get("assertion") or {}).get("negated")]
        for id, mentions in found.items()
    }


def document(row: dict) -> dict:
    """A note as a DocumentReference."""
    data = base64.b64encode(row["text"].encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": hashlib.sha256(row["id"].encode()).hexdigest(),
        "status": "current",
        "subject": {"reference": "Patient/example"},
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data}}],
    }


def derivations(resource: dict) -> list[tuple[int, int]]:
    """The (start, end) of every derivation-reference at the top of a resource."""
    found = []
    for extension in resource.get("extension", ()):
        if extension["url"] == systems.DERIVATION:
            parts = {part["url"]: part.get("valueInteger") for part in extension["extension"]}
            found.append((parts["offset"], parts["offset"] + parts["length"]))
    return found


def concept(resource: dict) -> str | None:
    """The words a resource was made for."""
    return (resource.get("code") or resource.get("medicationCodeableConcept") or {}).get("text")


def main() -> None:
    """Prints the counts, and with --show the findings of some notes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--reports", type=int, default=200)
    parser.add_argument("--gold", type=Path, help="notes read by hand: fixtures/gold/en.jsonl")
    parser.add_argument("--show", type=int, default=0)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    denied = denied_by_readers(options.gold)
    with assembly.opened(Settings(terminology=options.store)) as pipeline:
        rows = sampled(options.corpora, options.reports, denied)
        for number, row in enumerate(rows):
            outcome = pipeline.run(document(row))
            findings = [one for step in outcome.steps if step.name == "coding" for one in step.kept]
            check(row["text"], outcome.bundle, findings, counts)
            check_denied(denied.get(row["id"], []), outcome.bundle, counts)
            if number < options.show:
                show(row, findings)
    print(json.dumps(dict(sorted(counts.items())), indent=1))


def check(text: str, bundle: dict, findings: list[Finding], counts: Counter[str]) -> None:
    """Counts what holds and what does not in one Bundle."""
    counts["notes"] += 1
    counts["findings"] += len(findings)
    counts["findings with a code"] += sum(bool(one.codings) for one in findings)
    negated = {(one.start, one.end) for one in findings if one.assertion.negated}
    counts["negated findings"] += len(negated)
    counts["misquoted findings"] += sum(text[one.start : one.end] != one.text for one in findings)
    for entry in bundle["entry"]:
        resource = entry["resource"]
        counts[resource["resourceType"]] += 1
        places = derivations(resource)
        quotes = [text[start:end] for start, end in places]
        words = concept(resource)
        if words and places:
            counts["quotes checked"] += 1
            counts["quotes wrong"] += words not in quotes
        if active(resource):
            counts["active Conditions"] += 1
            counts["active Conditions on a negated mention"] += any(place in negated for place in places)


def active(resource: dict) -> bool:
    """Whether it is a Condition that says the patient has it now."""
    statuses = {c["code"] for c in (resource.get("clinicalStatus") or {}).get("coding", ())}
    return resource["resourceType"] == "Condition" and "active" in statuses


def check_denied(denied: list[dict], bundle: dict, counts: Counter[str]) -> None:
    """Counts the mentions a reader marked as denied that an active Condition stands on."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    places = [place for one in resources if active(one) for place in derivations(one)]
    counts["mentions a reader marked as denied"] += len(denied)
    counts["of these in an active Condition"] += sum(
        any(start < one["end"] and one["start"] < end for start, end in places) for one in denied
    )


def show(row: dict, findings: list[Finding]) -> None:
    """One note's findings for reading."""
    print("=" * 100, row["id"], row["text"], sep="\n")
    for one in findings:
        said = one.assertion
        axes = [axis for axis in AXES if getattr(said, axis)]
        axes += [said.experiencer] if said.experiencer != "patient" else []
        codes = ", ".join(f"{coding.code} {coding.display} ({coding.match})" for coding in one.codings)
        print(f"  {one.start:>5} {one.kind:<10} {one.text!r} {axes} [{codes}]")


if __name__ == "__main__":
    main()
