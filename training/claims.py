"""How sure an encoder must be of what it says of a mention: `[claims]` of `mappings/extraction/arbiter.toml`.

    python -m training.claims --model MODEL.gguf --gold en.jsonl de.jsonl ...

What holds of a mention is the union of rules and claims, so a claim can only mend what the rules miss.
Printed for each axis and file: F1 of the rules alone, of the encoder alone, and of the union at several
thresholds.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from adapter import context, extraction, notes
from training import jsonlines
from training.gold import assertions
from training.heads import AXES

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)

Judged = tuple[bool, bool, float]  # gold, rules, the encoder's probability


def judged(
    row: dict, shelf: context.Shelf, classifier: extraction.Classifier, axes: tuple[str, ...]
) -> Iterator[dict[str, Judged]]:
    """What gold, rules and encoder say of each gold mention, by axis."""
    note = notes.from_text(row["id"], row["text"], row["language"])
    words = classifier.tokenizer.words(note.text)
    probabilities, said = classifier.read(words, note.sentences)
    reading = extraction.Reading(words=words, probabilities=probabilities, said=said, names=classifier.said)
    for gold, rules in assertions.assessed(row, shelf):
        sure = reading.sure(gold["start"], gold["end"])
        yield {
            axis: (
                assertions.gold_says(gold["assertion"], axis),
                assertions.rules_say(rules, axis),
                sure.get(AXES.get(axis, axis), 0.0),
            )
            for axis in axes
        }


def figures(path: Path, classifier: extraction.Classifier) -> Iterator[dict]:
    """A line for each axis."""
    rows = list(jsonlines.rows(path))
    axes = tuple(axis for axis in assertions.AXES if AXES.get(axis, axis) in classifier.said)
    shelf = context.Shelf(assertions.LANGUAGES)
    found = [one for row in rows for one in judged(row, shelf, classifier, axes)]
    for axis in axes:
        said = [one[axis] for one in found]
        union = {
            least: f1([(gold, rules or sure >= least) for gold, rules, sure in said]) for least in THRESHOLDS
        }
        yield {
            "file": path.name,
            "axis": axis,
            "mentions": sum(gold for gold, _, _ in said),
            "rules": f1([(gold, rules) for gold, rules, _ in said]),
            "encoder": f1([(gold, sure >= THRESHOLDS[0]) for gold, _, sure in said]),
            "union": union,
        }


def f1(pairs: list[tuple[bool, bool]]) -> float:
    """F1 of what was told against gold."""
    hit = sum(gold and told for gold, told in pairs)
    return round(2 * hit / max(1, sum(gold for gold, _ in pairs) + sum(told for _, told in pairs)), 3)


def main() -> None:
    """Prints the lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    classifier = extraction.Classifier(options.model, threads=2)
    for path in options.gold:
        for line in figures(path, classifier):
            print(json.dumps(line))
    classifier.close()


if __name__ == "__main__":
    main()
