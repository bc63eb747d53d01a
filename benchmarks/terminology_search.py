"""How fast and how right terminology search is on disturbed names of a store.

Queries are made from the store's own names with a fixed seed: as they are, in capitals, with one and two
typing errors, with the words in another order, in the plural. A query is right when the first hit has the
name's concept or another concept with the same folded name. Also counted: hits from 0.9 up that are wrong
(the harmful kind), and pairs of different things that must stay low.

    python benchmarks/terminology_search.py --store store.sqlite --each 200
"""

import argparse
import random
import re
import sqlite3
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from terminology import Store, open_store
from terminology.normalise import Normaliser, shipped

LETTERS = "abcdefghijklmnopqrstuvwxyz"
Disturb = Callable[[str, random.Random], str | None]


def typo(name: str, chance: random.Random) -> str | None:
    """One letter left out, doubled, changed or swapped, in a word of five letters or more."""
    words = name.split(" ")
    places = [place for place, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not places:
        return None
    place = chance.choice(places)
    word = words[place]
    at = chance.randrange(1, len(word) - 1)
    words[place] = chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + chance.choice(LETTERS) + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )
    changed = " ".join(words)
    return changed if changed != name else None


def two_typos(name: str, chance: random.Random) -> str | None:
    """Two typing errors."""
    once = typo(name, chance)
    twice = typo(once, chance) if once else None
    return twice if twice != name else None


def reordered(name: str, chance: random.Random) -> str | None:
    """The words in another order."""
    words = name.replace(",", "").split(" ")
    if len(words) < 2 or any(character.isdigit() for character in name):
        return None
    mixed = words[:]
    chance.shuffle(mixed)
    return " ".join(mixed) if mixed != words else None


def plural(name: str, chance: random.Random) -> str | None:
    """The last word with an s."""
    return name + "s" if name[-1:].isalpha() and not name.endswith(("s", "y", "x", "z", "h")) else None


def abbreviated(name: str, chance: random.Random) -> str | None:
    """One phrase as clinicians shorten it."""
    found = [phrase for phrase in SHORT if re.search(rf"\b{phrase}\b", name, re.IGNORECASE)]
    if not found:
        return None
    phrase = chance.choice(found)
    return re.sub(rf"\b{phrase}\b", SHORT[phrase], name, flags=re.IGNORECASE)


SHORT = {  # written down before looking at what the store knows
    "chronic obstructive pulmonary disease": "COPD",
    "chronic kidney disease": "CKD",
    "congestive heart failure": "CHF",
    "coronary artery disease": "CAD",
    "deep vein thrombosis": "DVT",
    "urinary tract infection": "UTI",
    "upper respiratory infection": "URI",
    "transient ischemic attack": "TIA",
    "myocardial infarction": "MI",
    "pulmonary embolism": "PE",
    "rheumatoid arthritis": "RA",
    "multiple sclerosis": "MS",
    "magnetic resonance imaging": "MRI",
    "computed tomography": "CT",
    "electrocardiogram": "ECG",
    "electrocardiography": "ECG",
    "gastroesophageal reflux disease": "GERD",
    "hypertension": "HTN",
    "diabetes mellitus": "DM",
    "fracture": "fx",
    "bilateral": "bilat",
}
DISTURBANCES: dict[str, Disturb] = {
    "as is": lambda name, chance: name,
    "capitals": lambda name, chance: name.upper(),
    "one typo": typo,
    "two typos": two_typos,
    "reordered": reordered,
    "plural": plural,
    "abbreviated": abbreviated,
}
DIFFERENT = (
    ("Lisinopril 10 MG Oral Tablet", "lisinopril 100 mg oral tablet"),
    ("Chronic kidney disease stage 3", "chronic kidney disease stage 4"),
    ("Diabetes mellitus type 1", "diabetes mellitus type 2"),
    ("Diabetes mellitus type I", "diabetes mellitus type II"),
    ("Fracture of left femur", "fracture of right femur"),
    ("Hyperkalemia", "hypokalemia"),
    ("Hyperthyroidism", "hypothyroidism"),
    ("Prednisone", "prednisolone"),
    ("Hydroxyzine", "hydralazine"),
    ("Viral hepatitis, type A", "viral hepatitis, type B"),
    ("Acute bronchitis", "chronic bronchitis"),
)


