"""Our search against plain FTS5 with bm25 and against tantivy: same names, same queries, one run, ratios.

    python benchmarks/terminology_peers.py --store store.sqlite --each 100

A query is right when the first answer has the name it was made from, or one equal to it when folded. tantivy
is measured when it is installed (`pip install tantivy`); it is no dependency.
"""

import argparse
import random
import re
import resource
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from terminology_search import DISTURBANCES, names

from terminology import open_store
from terminology.normalise import Normaliser, shipped

Ask = Callable[[str], str | None]  # query -> best name


def all_names(path: Path) -> list[str]:
    """Every name of the store."""
    with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM term WHERE words <> '' ORDER BY id")]


def plain_fts5(listed: list[str]) -> Ask:
    """SQLite's word index with its own ranking: any of the words, best bm25 first."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE terms USING fts5(text, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO terms VALUES (?)", ((text,) for text in listed))

    def ask(query: str) -> str | None:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
        rows = connection.execute(
            "SELECT text FROM terms WHERE terms MATCH ? ORDER BY rank LIMIT 5", (words,)
        ).fetchall()
        return rows[0][0] if rows else None

    return ask


def tantivy_words(listed: list[str]) -> Ask:
    """tantivy: any of the words, best bm25 first."""
    import tantivy  # noqa: PLC0415

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", stored=True, tokenizer_name="en_stem")
    index = tantivy.Index(builder.build())
    writer = index.writer(200_000_000)
    for text in listed:
        writer.add_document(tantivy.Document(text=[text]))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def ask(query: str) -> str | None:
        parsed = index.parse_query(" ".join(re.findall(r"\w+", query.lower())), ["text"])
        hits = searcher.search(parsed, 5).hits
        return searcher.doc(hits[0][1])["text"][0] if hits else None

    return ask


def measured(ask: Ask, pairs: list[tuple[str, str]], normaliser: Normaliser) -> tuple[float, float, float]:
    """Median and p95 in milliseconds, and the share of right first answers."""
    times, right = [], 0
    for query, name in pairs:
        began = time.perf_counter()
        found = ask(query)
        times.append((time.perf_counter() - began) * 1000)
        right += found is not None and normaliser.words(found) == normaliser.words(name)
    times.sort()
    return statistics.median(times), times[int(0.95 * len(times))], right / len(pairs)


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--each", type=int, default=100)
    given = parser.parse_args()
    chance, normaliser = random.Random(1), shipped()
    with open_store(given.store) as store:
        print(f"{store.manifest.concepts:,} concepts, {store.manifest.terms:,} terms")
        store.search("warm up the wrod list")
        pool = names(given.store, given.each, chance, normaliser)
        queries = {
            label: [(query, name) for name in pool if (query := disturb(name, chance))][: given.each]
            for label, disturb in DISTURBANCES.items()
        }

        def ours(query: str) -> str | None:
            hits = store.search(query, limit=5)
            return hits[0].term if hits else None

        show("ours", ours, queries, normaliser)
        print(f"{'':<12} peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    listed = all_names(given.store)
    show("plain FTS5", plain_fts5(listed), queries, normaliser)
    try:
        show("tantivy", tantivy_words(listed), queries, normaliser)
    except ImportError:
        print("tantivy is not installed")


def show(who: str, ask: Ask, queries: dict[str, list[tuple[str, str]]], normaliser: Normaliser) -> None:
    """Prints the rows of one searcher."""
    rows = {label: measured(ask, pairs, normaliser) for label, pairs in queries.items()}
    rows["all"] = measured(ask, [pair for pairs in queries.values() for pair in pairs], normaliser)
    for label, (median, p95, right) in rows.items():
        print(f"{who:<12} {label:<10} median {median:8.3f} ms  p95 {p95:8.3f} ms  right {right:.3f}")


if __name__ == "__main__":
    main()
