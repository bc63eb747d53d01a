"""A store of a synthetic SNOMED CT release of full size: seconds, peak memory, and what it answers then.

python benchmarks/rf2_build.py [--concepts 375000] [--synonyms 3] [--keep FOLDER]
"""

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import terminology

ROOT = Path(__file__).parents[1]
MIB = 1024


def peak() -> float:
    """Peak memory in MiB of this process and of the largest of those it started."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    theirs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + theirs) / MIB


def timed(ask, values) -> tuple[float, float]:
    """Median and p95 in microseconds."""
    found = []
    for value in values:
        began = time.perf_counter()
        ask(*value)
        found.append((time.perf_counter() - began) * 1e6)
    return statistics.median(found), statistics.quantiles(found, n=20)[-1]


def main() -> None:
    """Writes a release, builds its store, prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--concepts", type=int, default=375_000)
    parser.add_argument("--synonyms", type=int, default=3)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from tests.terminology import rf2_release  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        place = options.keep or Path(folder)
        shape = rf2_release.Shape(concepts=options.concepts, synonyms=options.synonyms, inactive=20_000)
        release = rf2_release.write(place, shape)
        began = time.perf_counter()
        manifest = terminology.build(
            [terminology.Source(kind="rf2", path=release)], place / "rf2.sqlite", say
        )
        took = time.perf_counter() - began
        size = (place / "rf2.sqlite").stat().st_size / MIB / MIB
        print(f"{manifest.concepts:,} concepts, {manifest.terms:,} terms: {took:.1f} s,"
              f" peak {peak():,.0f} MiB, store {size:,.0f} MiB")  # fmt: skip
        with terminology.open_store(place / "rf2.sqlite") as store:
            ask(store, options.concepts, rf2_release)


def say(message: str) -> None:
    """Progress on standard error."""
    print(f"{time.process_time():7.1f} {message}", file=sys.stderr, flush=True)


def ask(store: terminology.Store, concepts: int, rf2_release) -> None:
    """Prints how long typical questions take."""
    system = "http://snomed.info/sct"
    random_ = random.Random(7)
    numbers = [random_.randrange(concepts - 20_000) for _ in range(1000)]
    codes = [rf2_release.identifier(10_000 + number) for number in numbers]
    pairs = [(system, random_.choice(codes), code) for code in codes]
    for name, question, values in (
        ("lookup", store.lookup, [(system, code) for code in codes]),
        ("subsumes, first", store.subsumes, pairs),
        ("subsumes, again", store.subsumes, pairs),
        ("ancestors", store.ancestors, [(system, code) for code in codes]),
    ):
        median, p95 = timed(question, values)
        print(f"{name:<16} median {median:7.1f} us  p95 {p95:7.1f} us")


if __name__ == "__main__":
    main()
