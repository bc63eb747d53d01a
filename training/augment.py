"""Annotated texts with some of their mentions exchanged for others of the same sort.

    python -m training.augment --data TRAINDATA [--notes annotated-en.jsonl=en written-de.jsonl=de ...]

A name exchanged is exchanged wherever it stands in the text, so that a text stays consistent. It teaches the
model to read the context rather than to remember five hundred abstracts (Dai & Adel 2020, "An Analysis of
Simple Data Augmentation for Named Entity Recognition"). Writes NAME-exchanged.jsonl beside each file: of the
abstracts, and of the notes named, whose other names come from the Core tables of their language.
"""

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path

from training import jsonlines, vocabulary

CORE = Path(__file__).parents[1] / "terminology" / "data" / "core"
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


def core(language: str) -> dict[str, list[str]]:
    """The Core names of a language by kind."""
    folder = CORE if language == "en" else CORE / "names" / language
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text("utf-8").splitlines()[1:]:
            kind, name, others, *_ = line.split("\t")
            names = others.split("|") if others else []
            found[kind] += [one for one in ([name, *names] if language == "en" else names) if len(one) > 3]
    return dict(found)


def note_pools(examples: list[dict], language: str) -> dict[str, list[str]]:
    """Names by kind: those of the notes, and as many again of the Core tables."""
    known, dice = core(language), random.Random(0)
    found: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        for start, end, kinds in example["spans"]:
            found["|".join(kinds)].add(example["text"][start:end])
    return {
        kind: sorted(names) + dice.sample(known.get(kind, []), min(len(known.get(kind, [])), 2 * len(names)))
        for kind, names in found.items()
    }


def exchanged(example: dict, names: dict[str, list[str]], dice: random.Random, share: float = SHARE) -> dict:
    """The example with some names exchanged; offsets follow."""
    text, spans, at, parts, new = example["text"], sorted(example["spans"]), 0, [], []
    chosen: dict[str, str] = {}
    length, moved = 0, {}
    for start, end, kinds in spans:
        name, sort = text[start:end], "|".join(kinds)
        if name.lower() not in chosen:
            change = dice.random() < share and sort in names
            chosen[name.lower()] = dice.choice(names[sort]) if change else ""
        words = chosen[name.lower()] or name
        parts += [text[at:start], words]
        length += start - at
        new.append([length, length + len(words), kinds])
        moved[start, end] = (length, length + len(words))
        length += len(words)
        at = end
    said = [[*moved[start, end], names] for start, end, names in example.get("said", ())]
    whole = "".join([*parts, text[at:]])
    return {**example, "id": example["id"] + "-exchanged", "text": whole, "spans": new, "said": said}


def main() -> None:
    """Writes the exchanged files beside the others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--notes", nargs="*", default=(), help="FILE=LANGUAGE")
    options = parser.parse_args()
    dice, terms = random.Random(options.seed), vocabulary.load()
    for corpus in ("bc5cdr", "ncbi"):
        examples = list(jsonlines.rows(options.data / f"{corpus}-train.jsonl"))
        write(options.data / f"{corpus}-train.jsonl", examples, pools(examples, terms), options.copies, dice)
    for named in options.notes:
        file, _, language = named.partition("=")
        examples = list(jsonlines.rows(options.data / file))
        write(options.data / file, examples, note_pools(examples, language), options.copies, dice)


def write(
    path: Path, examples: list[dict], names: dict[str, list[str]], copies: int, dice: random.Random
) -> None:
    """Writes exchanged copies beside a file."""
    made = (exchanged(example, names, dice) for _ in range(copies) for example in examples)
    target = path.with_name(f"{path.stem}-exchanged.jsonl")
    target.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in made), "utf-8")
    print(f"{target.name}: {copies * len(examples)} texts")


if __name__ == "__main__":
    main()
