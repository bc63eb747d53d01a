"""How well the context rules of each language read the mentions of the gold notes.

    python -m training.gold.assertions --gold en.jsonl de.jsonl ... [--show negated]

The mentions are those of the gold, so nothing but the rules is measured. Gold are lines with text and
language, of `training.gold.texts` and `training.gold.markup`. `ruled_out` counts as negated too.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapter import context, notes
from adapter.model import FLAGS, Assertion, Mention
from training import jsonlines

KINDS = ("condition", "finding", "medication", "procedure", "test")
LANGUAGES = ("de", "en", "es", "fr", "nl")
AXES = (*FLAGS, "family", "other")


def assessed(row: Mapping[str, Any], shelf: context.Shelf) -> Iterator[tuple[Mapping[str, Any], Assertion]]:
    """Each gold finding of a note with what the rules say of it."""
    gold = {(one["start"], one["end"]): one for one in row["findings"] if one["kind"] in KINDS}
    note = notes.from_text(row["id"], row["text"], row["language"])
    marked = sorted(mentions(row), key=lambda one: one.start)
    found = context.assess(note, marked, shelf[row["language"]])
    for finding in found.kept:
        if (finding.start, finding.end) in gold:
            yield gold[finding.start, finding.end], finding.assertion


def mentions(row: Mapping[str, Any]) -> Iterator[Mention]:
    """The gold mentions of a note, details among them."""
    for one in row["findings"]:
        details = [(kind, item) for kind, items in one.get("attributes", {}).items() for item in items]
        for kind, span in [(one["kind"], one), *details]:
            start, end = span["start"], span["end"]
            yield Mention(start=start, end=end, text=row["text"][start:end], kind=kind, confidence=1.0)


def gold_says(assertion: Mapping[str, Any], axis: str) -> bool:
    """Whether the gold says this of a mention."""
    if axis in ("family", "other"):
        return assertion.get("experiencer") == axis
    return bool(assertion.get(axis)) or (axis == "negated" and bool(assertion.get("ruled_out")))


def rules_say(assertion: Assertion, axis: str) -> bool:
    """Whether the rules do."""
    return assertion.experiencer == axis if axis in ("family", "other") else bool(getattr(assertion, axis))


def figures(path: Path, show: str | None) -> dict[str, Any]:
    """Precision, recall and F1 of each axis, and the share of mentions with all axes right."""
    counts: Counter[tuple[str, bool, bool]] = Counter()
    right = total = 0
    shelf = context.Shelf(LANGUAGES)
    for row in jsonlines.rows(path):
        for gold, said in assessed(row, shelf):
            pairs = {axis: (gold_says(gold["assertion"], axis), rules_say(said, axis)) for axis in AXES}
            counts.update((axis, *pair) for axis, pair in pairs.items())
            right += all(wanted == told for wanted, told in pairs.values())
            total += 1
            if show and pairs[show][0] != pairs[show][1]:
                print(shown(row["text"], gold, missed=pairs[show][0]))
    return {"mentions": total, "exact": round(right / total, 3)} | {axis: f1(counts, axis) for axis in AXES}


def f1(counts: Counter[tuple[str, bool, bool]], axis: str) -> list[float]:
    """Precision, recall, F1."""
    hit, extra, missed = counts[axis, True, True], counts[axis, False, True], counts[axis, True, False]
    figures = (
        hit / max(1, hit + extra),
        hit / max(1, hit + missed),
        2 * hit / max(1, 2 * hit + extra + missed),
    )
    return [round(one, 3) for one in figures]


def shown(text: str, gold: Mapping[str, Any], *, missed: bool) -> str:
    """A mention that was read wrongly, in its line."""
    start, end = gold["start"], gold["end"]
    around = f"{text[max(0, start - 70) : start]}[[{text[start:end]}]]{text[end : end + 40]}"
    return f"{'missed' if missed else 'extra'}\t{' '.join(around.split())}"


def main() -> None:
    """Prints a line of figures a file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    parser.add_argument("--show", choices=AXES, help="print the mentions of which this axis was read wrongly")
    options = parser.parse_args()
    for path in options.gold:
        print(json.dumps({"file": path.name, **figures(path, options.show)}))


if __name__ == "__main__":
    main()
