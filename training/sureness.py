"""Fits how probabilities become confidences, for `[sureness]` of `mappings/extraction/arbiter.toml`.

    python -m training.sureness --gold GOLD.jsonl --predicted FINDINGS.jsonl

Predictions are those of `notewright extract` with an empty `[sureness]`. Prints what belongs there, and the
expected calibration error (ten bins of equal mass, right: same start, end and kind) before, and after as
fitted on the other half of the notes.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapter.extraction.sureness import BEND, EDGE, found_by
from training import jsonlines

Numbers = NDArray[np.float64]
NAMES = ("slope", "shift", "below", "both", "named")  # what is fitted
PENALTY = 1.0  # of the squares of what is fitted: nothing beside hundreds of mentions
BINS = 10


def mentions(row: dict[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of the findings of a row and of their details."""
    for finding in row["findings"]:
        yield finding["start"], finding["end"], finding["kind"]
        for kind, items in finding.get("attributes", {}).items():
            yield from ((item["start"], item["end"], kind) for item in items)


def judged(gold: Path, predicted: Path) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Of every finding: what its confidence is made of, 1 where gold has it, and its half of the notes."""
    truth = {row["id"]: set(mentions(row)) for row in jsonlines.rows(gold)}
    told = [
        (
            (one["confidence"], *found_by(one["sources"])),
            (one["start"], one["end"], one["kind"]) in truth[row["id"]],
            half(row["id"]),
        )
        for row in jsonlines.rows(predicted)
        for one in row["findings"]
    ]
    sure, right, side = (np.array(column) for column in zip(*told, strict=True))
    return points(sure[:, 0], sure[:, 1:]), right.astype(float), side


def half(identifier: str) -> bool:
    """Which half a note is in."""
    return bool(hashlib.sha256(identifier.encode()).digest()[0] & 1)


def points(probabilities: Numbers, sources: Numbers) -> Numbers:
    """A column for each of NAMES: log odds, ones, how far the odds are below the bend, and who found it."""
    inside = np.clip(probabilities, EDGE, 1 - EDGE)
    odds = np.log(inside / (1 - inside))
    return np.column_stack([odds, np.ones(len(inside)), np.minimum(odds - BEND, 0), sources])


def sigmoid(values: Numbers) -> Numbers:
    """Log odds as probabilities."""
    return 1 / (1 + np.exp(-values))


def fitted(sure: Numbers, right: Numbers) -> Numbers:
    """What of NAMES makes these points likeliest, by Newton's method."""
    found = np.zeros(len(NAMES))
    for _ in range(50):
        guess = sigmoid(sure @ found)
        slope = sure.T @ (guess - right) + PENALTY * found
        curve = (sure * (guess * (1 - guess))[:, None]).T @ sure + PENALTY * np.eye(len(NAMES))
        found = found - np.linalg.solve(curve, slope)
    return found


def error(sure: Numbers, right: Numbers) -> float:
    """The expected calibration error."""
    order = np.argsort(sure, kind="stable")
    bins = zip(np.array_split(sure[order], BINS), np.array_split(right[order], BINS), strict=True)
    return float(sum(len(a) * abs(a.mean() - b.mean()) for a, b in bins) / len(sure))


def main() -> None:
    """Prints the numbers as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--predicted", type=Path, required=True)
    options = parser.parse_args()
    sure, right, side = judged(options.gold, options.predicted)
    crossed = np.empty(len(right))
    for one in (True, False):
        crossed[side == one] = sigmoid(sure[side == one] @ fitted(sure[side != one], right[side != one]))
    told = {
        "mentions": len(right),
        "right": right.mean(),
        "before": error(sigmoid(sure[:, 0]), right),
        "crossed": error(crossed, right),
        **dict(zip(NAMES, fitted(sure, right), strict=True)),
    }
    print(json.dumps({name: round(float(value), 4) for name, value in told.items()}))


if __name__ == "__main__":
    main()
