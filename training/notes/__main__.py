"""`python -m training.notes`: synthetic notes of one language as JSON lines."""

import argparse
import json
import sys
import time
from pathlib import Path

from training.notes import generator
from training.vocabulary import CORE


def main() -> None:
    """Writes the notes into a file, whole or not at all."""
    asked = arguments()
    held_out = {"all": None, "train": False, "held-out": True}[asked.templates]
    made = generator.load(asked.language, core=asked.core, titles=asked.titles, held_out=held_out)
    began, size = time.perf_counter(), 0
    part = asked.output.with_name(asked.output.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        for row in made.notes(count=asked.notes, seed=asked.seed, prefix=asked.templates):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            size += len(row["text"])
    part.replace(asked.output)
    took = time.perf_counter() - began
    print(f"{asked.notes} notes, {size} characters, {asked.notes / took:.0f} notes/s", file=sys.stderr)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", choices=generator.LANGUAGES, required=True)
    parser.add_argument("--notes", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="JSON lines file to write")
    parser.add_argument("--core", type=Path, default=CORE, help="folder of the Core tables")
    parser.add_argument(
        "--titles", type=Path, help="folder of ICD title lists, NAME-LANGUAGE.csv[.gz] or .tsv"
    )
    parser.add_argument(
        "--templates", choices=("all", "train", "held-out"), default="all",
        help="all templates, or nine tenths of them, or the tenth that these leave",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    main()
