"""Annotated abstracts with some of their mentions exchanged for others of the same sort.

    python -m training.augment --data TRAINDATA

A name exchanged is exchanged wherever it stands in the text, so that a text stays consistent. It teaches the
model to read the context rather than to remember five hundred abstracts (Dai & Adel 2020, "An Analysis of
Simple Data Augmentation for Named Entity Recognition"). Writes bc5cdr- and ncbi-train-exchanged.jsonl.
"""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

from training import vocabulary

SHARE = 0.4  # of the distinct names of a text that are exchanged
KNOWN = {
    "medication": ("medication",),
    "condition": ("condition",),
    "condition|finding": ("condition", "finding"),
}


def pools(examples: list[dict], terms: vocabulary.Vocabulary) -> dict[str, list[str]]:
    """Names by sort: those of the corpora, and as many of the term lists."""
    found: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        for start, end, kinds in example["spans"]:
            found["|".join(kinds)].add(example["text"][start:end])
    dice = random.Random(0)
    mixed = {}
    for sort, names in found.items():
        listed = sorted(
            {term for kind in KNOWN.get(sort, ()) for term in terms.trusted[kind] if len(term) > 3}
        )
        mixed[sort] = sorted(names) + dice.sample(listed, min(len(listed), len(names)))
    return mixed


def exchanged(example: dict, names: dict[str, list[str]], dice: random.Random) -> dict:
    """The example with some names exchanged; offsets follow."""
    text, spans, at, parts, new = example["text"], sorted(example["spans"]), 0, [], []
    chosen: dict[str, str] = {}
    length = 0
    for start, end, kinds in spans:
        name, sort = text[start:end], "|".join(kinds)
        if name.lower() not in chosen:
            change = dice.random() < SHARE and sort in names
            chosen[name.lower()] = dice.choice(names[sort]) if change else ""
        words = chosen[name.lower()] or name
        parts += [text[at:start], words]
        length += start - at
        new.append([length, length + len(words), kinds])
        length += len(words)
        at = end
    return {**example, "id": example["id"] + "-exchanged", "text": "".join([*parts, text[at:]]), "spans": new}


def main() -> None:
    """Writes the exchanged files beside the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    dice, terms = random.Random(options.seed), vocabulary.load()
    for corpus in ("bc5cdr", "ncbi"):
        lines = (options.data / f"{corpus}-train.jsonl").read_text("utf-8").splitlines()
        examples = [json.loads(line) for line in lines]
        names = pools(examples, terms)
        made = (exchanged(example, names, dice) for _ in range(options.copies) for example in examples)
        target = options.data / f"{corpus}-train-exchanged.jsonl"
        target.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in made), "utf-8")
        print(f"{target.name}: {options.copies * len(examples)} texts")


if __name__ == "__main__":
    main()
