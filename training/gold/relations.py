"""How well the relation rules of each language join details to the mentions of the gold notes.

    python -m training.gold.relations --gold en.jsonl de.jsonl ...

Mentions and details are those of the gold, so nothing but the rules is measured: of each kind of mention and
detail how many are joined right, missed and joined wrongly. "doses" sums dose, route and frequency.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapter import context, notes
from training import jsonlines
from training.gold.assertions import LANGUAGES, mentions

Joined = tuple[str, str]  # kind of the mention, kind of the detail
DOSES = ("dose", "route", "frequency")
FEWEST = 8  # of gold: a share of fewer says nothing


def judged(row: Mapping[str, Any], shelf: context.Shelf) -> Iterator[tuple[Joined, str]]:
    """Each detail of gold and of the rules: right, missed or extra."""
    note = notes.from_text(row["id"], row["text"], row["language"])
    marked = sorted(mentions(row), key=lambda one: one.start)
    found = context.assess(note, marked, shelf[row["language"]])
    told = {
        (one.start, one.end): {(part.kind, part.start, part.end) for part in one.attributes}
        for one in found.kept
    }
    for one in row["findings"]:
        rules = told.get((one["start"], one["end"]))
        if rules is None:
            continue
        attributes = one.get("attributes", {})
        gold = {(kind, part["start"], part["end"]) for kind, parts in attributes.items() for part in parts}
        for name, parts in (("right", gold & rules), ("missed", gold - rules), ("extra", rules - gold)):
            yield from (((one["kind"], part[0]), name) for part in parts)


def figures(path: Path) -> Iterator[dict[str, Any]]:
    """A line for each pair of kinds that gold has often enough."""
    counts: Counter[tuple[Joined, str]] = Counter()
    shelf = context.Shelf(LANGUAGES)
    for row in jsonlines.rows(path):
        for (mention, detail), name in judged(row, shelf):
            counts[(mention, detail), name] += 1
            if mention == "medication" and detail in DOSES:
                counts[(mention, "doses"), name] += 1
    for pair in sorted({pair for pair, _ in counts}):
        right, missed, extra = (counts[pair, name] for name in ("right", "missed", "extra"))
        if right + missed >= FEWEST:
            yield {
                "file": path.name,
                "mention": pair[0],
                "detail": pair[1],
                "right": right,
                "missed": missed,
                "extra": extra,
                "f1": round(2 * right / (2 * right + missed + extra), 3),
            }


def main() -> None:
    """Prints the lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    for path in options.gold:
        for line in figures(path):
            print(json.dumps(line))


if __name__ == "__main__":
    main()
