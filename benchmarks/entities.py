"""Strict entity F1 of `notewright extract` on the development split of an annotated corpus.

    python benchmarks/entities.py --corpus ../shared/corpora/bc5cdr/dev.jsonl.gz --store STORE

Strict: same start, same end, same type. Types: a corpus disease is a `condition` or a `finding`; a corpus
chemical is a `medication`. Mentions found by the dictionary alone are counted like the others. With
`--errors` what was not found as annotated is counted by cause, too.
"""

import argparse
import gzip
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

TYPES = {"condition": "diagnosis", "finding": "diagnosis", "medication": "medication"}


Entity = tuple[int, int, str]  # start, end, type


def extracted(rows: list[dict], options: list[str]) -> dict[str, list[dict]]:
    """What `notewright extract` finds, by document."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        lines = (json.dumps({"id": row["id"], "text": row["text"]}) + "\n" for row in rows)
        source.write_text("".join(lines), "utf-8")
        command = [
            sys.executable,
            "-m",
            "adapter",
            "extract",
            "--input",
            str(source),
            "--output",
            str(target),
        ]
        subprocess.run([*command, *options], check=True)
        found = (json.loads(line) for line in target.read_bytes().splitlines())
        return {row["id"]: row["findings"] for row in found}


def spans(entities: list[dict]) -> set[Entity]:
    """Gold entities; of nested ones the outermost, since a word has one label."""
    chosen: list[Entity] = []
    for one in sorted(entities, key=lambda e: (e["start"], -e["end"])):
        if not chosen or one["start"] >= chosen[-1][1]:
            chosen.append((one["start"], one["end"], one["category"]))
    return set(chosen)


def cause(gold: Entity, ours: set[Entity], tests: set[tuple[int, int]], text: str) -> str:
    """Why a gold entity was not found as it is annotated."""
    near = [one for one in ours if one[0] < gold[1] and gold[0] < one[1]]
    alike = next((one for one in near if one[2] == gold[2]), None)
    if not near:
        return "not found, but as a test" if (gold[0], gold[1]) in tests else "not found"
    if alike is None:
        return "of another type"
    if re.search(r" and | or |/|,", text[min(gold[0], alike[0]) : max(gold[1], alike[1])]):
        return "edges of a list"
    if alike[1] == gold[1]:
        return f"first word: ours {'longer' if alike[0] < gold[0] else 'shorter'}"
    if alike[0] == gold[0]:
        return f"last word: ours {'longer' if alike[1] > gold[1] else 'shorter'}"
    return "both edges"


def main() -> None:
    """Prints precision, recall and F1 by type and over all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--all-gold", action="store_true", help="count nested gold entities too")
    parser.add_argument("--errors", action="store_true", help="count what was missed by cause")
    options, rest = parser.parse_known_args()
    with gzip.open(options.corpus, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    found = extracted(rows, rest)
    counts: Counter[tuple[str, str]] = Counter()
    causes: Counter[str] = Counter()
    for row in rows:
        if options.all_gold:
            gold = {(e["start"], e["end"], e["category"]) for e in row["entities"]}
        else:
            gold = spans(row["entities"])
        types = {category for _, _, category in gold} or {"diagnosis"}
        types |= {"diagnosis", "medication"} if "bc5cdr" in str(options.corpus) else {"diagnosis"}
        ours = {(f["start"], f["end"], TYPES[f["kind"]]) for f in found[row["id"]] if f["kind"] in TYPES}
        ours = {one for one in ours if one[2] in types}
        for name, group in (("tp", gold & ours), ("fp", ours - gold), ("fn", gold - ours)):
            counts.update((category, name) for _, _, category in group)
        tests = {(f["start"], f["end"]) for f in found[row["id"]] if f["kind"] == "test"}
        causes.update(cause(one, ours - gold, tests, row["text"]) for one in gold - ours)
    kinds = sorted({kind for kind, _ in counts})
    for kind in (*kinds, "all"):
        tp, fp, fn = (sum(counts[k, n] for k in kinds if kind in (k, "all")) for n in ("tp", "fp", "fn"))
        p, r = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
        print(f"{kind:<12} precision {p:.4f}  recall {r:.4f}  F1 {2 * tp / max(2 * tp + fp + fn, 1):.4f}")
    if options.errors:
        for name, count in causes.most_common():
            print(f"{count:>5}  {name}")


if __name__ == "__main__":
    main()
