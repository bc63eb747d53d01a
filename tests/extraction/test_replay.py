import json
from pathlib import Path

import pytest

from adapter import extraction, notes
from adapter.errors import EngineError, ModelError
from adapter.extraction import replay
from adapter.extraction.replay import Replay
from adapter.model import Mention, ModelInfo, Note, Step

NOTE = Note(id="n", text="No fever today.")
FEVER = Mention(start=3, end=8, text="fever", kind="finding", confidence=0.9, sources=("replay",))


def test_what_was_recorded_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps(replay.record(NOTE, [FEVER])) + "\n", "utf-8")
    assert extraction.extract(NOTE, Replay.of_file(path)).kept == (FEVER,)


def test_a_changed_note_is_an_error_not_an_empty_answer() -> None:
    engine = Replay({replay.key(NOTE.text): []})
    with pytest.raises(EngineError, match="no answer is recorded"):
        engine.mentions(Note(id="n", text="No fever today!"))


def test_a_recording_outside_the_note_is_refused() -> None:
    engine = Replay({replay.key(NOTE.text): [{"start": 3, "end": 99, "kind": "finding"}]})
    with pytest.raises(EngineError, match="outside the note"):
        engine.mentions(NOTE)


def test_a_broken_recording_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"sha256": "x", "mentions": []}\n{"sha256": 1\n', "utf-8")
    with pytest.raises(ModelError, match=r"answers\.jsonl:2"):
        Replay.of_file(path)


class Liar:
    name = "liar"
    model: ModelInfo | None = None

    def mentions(self, note: Note) -> Step[Mention]:
        return Step(
            name="extraction", kept=(Mention(start=0, end=2, text="xx", kind="finding", confidence=1.0),)
        )

    def close(self) -> None: ...


def test_an_engine_that_misquotes_is_an_error() -> None:
    with pytest.raises(EngineError, match="misquoted"):
        extraction.extract(NOTE, Liar())


def test_a_heading_is_not_a_mention() -> None:
    text = "ALLERGIES: Penicillin.\nPneumonia: allergies may play a part."
    note = notes.from_text("n", text)
    spans = [(0, 9), (11, 21), (23, 32), (34, 43)]
    rows = [{"start": a, "end": b, "kind": "condition"} for a, b in spans]
    step = extraction.extract(note, Replay({replay.key(text): rows}))
    assert "ALLERGIES" not in [one.text for one in step.kept]
    assert {"Penicillin", "allergies"} <= {one.text for one in step.kept}
    assert "in-heading" in [issue.reason for issue in step.left_out]
