"""Names of Core in other languages: of rows that exist, each once, for nearly all that have a code."""

import csv
from collections import Counter

import pytest

from terminology import open_store
from terminology.normalise import DATA, folded

CORE = DATA / "core"
LANGUAGES = ("de", "fr", "nl")
CODES = ("snomed", "icd10cm", "rxnorm", "atc")


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", sorted(path.name for path in CORE.glob("*.tsv")))
def test_names_belong_to_rows_and_stand_once(language, file):
    rows = {(row["kind"], row["name"]): row for row in table(CORE / file)}
    named = table(CORE / "names" / language / file)
    keys = [(row["kind"], row["name"]) for row in named]
    assert set(keys) <= set(rows)
    assert keys == sorted(set(keys))
    names = Counter((row["kind"], folded(name)) for row in named for name in row["names"].split("|"))
    assert [name for name, count in names.items() if count > 1] == []
    assert all(name.strip() == name and name for row in named for name in row["names"].split("|"))
    coded = [key for key, row in rows.items() if any(row[column] for column in CODES)]
    assert len(set(keys) & set(coded)) >= 0.97 * len(coded)


@pytest.mark.parametrize(
    ("language", "text", "code"),
    [
        ("de", "arterielle Hypertonie", "38341003"),
        ("fr", "hypertension artérielle", "38341003"),
        ("nl", "hypertensie", "38341003"),
        ("de", "Vorhofflimern", "49436004"),
        ("fr", "fibrilation auriculaire", "49436004"),
        ("nl", "voorkamerfibrilatie", "49436004"),
    ],
)
def test_names_are_found_in_their_language(core_store, language, text, code):
    with open_store(core_store) as store:
        assert code in [hit.code for hit in store.search(text, languages=[language], limit=2)]
        english = store.exact(text, languages=["en"])
        assert code not in [hit.code for hit in english]
