"""Where identifiers stand: the shipped model, real files, and what the measure says of what it found."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapter import cli, engines, extraction
from training.heads import IDENTIFIERS

pytestmark = pytest.mark.model

NOTES = {
    "en": [
        "Discharge summary\nPatient: ", ("Martha Ellwood", "name"),
        "\nDate of birth: ", ("04/12/1951", "birthdate"),
        "\nMs. ", ("Ellwood", "name"), " was admitted on ", ("March 3, 2024", "date"),
        " with pneumonia and has Parkinson's disease. Seen by Dr. ", ("Okafor", "name"), ".",
    ],
    "de": [
        "Sehr geehrte Frau Kollegin, wir berichten über Herrn ", ("Anton Kesselring", "name"), ", geb. ",
        ("12.03.1951", "birthdate"), ", der vom ", ("04.05.2024", "date"), " bis ", ("09.05.2024", "date"),
        " wegen einer Pneumonie stationär war. Morbus Crohn bekannt.",
    ],
    "fr": [
        "Compte rendu d'hospitalisation. Madame ", ("Odile Brisebois", "name"),
        ", née le ", ("21/11/1948", "birthdate"),
        ", a été hospitalisée du ", ("02/03/2024", "date"), " au ", ("08/03/2024", "date"),
        " pour une pneumopathie. Maladie de Crohn connue.",
    ],
    "nl": [
        "Geachte collega, betreft mevrouw ", ("Trijntje Bakhuizen", "name"),
        ", geboren ", ("14-02-1950", "birthdate"),
        ", opgenomen van ", ("03-04-2024", "date"), " tot ", ("07-04-2024", "date"),
        " wegens pneumonie. Bekend met de ziekte van Crohn.",
    ],
}  # fmt: skip


def row(language: str, parts: list[Any]) -> dict[str, Any]:
    text, marks = "", []
    for part in parts:
        words, kind = part if isinstance(part, tuple) else (part, None)
        if kind:
            marks.append({"start": len(text), "end": len(text) + len(words), "kind": kind})
        text += words
    return {"id": language, "language": language, "text": text, "identifiers": marks}


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    return str(path)


def placed(row: dict[str, Any]) -> list[tuple[int, int, str]]:
    """Where identifiers stand; a date of birth is a date, whether or not it was told from others."""
    kinds = {"birthdate": "date"}
    return [(one["start"], one["end"], kinds.get(one["kind"], one["kind"])) for one in row["identifiers"]]


def test_people_and_dates_are_found_in_four_languages_and_eponyms_are_not(tmp_path: Path) -> None:
    gold = [row(*one) for one in NOTES.items()]
    found = tmp_path / "run.jsonl"
    source = written(tmp_path / "gold.jsonl", gold)
    assert cli.main(["identifiers", "--input", source, "--output", str(found), "--quiet"]) == 0
    told = [json.loads(line) for line in found.read_text("utf-8").splitlines()]
    assert [one["id"] for one in told] == list(NOTES)
    for one, note in zip(told, gold, strict=True):
        assert placed(one) == placed(note)
        assert all(0 <= mark["confidence"] <= 1 for mark in one["identifiers"])
    assert "Kesselring" not in found.read_text("utf-8")  # offsets alone: the words stay in the note
    figures = tmp_path / "figures.json"
    options = ["--gold", source, "--predicted", str(found), "--output", str(figures)]
    assert cli.main(["evaluate", "redaction", *options, "--least", "redacted.documents.all=1"]) == 0


def test_a_line_that_cannot_be_read_says_which_element(tmp_path: Path) -> None:
    found = tmp_path / "run.jsonl"
    source = written(tmp_path / "in.jsonl", [{"id": "a"}, {"id": "b", "text": ""}])
    assert cli.main(["identifiers", "--input", source, "--output", str(found), "--quiet"]) == 1
    broken, empty = (json.loads(line) for line in found.read_text("utf-8").splitlines())
    assert broken["outcome"]["issue"][0]["expression"] == ["text"]
    assert empty == {"id": "b", "identifiers": []}


def test_the_model_of_the_site_is_not_asked_for_identifiers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTEWRIGHT_MODEL", str(engines.encoder_path()))
    found = tmp_path / "run.jsonl"
    source = written(tmp_path / "in.jsonl", [row("de", NOTES["de"])])
    assert cli.main(["identifiers", "--input", source, "--output", str(found), "--quiet"]) == 0
    (told,) = (json.loads(line) for line in found.read_text("utf-8").splitlines())
    assert {one["kind"] for one in told["identifiers"]} == {"name", "date", "birthdate"}


def test_the_model_knows_the_kinds_it_was_taught() -> None:
    path = engines.IDENTIFIERS.path(engines.model_folder())
    assert extraction.describe(path)[1] == list(IDENTIFIERS.kinds)
