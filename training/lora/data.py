"""Training data -> pairs of note and answer, split so that no patient is on both sides. Knows no PyTorch.

Two formats, told apart by their keys, as a JSON list or JSON lines: ELMTEX's
`{"report", "summary", "patient_uid"?}`, and a task's examples `{"text", "answer", "evidence"?, "patient"?}`.
Errors name a record by its number.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.tasks import elmtex


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A note and the answer that is right for it."""

    number: int  # of the record, from 1
    text: str
    answer: Mapping[str, Any]
    evidence: Mapping[str, str]  # pointer of a value -> the words it rests on, as in a task's examples
    patient: str  # "" where the record names none
    flat: bool  # the answer is ELMTEX's: fifteen strings


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The two sides of the data."""

    train: tuple[Pair, ...]
    held_out: tuple[Pair, ...]


def read(path: Path) -> list[Pair]:
    """The pairs of a file. Raises InputError that names the first record that is not one."""
    pairs = [_pair(number, record) for number, record in enumerate(_records(path), start=1)]
    if not pairs:
        raise InputError(f"{path.name} holds no record")
    if len({pair.flat for pair in pairs}) > 1:
        raise InputError(f"{path.name} mixes report/summary records with text/answer records")
    return pairs


def split(pairs: Sequence[Pair], share: float, seed: int) -> Split:
    """Holds out about a share of the patients, always the same ones for a seed.

    A record without a patient is a patient of its own, known by its text: the same text stays on one side.
    """
    keys = sorted({_owner(pair, seed) for pair in pairs})
    count = min(len(keys) - 1, max(1, round(len(keys) * share))) if share and len(keys) > 1 else 0
    kept_back = set(keys[:count])
    sides: tuple[list[Pair], list[Pair]] = ([], [])
    for pair in pairs:
        sides[_owner(pair, seed) in kept_back].append(pair)
    return Split(train=tuple(sides[0]), held_out=tuple(sides[1]))


def _owner(pair: Pair, seed: int) -> str:
    key = f"patient {pair.patient}" if pair.patient else f"text {pair.text}"
    return hashlib.sha256(f"{seed} {key}".encode()).hexdigest()


def _records(path: Path) -> Iterator[Any]:
    try:
        text = path.read_text("utf-8-sig")
        if text.lstrip().startswith("["):
            yield from json.loads(text)
            return
    except ValueError as error:
        raise InputError(f"{path.name} is not JSON in UTF-8") from error
    number = 0
    for line in text.split("\n"):
        if line.strip():
            number += 1
            yield _parsed(number, line)


def _parsed(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise InputError(f"record {number} is not JSON") from error


def _pair(number: int, record: Any) -> Pair:
    if not isinstance(record, dict):
        raise InputError(f"record {number} is not an object")
    flat = "report" in record
    text_key, answer_key = ("report", "summary") if flat else ("text", "answer")
    text, answer = record.get(text_key), record.get(answer_key)
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"record {number} has no {text_key}", path=text_key)
    if flat and isinstance(answer, str):  # some copies of the data hold the summary as a string of JSON
        answer = _parsed(number, answer)
    if not isinstance(answer, dict):
        raise InputError(f"record {number}: {answer_key} is not an object", path=answer_key)
    patient = record.get("patient_uid" if flat else "patient")
    return Pair(
        number=number,
        text=text,
        answer=_fifteen(number, answer) if flat else answer,
        evidence=_evidence(number, record),
        patient="" if patient is None else str(patient),
        flat=flat,
    )


def _fifteen(number: int, summary: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        elmtex.read(summary)
    except InputError as error:
        raise InputError(f"record {number}: summary: {error}", path="summary") from error
    return {key: summary[key].strip() or elmtex.NOTHING for key in elmtex.KEYS}


def _evidence(number: int, record: Mapping[str, Any]) -> Mapping[str, str]:
    evidence = record.get("evidence", {})
    if not isinstance(evidence, dict) or not all(isinstance(words, str) for words in evidence.values()):
        raise InputError(f"record {number}: evidence is not an object of strings", path="evidence")
    return evidence
