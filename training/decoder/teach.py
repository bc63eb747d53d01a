"""`python -m training.decoder.teach`: what encoder and context rules say of public notes, a line each.

Notes held out here or annotated by hand are left out. Lines are written as they come, so it can be stopped.
"""

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.assembly import opened
from adapter.model import FLAGS, Finding
from adapter.settings import Settings
from training import examples
from training.gold.score import NOTES, gold_notes

HERE = Path(__file__).parent
GOLD = HERE.parent / "gold"
LONGEST = 6000  # characters of a note that is worth its time


def main() -> None:
    """Writes {"id", "text", "findings"} for each note."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    notes = list(allowed(asked.corpora / "notes" / "train.jsonl.gz"))
    random.Random(asked.seed).shuffle(notes)
    with opened(Settings()) as pipeline, asked.output.open("w", encoding="utf-8") as out:
        for record in notes:
            findings, _ = pipeline.text(record["id"], record["text"])
            line = {"id": record["id"], "text": record["text"], "findings": [*map(plain, findings)]}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
            out.flush()


def held_out() -> set[str]:
    """The notes no training may see: ours, their near copies, and those annotated by hand."""
    files = (HERE / "held_out.txt", HERE / "near_copies.txt", GOLD / "held_out.txt")
    listed = {line for file in files for line in file.read_text("utf-8").split()}
    return listed | set(gold_notes(NOTES))


def allowed(path: Path) -> Iterator[dict[str, Any]]:
    """The notes that may be trained on."""
    shut = held_out()
    for record in examples.records(path):
        if record["id"] not in shut and len(record["text"]) <= LONGEST:
            yield record


def plain(finding: Finding) -> dict[str, Any]:
    """A finding as JSON: place, kind, the flags that are true, and its details."""
    said = finding.assertion
    return {
        "start": finding.start,
        "end": finding.end,
        "kind": finding.kind,
        "flags": [flag for flag in FLAGS if getattr(said, flag)],
        "experiencer": said.experiencer,
        "attributes": [{"kind": one.kind, "start": one.start, "end": one.end} for one in finding.attributes],
    }


if __name__ == "__main__":
    main()
