"""A list of made-up terms from the names of a store, to search among half a million and more.

    python benchmarks/recombined.py --store store.sqlite --terms 400000 --output made.tsv

Each line joins parts of two real names ("Fracture of femur with anemia"), so that words are as frequent as in
life. Build a store with `--source tsv=made.tsv` beside the others.
"""

import argparse
import random
import sqlite3
from pathlib import Path

SYSTEM = "urn:notewright:made"
JOINTS = (" with ", " due to ", " after ", " and ", " without ", ", ", " in ", " of ")


def main() -> None:
    """Writes the list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--terms", type=int, default=400_000)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    with sqlite3.connect(f"{given.store.absolute().as_uri()}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT DISTINCT text FROM term"
            " WHERE language = 'en' AND length(text) BETWEEN 5 AND 50 ORDER BY text"
        )
        names = [text.split(" (")[0] for (text,) in rows]
    chance, made = random.Random(11), dict[str, None]()
    while len(made) < given.terms:
        one, other = chance.choice(names).split(" "), chance.choice(names).split(" ")
        first = " ".join(one[: chance.randint(1, len(one))])
        made[first + chance.choice(JOINTS) + " ".join(other[: chance.randint(1, 3)])] = None
    lines = (f"{SYSTEM}\tM{number}\t{name}\tother\n" for number, name in enumerate(made))
    given.output.write_text("system\tcode\tdisplay\tkind\n" + "".join(lines), "utf-8")


if __name__ == "__main__":
    main()
