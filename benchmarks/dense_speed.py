"""How long a dense search takes in a store of any size.

An index of all names of the store is made with directions drawn at random, since embedding half a million
names takes the better part of an hour and the time of a search depends on their number alone; the questions
are embedded by the real model. Says nothing about what is found: docs/dense-search.md does.

    python benchmarks/dense_speed.py --store STORE --model MINILM.gguf [--questions 300]
"""

import argparse
import hashlib
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terminology import dense
from terminology.dense_index import build_index, open_index
from terminology.embedder import GgufEmbedder
from terminology.reader import Reader

WIDTH = 384


class Drawn:
    """Directions drawn by the text itself, for building; the questions are put to the model."""

    def __init__(self, model: GgufEmbedder) -> None:
        self.model, self._asked = model.model, model
        self.building = True

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each text."""
        if not self.building:
            return self._asked(texts)
        seeds = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) for text in texts]
        return np.stack([np.random.default_rng(seed).standard_normal(WIDTH, np.float32) for seed in seeds])


def main() -> None:
    """Builds, opens, asks, and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    embedder = Drawn(GgufEmbedder(options.model))
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index.dense"
        manifest = build_index(options.store, embedder, index)
        embedder.building = False
        begun = time.perf_counter()
        opened = open_index(index, options.store, embedder)
        print(
            f"vectors {manifest.vectors} of {manifest.terms} names, {index.stat().st_size / 2**20:.0f} MiB, ",
            end="",
        )
        print(f"opened in {time.perf_counter() - begun:.1f} s")
        texts = asked(options.store, options.questions)
        report("vector of a question", [timed(embedder, [text]) for text in texts])
        vectors = [embedder([text])[0] for text in texts]
        report("nearest vectors", [timed(opened.search, vector, dense.COMPARED) for vector in vectors])
        with dense.DenseSearch(options.store, opened) as search:
            report("dense search, whole", [timed(search.search, text) for text in texts])
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def asked(store: Path, number: int) -> list[str]:
    """Names of the store, evenly drawn."""
    reader = Reader(store)
    rows = reader.ask("SELECT text FROM term WHERE words != '' ORDER BY id")
    reader.close()
    return [row[0] for row in rows[:: max(1, len(rows) // number)]][:number]


def timed(call: object, *values: object) -> float:
    """Milliseconds of a call."""
    begun = time.perf_counter()
    call(*values)  # type: ignore[operator]
    return (time.perf_counter() - begun) * 1000


def report(name: str, times: Sequence[float]) -> None:
    """Prints median and 95th percentile."""
    print(f"{name}: median {np.median(times):.2f} ms, p95 {np.percentile(times, 95):.2f} ms ({len(times)})")


if __name__ == "__main__":
    main()
