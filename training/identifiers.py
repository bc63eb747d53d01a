"""Identifiers of notes: marks joined to their texts, and training examples made of both.

    python -m training.identifiers join --marks MARKS.jsonl ... [--rows ROWS.jsonl ...] > rows.jsonl
    python -m training.identifiers examples --rows ROWS.jsonl ... --output EXAMPLES.jsonl

Marks are `{"id", "sha256" of the text, "language", "identifiers": [{"start", "end", "kind"}]}` without texts:
those of `training/annotated/` and `fixtures/identifiers/`. The text is looked for in rows (of
`training.gold.markup`) and, with `--corpora FOLDER`, in its notes; it must be the one that was marked. Rows
with text and identifiers, as `training.notes` writes them too, are gold for `notewright evaluate redaction`.
With `--others ROWS.jsonl ...` come copies of the examples in which most people, places and numbers are
exchanged for those of these rows.
"""

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from training import augment, findings, jsonlines
from training.heads import IDENTIFIERS

Row = dict[str, Any]
KEPT = ("date", "birthdate")
SHARE = 0.7  # of the distinct identifiers of a text that are exchanged


def joined(marks: Sequence[Path], texts: Sequence[Path], corpora: Path | None) -> Iterator[Row]:
    """Marks with their texts. Raises ValueError when a text is not the one that was marked."""
    known = findings.texts(corpora) if corpora else {}
    known |= {row["id"]: row["text"] for row in jsonlines.rows(*texts)}
    for row in jsonlines.rows(*marks):
        yield {**row, "text": findings.text_of(row, known)}


def example(row: Row) -> Row:
    """The training example of a row: what is not marked is no identifier."""
    spans = [(one["start"], one["end"], [one["kind"]]) for one in row["identifiers"]]
    return {"id": row["id"], "text": row["text"], "spans": sorted(spans), "complete": IDENTIFIERS.kinds}


def others(paths: Sequence[Path]) -> dict[str, list[str]]:
    """What identifiers of rows are called, by kind, but dates: their form belongs to the sentence."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in jsonlines.rows(*paths):
        for one in row["identifiers"]:
            if one["kind"] not in KEPT:
                found[one["kind"]].add(row["text"][one["start"] : one["end"]])
    return {kind: sorted(names) for kind, names in found.items()}


def main() -> None:
    """Runs one of the two commands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    join = commands.add_parser("join", help="marks with their texts")
    join.add_argument("--marks", type=Path, nargs="+", required=True)
    join.add_argument("--rows", type=Path, nargs="*", default=[])
    join.add_argument("--corpora", type=Path)
    made = commands.add_parser("examples", help="rows as training examples")
    made.add_argument("--rows", type=Path, nargs="+", required=True)
    made.add_argument("--output", type=Path, required=True)
    made.add_argument("--others", type=Path, nargs="*", default=[])
    made.add_argument("--copies", type=int, default=2)
    made.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    if options.command == "join":
        for row in joined(options.marks, options.rows, options.corpora):
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    examples = [example(row) for row in jsonlines.rows(*options.rows)]
    if options.others:
        names, dice = others([*options.rows, *options.others]), random.Random(options.seed)
        told = [one for one in examples if one["spans"]]
        examples += [
            augment.exchanged(one, names, dice, SHARE) for _ in range(options.copies) for one in told
        ]
    options.output.write_text(
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in examples), "utf-8"
    )


if __name__ == "__main__":
    main()
