"""Threads and processes that read one store at once: every answer the same, no error, and how much faster.

python benchmarks/terminology_concurrency.py --store store.sqlite [--threads 8] [--processes 4]
"""

import argparse
import random
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from terminology_search import names, typo

from terminology import Store, open_store
from terminology.normalise import shipped

Answers = list[tuple[str, ...]]


def answered(store: Store, queries: list[str]) -> Answers:
    """The codes each query finds, and the parents of the first."""
    found = []
    for query in queries:
        hits = store.search(query, limit=5)
        above = store.parents(hits[0].system, hits[0].code) if hits else []
        found.append((*(hit.code for hit in hits), *above))
    return found


def in_process(path: Path, queries: list[str]) -> Answers:
    """The same in a process of its own, which opens the store itself."""
    with open_store(path) as store:
        return answered(store, queries)


def main() -> None:
    """Prints one line for each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--processes", type=int, default=4)
    given = parser.parse_args()
    chance = random.Random(2)
    pool = names(given.store, 25, chance, shipped())
    queries = [typo(name, chance) or name for name in pool]
    with open_store(given.store) as store:
        wanted = answered(store, queries)
        with ThreadPoolExecutor(given.threads) as threads:
            began = time.perf_counter()
            found = list(threads.map(partial(answered, store), [queries] * given.threads))
            took = time.perf_counter() - began
    same = sum(one == wanted for one in found)
    rate = len(queries) * len(found) / took
    print(f"{given.threads} threads: {same} of {len(found)} the same, {rate:,.0f} queries/s")
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as processes:
        began = time.perf_counter()
        found = list(processes.map(partial(in_process, given.store), [queries] * given.processes))
        took = time.perf_counter() - began
    same = sum(one == wanted for one in found)
    print(f"{given.processes} processes: {same} of {len(found)} the same, start included"
          f" {len(queries) * len(found) / took:,.0f} queries/s")  # fmt: skip


if __name__ == "__main__":
    main()
