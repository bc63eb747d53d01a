"""How right codes are on real and disturbed words.

    python benchmarks/coding_accuracy.py --corpora CORPORA --lists LISTS --store store.sqlite

English CodiEsp: ICD-10-CM codes of whole notes, extraction and coding together, against the annotated set.
Spanish CodiEsp: the code of each annotated span; no Spanish names are shipped. Synthea: SNOMED CT codes of
displays with case, tag and word order disturbed. Core: names in German, French and Dutch with a typing error.
"""

import argparse
import csv
import gzip
import json
import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from terminology_search import typo

import terminology
from adapter import assembly, coding
from adapter.model import Finding
from adapter.settings import Settings
from terminology.normalise import shipped
from terminology.systems import ICD10CM, SNOMED

Codes = set[str]


def category(codes: Iterable[str]) -> Codes:
    """The three-character categories."""
    return {code[:3] for code in codes}


def rows(path: Path) -> list[dict]:
    """The lines of a gzipped JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def print_set(label: str, pairs: list[tuple[Codes, Codes]]) -> None:
    """Precision, recall and F1 over (given, wanted) sets."""
    both = sum(len(given & wanted) for given, wanted in pairs)
    given, wanted = sum(len(one) for one, _ in pairs), sum(len(one) for _, one in pairs)
    f1 = 2 * both / max(given + wanted, 1)
    print(
        f"{label:<34} precision {both / max(given, 1):.3f}  recall {both / max(wanted, 1):.3f}  F1 {f1:.3f}"
    )


def english(corpora: Path, store: Path) -> None:
    """Whole notes."""
    listed = [row for row in rows(corpora / "codiesp" / "dev.jsonl.gz") if row["lang"] == "en"]
    settings = Settings(terminology=store)
    full, short = [], []
    with assembly.opened(settings) as pipeline:
        for row in listed:
            found, _ = pipeline.text(row["id"], row["text"], "en")
            given = {
                one.code
                for finding in found
                if not finding.assertion.negated and finding.assertion.experiencer == "patient"
                for one in finding.codings
                if one.system == ICD10CM
            }
            wanted = {one["code"] for one in row["resources"].get("Condition", ())}
            full.append((given, wanted))
            short.append((category(given), category(wanted)))
    print_set(f"CodiEsp en, {len(listed)} notes, codes", full)
    print_set(f"CodiEsp en, {len(listed)} notes, categories", short)


def spanish(corpora: Path, store: terminology.Store) -> None:
    """Annotated spans."""
    coder = coding.Coder(store, coding.load())
    count = {"given": 0, "@1": 0, "@5": 0, "category @1": 0, "category @5": 0}
    spans = 0
    for row in rows(corpora / "codiesp" / "dev.jsonl.gz"):
        for one in row["entities"]:
            wanted = one["codes"].get("ICD-10-CM")
            if row["lang"] != "es" or not wanted:
                continue
            spans += 1
            text = one["text"]
            finding = Finding(start=0, end=len(text), text=text, kind="condition", confidence=1.0)
            found = coder.code(finding, most=20)
            listed = [c.code for c in (*found.codings, *found.alternatives) if c.system == ICD10CM][:5]
            count["given"] += any(c.system == ICD10CM for c in found.codings)
            count["@1"] += listed[:1] == [wanted]
            count["@5"] += wanted in listed
            count["category @1"] += [code[:3] for code in listed[:1]] == [wanted[:3]]
            count["category @5"] += wanted[:3] in category(listed)
    shares = "  ".join(f"{name} {value / spans:.3f}" for name, value in count.items())
    print(f"CodiEsp es, {spans} spans: {shares}")


def synthea(lists: Path, store: terminology.Store) -> None:
    """Disturbed displays."""
    chance, normaliser, right, total = random.Random(3), shipped(), 0, 0
    with gzip.open(lists / "synthea-codes.tsv.gz", "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["system"] != SNOMED or store.lookup(SNOMED, row["code"]) is None:
                continue
            bare = normaliser.strip_tag(row["display"])[0]
            words = bare.split(" ")
            chance.shuffle(words)
            query = " ".join(words).upper() if total % 2 else " ".join(words).lower()
            hits = store.search(query, systems=[SNOMED], limit=1)
            same = {hit.code for hit in store.exact(bare, systems=[SNOMED])} | {row["code"]}
            total, right = total + 1, right + bool(hits and hits[0].code in same)
    print(f"Synthea, {total} displays with case, tag and order disturbed: right {right / total:.3f}")


def languages(store: terminology.Store, path: Path) -> None:
    """Names of Core in other languages."""
    for language in ("de", "fr", "nl"):
        chance, right, total = random.Random(5), 0, 0
        names = foreign(path, language)
        for name in chance.sample(names, min(300, len(names))):
            query = typo(name, chance) or name
            wanted = {(hit.system, hit.code) for hit in store.exact(name, languages=[language])}
            hits = store.search(query, languages=[language], limit=1)
            total, right = total + 1, right + bool(hits and (hits[0].system, hits[0].code) in wanted)
        print(f"Core in {language}, {total} names with a typing error: right {right / max(total, 1):.3f}")


def foreign(path: Path, language: str) -> list[str]:
    """The names of a language in a store."""
    with sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True) as connection:
        question = "SELECT DISTINCT text FROM term WHERE language = ? AND length(text) > 4 ORDER BY text"
        return [text for (text,) in connection.execute(question, (language,))]


def main() -> None:
    """Prints all figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--lists", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True)
    given = parser.parse_args()
    with terminology.open_store(given.store) as store:
        languages(store, given.store)
        synthea(given.lists, store)
        spanish(given.corpora, store)
    english(given.corpora, given.store)


if __name__ == "__main__":
    main()
