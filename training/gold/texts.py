"""Writes the gold notes with their texts: gold for `notewright evaluate findings`, and its input.

python -m training.gold.texts --corpora FOLDER > gold.jsonl
"""

import argparse
import json
from pathlib import Path

from training import jsonlines
from training.gold import score


def main() -> None:
    """Prints one line a note: {"id", "text", "language", "findings"}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--gold", type=Path, default=score.NOTES)
    options = parser.parse_args()
    texts = score.texts(options.gold, options.corpora)
    for row in jsonlines.rows(options.gold):
        print(json.dumps({**row, "text": texts[row["id"]]}))


if __name__ == "__main__":
    main()