def names(path: Path, each: int, chance: random.Random, normaliser: Normaliser) -> list[str]:
    """Names to disturb, without tags: a sample of those of clinical kinds."""
    with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as connection:
        rows = connection.execute(
            "SELECT DISTINCT text FROM term JOIN concept ON concept.id = term.concept"
            " WHERE kind <> 'other' AND language = 'en' AND length(text) BETWEEN 6 AND 80 ORDER BY text"
        ).fetchall()
    return chance.sample([normaliser.strip_tag(text)[0] for (text,) in rows], min(each * 20, len(rows)))


def measure(store: Store, queries: Sequence[tuple[str, str]], normaliser: Normaliser) -> dict[str, float]:
    """Accuracy and milliseconds of some (query, name) pairs."""
    first = fifth = high = wrong = 0
    times, work = list[float](), list[float]()
    for query, name in queries:
        wanted = {(hit.system, hit.code) for hit in store.exact(name)}
        began, used = time.perf_counter(), time.thread_time()
        hits = store.search(query, limit=5)
        times.append((time.perf_counter() - began) * 1000)
        work.append((time.thread_time() - used) * 1000)
        right = [(hit.system, hit.code) in wanted for hit in hits]
        first += bool(right and right[0])
        fifth += any(right)
        high += bool(right and right[0] and hits[0].score >= 0.9)
        wrong += bool(hits and hits[0].score >= 0.9 and not right[0])
    count = len(queries) or 1
    times.sort()
    return {
        "n": len(queries),
        "acc@1": first / count,
        "acc@5": fifth / count,
        "right >=.9": high / count,
        "wrong >=.9": wrong / count,
        "median ms": statistics.median(times),
        "median CPU ms": statistics.median(work),
        "p95 ms": times[int(0.95 * len(times))],
    }


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, required=True, help="store to search")
    parser.add_argument("--each", type=int, default=200, help="queries of each kind")
    parser.add_argument("--seed", type=int, default=1, help="seed of the disturbances")
    parser.add_argument("--show", type=int, default=0, help="print this many wrong answers of each kind")
    given = parser.parse_args()
    chance, normaliser = random.Random(given.seed), shipped()
    with open_store(given.store) as store:
        print(f"{store.manifest.concepts} concepts, {store.manifest.terms} terms")
        store.search("warm up the wrod list")
        pool = names(given.store, given.each, chance, normaliser)
        for label, disturb in DISTURBANCES.items():
            pairs = [(query, name) for name in pool if (query := disturb(name, chance))][: given.each]
            row = measure(store, pairs, normaliser)
            print(f"{label:10}", *(f"{key} {value:.3f}" for key, value in row.items()), sep="  ")
            show(store, pairs, given.show)
        print("pairs that are different things, score of the second for the first (must stay low):")
        tally: Counter[bool] = Counter()
        for one, other in DIFFERENT:
            close = max(
                (
                    hit.score
                    for hit in store.search(one)
                    if normaliser.words(hit.term) == normaliser.words(other)
                ),
                default=0.0,
            )
            tally[close < 0.6] += 1
            print(f"  {close:.2f}  {one} / {other}")
        print(f"  low: {tally[True]} of {len(DIFFERENT)}")


def show(store: Store, pairs: Sequence[tuple[str, str]], most: int) -> None:
    """Prints wrong first hits."""
    for query, name in pairs:
        if most <= 0:
            return
        hits = store.search(query, limit=1)
        wanted = {(hit.system, hit.code) for hit in store.exact(name)}
        if not hits or (hits[0].system, hits[0].code) not in wanted:
            most -= 1
            print(f"      {query!r} -> {[(hit.term, hit.score) for hit in hits]}")


if __name__ == "__main__":
    main()
