"""How often texts that give no orders are taken to speak to a machine.

python benchmarks/orders.py ../shared/corpora/notes/train.jsonl.gz ...
"""

import gzip
import json
import sys
from pathlib import Path

from adapter import extraction, notes


def main() -> None:
    """Prints, for each file of JSON lines with `text`, its texts and the stretches found in them."""
    orders = extraction.load_orders()
    for name in sys.argv[1:]:
        lines = gzip.decompress(Path(name).read_bytes()).decode("utf-8").rstrip("\n").split("\n")
        texts = [row["text"] for row in map(json.loads, lines) if "text" in row]
        found = sum(len(orders.spans(notes.from_text("1", text, "en"))) for text in texts)
        print(f"{Path(name).parent.name}/{Path(name).name}: {len(texts)} texts, {found} stretches")


if __name__ == "__main__":
    main()
