"""`python -m training.build`: corpora and term lists -> the training files, with counts per file and kind."""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from training import examples
from training.distant import distant
from training.examples import Example
from training.vocabulary import CORE, KINDS, Vocabulary, load

HELD_OUT = Path(__file__).parent / "gold" / "held_out.txt"


def main() -> None:
    """Write every training file into the output folder."""
    asked = arguments()
    asked.output.mkdir(parents=True, exist_ok=True)
    vocabulary = load(asked.terminology_files, asked.core)
    for name, found in files(asked.corpora, vocabulary):
        kept = examples.write(asked.output / f"{name}.jsonl", found)
        print(report(name, kept), flush=True)


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="folder of annotated corpora and notes")
    parser.add_argument("--terminology-files", type=Path, help="folder of reference code lists (optional)")
    parser.add_argument("--core", type=Path, default=CORE, help="folder of the Core table")
    parser.add_argument("--output", type=Path, required=True, help="folder for the JSON lines files")
    return parser.parse_args()


def files(corpora: Path, vocabulary: Vocabulary) -> Iterator[tuple[str, Iterator[Example]]]:
    """Name and examples of each training file."""
    for split in ("train", "dev"):
        yield f"bc5cdr-{split}", examples.bc5cdr(corpora / "bc5cdr" / f"{split}.jsonl.gz")
        yield f"ncbi-{split}", examples.ncbi(corpora / "ncbi-disease" / f"{split}.jsonl.gz")
    real = distant(corpora / "notes" / "train.jsonl.gz", vocabulary)
    yield "distant", (example for example in real if example.id not in held_out())


def held_out() -> set[str]:
    """The notes that were annotated by hand, and their near copies: never trained on."""
    return set(HELD_OUT.read_text("utf-8").split())


def report(name: str, kept: list[Example]) -> str:
    """One line: documents, characters, and spans per kind."""
    kinds = Counter("|".join(span[2]) for example in kept for span in example.spans)
    order = sorted(kinds, key=lambda kind: (KINDS.index(kind.split("|")[0]), kind))
    size = sum(len(example.text) for example in kept)
    return f"{name}: {len(kept)} texts, {size} characters; " + ", ".join(
        f"{kind} {kinds[kind]}" for kind in order
    )


if __name__ == "__main__":
    main()
