"""The `replay` engine: recorded answers, for tests and demonstrations without a model.

A recording is JSON lines of `{"sha256", "mentions": [{"start", "end", "kind", "confidence"}]}`, keyed by the
SHA-256 of the note's text, so that a changed note is never answered with an old recording.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapter.errors import EngineError, ModelError
from adapter.model import Mention, Note, Step

NAME = "replay"


def key(text: str) -> str:
    """The key under which a note's answer is recorded."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def record(note: Note, mentions: Sequence[Mention]) -> dict[str, Any]:
    """The recording of an engine's answer, one JSON line."""
    return {
        "sha256": key(note.text),
        "mentions": [
            {"start": m.start, "end": m.end, "kind": m.kind, "confidence": m.confidence} for m in mentions
        ],
    }


class Replay:
    """Answers as recorded; an unrecorded note is an EngineError, never an empty answer."""

    name = NAME
    languages: Collection[str] | None = None
    model = None

    def __init__(self, answers: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._answers = answers

    @classmethod
    def of_file(cls, path: Path) -> "Replay":
        """The recordings in a file.

        Raises ModelError naming file and line.
        """
        answers: dict[str, Sequence[Mapping[str, Any]]] = {}
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise ModelError(f"{path.name}: cannot read the recording") from error
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                answers[row["sha256"]] = row["mentions"]
            except (ValueError, KeyError, TypeError) as error:
                raise ModelError(f"{path.name}:{number}: not a recording") from error
        return cls(answers)

    def mentions(self, note: Note) -> Step[Mention]:
        """See `Engine.mentions`."""
        rows = self._answers.get(key(note.text))
        if rows is None:
            raise EngineError("no answer is recorded for this note")
        kept = tuple(_mention(note, row) for row in rows)
        return Step(name="extraction", kept=kept)

    def close(self) -> None:
        """Nothing to free."""


def _mention(note: Note, row: Mapping[str, Any]) -> Mention:
    start, end = int(row["start"]), int(row["end"])
    if not 0 <= start < end <= len(note.text):
        raise EngineError("a recorded mention lies outside the note")
    return Mention(
        start=start,
        end=end,
        text=note.text[start:end],
        kind=str(row["kind"]),
        confidence=float(row.get("confidence", 1.0)),
        sources=(NAME,),
    )
