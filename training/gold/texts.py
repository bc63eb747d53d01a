"""Writes the texts of the gold notes as input of `notewright extract`.

python -m training.gold.texts --corpora FOLDER > gold.jsonl
"""

import argparse
import json
from pathlib import Path

from training.gold import score

NOTES = Path(__file__).with_name("notes.jsonl")


def main() -> None:
    """Prints one line a note: {"id", "text"}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    options = parser.parse_args()
    for note, text in score.texts(NOTES, options.corpora).items():
        print(json.dumps({"id": note, "text": text}))


if __name__ == "__main__":
    main()
