"""What the terminology's names find by themselves: the findings of gold notes, as `evaluate` reads them.

python benchmarks/dictionary_alone.py --gold gold.jsonl --store STORE > findings.jsonl
notewright evaluate findings --gold gold.jsonl --predicted findings.jsonl --kind condition --kind finding ...
"""

import argparse
import json
import sys
import time
from pathlib import Path

import terminology
from adapter import extraction, notes


def main() -> None:
    """Writes a line a note; how fast it read goes to standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    options = parser.parse_args()
    rules, seconds, characters = extraction.load(), 0.0, 0
    with terminology.open_store(options.store) as store:
        dictionary = extraction.Dictionary(store, rules.kinds, rules.context_words, rules.uncoded)
        for line in options.gold.read_bytes().splitlines():
            row = json.loads(line)
            note = notes.from_text(row["id"], row["text"], row["language"])
            began = time.perf_counter()
            found = dictionary.mentions(note).kept
            seconds += time.perf_counter() - began
            characters += len(row["text"])
            spans = [{"start": one.start, "end": one.end, "kind": one.kind} for one in found]
            print(json.dumps({"id": row["id"], "findings": spans}))
    print(f"{characters / seconds:,.0f} characters/s", file=sys.stderr)


if __name__ == "__main__":
    main()
