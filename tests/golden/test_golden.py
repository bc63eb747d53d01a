"""Golden cases: each folder of fixtures/notes is a marked note, the Bundle it must give, and why.

`note.txt` marks the mentions an engine is to find as `{kind|words}`; the rest of the line is the real one,
with the tiny store of `codes.tsv`. `make golden` rewrites `bundle.json`; review the difference like code.
"""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

import mappings
import terminology
from adapter import assembly, coding, context, emission
from adapter.extraction import Replay, replay
from adapter.model import KINDS, Mention, ModelInfo, Note
from adapter.pipeline import Pipeline
from tests.conftest import ROOT

CASES = sorted(path.parent for path in (ROOT / "fixtures" / "notes").glob("*/note.txt"))
MARK = re.compile(r"\{(" + "|".join(KINDS) + r")\|([^}]*)\}")


def unmarked(text: str) -> tuple[str, list[Mention]]:
    """The note without marks, and the mentions marked in it."""
    plain, mentions, at = "", [], 0
    for match in MARK.finditer(text):
        plain += text[at : match.start()]
        kind, words = match.groups()
        mentions.append(
            Mention(start=len(plain), end=len(plain) + len(words), text=words, kind=kind, confidence=0.9)
        )
        plain += words
        at = match.end()
    return plain + text[at:], mentions


def document(case: Path, text: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": case.name,
        "identifier": [{"system": "https://hospital.example/documents", "value": case.name}],
        "status": "current",
        "subject": {"reference": "Patient/example"},
        "date": "2026-03-07T14:05:00+13:00",
        "content": [
            {"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}}
        ],
        "context": {"encounter": [{"reference": "Encounter/example"}]},
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> terminology.Store:
    path = tmp_path_factory.mktemp("golden") / "store.sqlite"
    terminology.build([terminology.Source(kind="tsv", path=ROOT / "fixtures" / "notes" / "codes.tsv")], path)
    return terminology.open_store(path)


def line(store: terminology.Store, text: str, mentions: list[Mention]) -> Pipeline:
    note = Note(id="n", text=text)
    return Pipeline(
        engine=Replay({replay.key(text): replay.record(note, mentions)["mentions"]}),
        coder=coding.Coder(store, coding.load()),
        contexts=context.Shelf(assembly.languages()),
        resources=emission.load(),
        maker=emission.Maker(
            model=ModelInfo(name="marked by hand", version="1", digest="0" * 64, quantization="none"),
            version="golden",
            mappings="0" * 64,
        ),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_note_gives_its_bundle(
    case: Path, store: terminology.Store, request: pytest.FixtureRequest
) -> None:
    text, mentions = unmarked((case / "note.txt").read_text("utf-8"))
    bundle = line(store, text, mentions).run(document(case, text)).bundle
    expected = case / "bundle.json"
    if request.config.getoption("--rewrite-golden"):
        expected.write_text(json.dumps(bundle, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert json.loads(expected.read_text("utf-8")) == bundle
    assert (case / "why.md").read_text("utf-8").strip()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_order_of_mentions_and_a_second_time_change_nothing(case: Path, store: terminology.Store) -> None:
    text, mentions = unmarked((case / "note.txt").read_text("utf-8"))
    posted = document(case, text)
    once = line(store, text, mentions).run(posted).bundle
    again = line(store, text, mentions[::-1]).run(posted).bundle
    assert json.dumps(once) == json.dumps(again)


def test_there_are_cases() -> None:
    assert len(CASES) >= 6
    assert mappings.SHIPPED.names("context")
