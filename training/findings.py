"""Rows of findings -> training examples: every kind is annotated, and how each mention is spoken of.

    python -m training.findings --rows ROWS.jsonl ... [--corpora FOLDER] --output EXAMPLES.jsonl

Rows are those of `training.gold.markup` and `training.notes`: `{"id", "text" or "sha256", "findings"}`. A
text that is not in its row is looked for in the notes of CORPORA, and must be the one that was annotated.
"""

import argparse
import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapter.model import KINDS
from training import jsonlines
from training.heads import MENTIONS

Row = Mapping[str, Any]


def example(row: Row, text: str) -> dict[str, Any]:
    """The training example of a row; of mentions that overlap the first and longest stays."""
    spans, said, last = [], [], 0
    for start, end, kind, names in sorted(mentions(row), key=lambda one: (one[0], -one[1])):
        if start < last:
            continue
        last = end
        spans.append((start, end, [kind]))
        if names is not None:
            said.append((start, end, names))
    return {"id": row["id"], "text": text, "spans": spans, "complete": KINDS, "outside": [], "said": said}


def mentions(row: Row) -> Iterator[tuple[int, int, str, list[str] | None]]:
    """Start, end, kind and what is said of each mention; of details nothing is said."""
    for finding in row["findings"]:
        told = finding.get("assertion")
        yield finding["start"], finding["end"], finding["kind"], None if told is None else names(told)
        for kind, items in finding.get("attributes", {}).items():
            for item in items:
                yield item["start"], item["end"], kind, None


def names(assertion: Mapping[str, Any]) -> list[str]:
    """What an assertion says, by the names of the head."""
    return [name for name in MENTIONS.said if assertion.get(name) or assertion.get("experiencer") == name]


def texts(corpora: Path) -> dict[str, str]:
    """The notes of the corpora by id."""
    found = {}
    for path in sorted((corpora / "notes").glob("*.jsonl.gz")):
        for line in gzip.decompress(path.read_bytes()).decode().rstrip("\n").split("\n"):
            row = json.loads(line)
            found[row["id"]] = row["text"]
    return found


def text_of(row: Row, known: Mapping[str, str]) -> str:
    """The text of a row. Raises ValueError when it is not the one that was annotated."""
    if "text" in row:
        return row["text"]
    text = known.get(row["id"], "")
    if hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
        raise ValueError(f"{row['id']}: the text is not the one that was annotated")
    return text


def main() -> None:
    """Writes the examples and prints how many."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=Path, nargs="+", required=True)
    parser.add_argument("--corpora", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    known = texts(options.corpora) if options.corpora else {}
    examples = (example(row, text_of(row, known)) for row in jsonlines.rows(*options.rows))
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in examples]
    options.output.write_text("".join(lines), "utf-8")
    print(json.dumps({"examples": len(lines)}))


if __name__ == "__main__":
    main()
