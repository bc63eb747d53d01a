"""How close the encoder engine comes to llama.cpp alone: pieces/s of both, in one run, as a ratio.

    python benchmarks/encoder_speed.py --corpora ../shared/corpora

The bare loop encodes the same windows, tokenized beforehand, in the best of two ways: one context with all
threads, or one context per core. The engine starts from the text: it tokenizes, cuts windows, encodes,
applies the head, decodes and quotes. Rounds alternate, so that a drifting machine is fair to both.
"""

import argparse
import gzip
import itertools
import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from adapter import engines, notes
from adapter.extraction import Classifier, EncoderEngine, windows
from adapter.extraction.llama import Encoder, Weights


def loaded(path: Path, most: int) -> list:
    """Real notes of about 1,300 characters each, cut at line ends."""
    with gzip.open(path / "notes" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = (json.loads(line)["text"][:1300].rpartition("\n")[0] for line in lines)
        return [notes.from_text(str(n), text) for n, text in enumerate(itertools.islice(texts, most)) if text]


def pieces_of(classifier: Classifier, docs: list) -> list[list[int]]:
    """The pieces of every window of every note."""
    found = []
    for note in docs:
        words = classifier.tokenizer.words(note.text)
        for window in windows.cut(words, note.sentences):
            flat = itertools.chain.from_iterable(words.pieces[window.start : window.end])
            found.append(list(flat)[: windows.SIZE])
    return found


def bare(path: Path, contexts: int, threads: int) -> Callable[[list[list[int]]], None]:
    """A loop that does nothing but encode."""
    weights = Weights(path)
    encoders = [Encoder(weights, threads=threads) for _ in range(contexts)]
    pool = ThreadPoolExecutor(contexts)

    def share(number: int, work: list[list[int]]) -> None:
        for window in work[number::contexts]:
            encoders[number].hidden(window)

    def run(work: list[list[int]]) -> None:
        list(pool.map(share, range(contexts), [work] * contexts))

    return run


def main() -> None:
    """Prints pieces/s of each way and the ratio of the engine to the best bare loop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=engines.encoder_path())
    parser.add_argument("--notes", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    docs = loaded(options.corpora, options.notes)
    classifier = Classifier(options.model, threads=cores)
    engine = EncoderEngine(classifier, threshold=0.35)
    work = pieces_of(classifier, docs)
    total = sum(map(len, work)) + 2 * len(work)
    one, many = bare(options.model, 1, cores), bare(options.model, cores, 1)
    pool = ThreadPoolExecutor(cores + 1)
    ways: dict[str, Callable[[], object]] = {
        f"bare loop, 1 context x {cores} threads": lambda: one(work),
        f"bare loop, {cores} contexts x 1 thread": lambda: many(work),
        "engine, text to mentions": lambda: list(pool.map(engine.mentions, docs)),
    }
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            speeds[name].append(total / (time.perf_counter() - began))
    medians = {name: statistics.median(values[1:]) for name, values in speeds.items()}
    for name, value in medians.items():
        print(f"{name:<34} {value:8,.0f} pieces/s")
    best = max(value for name, value in medians.items() if name.startswith("bare"))
    engine_speed = medians["engine, text to mentions"]
    print(f"ratio to the best bare loop {engine_speed / best:.3f}")
    each = total / len(docs)
    print(f"{len(docs)} notes, {each:.0f} pieces each: {engine_speed / each:.1f} notes/s")


if __name__ == "__main__":
    main()
