"""Answers -> `nlp-predictions-dataset.json`, the predictions that DRAGON takes.

DRAGON wants a prediction for every case. A case without an answer gets one that says nothing (0.5, 0, the
empty class, O everywhere), and is counted, so that a failure is seen and not taken for an answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.errors import InputError
from adapter.tasks.importing import benchmark, tags
from adapter.tasks.importing.benchmark import Configuration
from adapter.tasks.importing.dragon import part_names

Places = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to a task about one case."""

    id: str
    answer: Mapping[str, Any] | None  # None: it failed
    scores: Mapping[str, float] = field(
        default_factory=dict
    )  # JSON pointer -> probability of the value there
    spans: Mapping[str, Places] = field(default_factory=dict)  # JSON pointer of a quote -> where it stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The rows of a file of predictions, and what is not behind them."""

    rows: tuple[dict[str, Any], ...]
    failed: tuple[str, ...]  # cases without an answer
    lost: int  # quotes that do not stand in their note


def exported(
    asked: Configuration, cases: Sequence[Mapping[str, Any]], answers: Iterable[Answered]
) -> Exported:
    """A prediction for every case, in the order of the cases."""
    by_id = {one.id: one for one in answers}
    known = {str(case["uid"]) for case in cases}
    if unknown := len(by_id.keys() - known):
        raise InputError(f"answers: {unknown} that belong to no case", path="answers")
    found = [by_id.get(str(case["uid"]), Answered(id=str(case["uid"]), answer=None)) for case in cases]
    names = _names(asked, found)
    rows, lost = [], 0
    for case, one in zip(cases, found, strict=True):
        if asked.kind.answer == "entities":
            value, missed = labels(asked, benchmark.words(case), one)
            lost += missed
        else:
            parts = [_value(asked, one, name) for name in names]
            value = parts if asked.kind.several else parts[0]
        rows.append({"uid": one.id, asked.prediction: value})
    return Exported(rows=tuple(rows), failed=tuple(one.id for one in found if one.answer is None), lost=lost)


def graded(answer: bool, confidence: float | None) -> float:
    """The probability of true, of an answer and how sure it is; 1 or 0 where that is not known."""
    if confidence is None:
        return float(answer)
    sure = min(max(confidence, 0.0), 1.0)
    return sure if answer else 1 - sure


def labels(asked: Configuration, words: Sequence[str], one: Answered) -> tuple[Any, int]:
    """The BIO labels of the words of a case, and how many quotes do not stand in it."""
    items = one.answer.get("entities", []) if one.answer is not None else []
    whole, places = " ".join(words), benchmark.places(words)
    marked: list[tags.Entity] = []
    lost, at = 0, _Search(whole)
    for index, item in enumerate(items):
        spans = one.spans.get(f"/entities/{index}/quote") or at.next(item["quote"], item["label"])
        found = [_entity(places, start, end, item["label"]) for start, end in spans]
        marked += [entity for entity in found if entity is not None]
        lost += not any(found)
    write = tags.several if asked.kind.several else tags.single
    return write(len(words), marked), lost


class _Search:
    """Finds quotes one after the other, as they were written: in the order of the note."""

    def __init__(self, whole: str) -> None:
        self._whole, self._start = whole, 0
        self._after: dict[str, int] = {}  # label -> one past its last quote

    def next(self, quote: str, label: str) -> list[tuple[int, int]]:
        """The next place of a quote, from the beginning where there is none further on."""
        if not quote:
            return []
        begin = max(self._start, self._after.get(label, 0))
        start = self._whole.find(quote, begin)
        start = self._whole.find(quote) if start < 0 else start
        if start < 0:
            return []
        self._start, self._after[label] = start, start + len(quote)
        return [(start, start + len(quote))]


def _entity(places: Places, start: int, end: int, label: str) -> tags.Entity | None:
    inside = [at for at, (first, last) in enumerate(places) if first < end and last > start]
    return tags.Entity(first=inside[0], last=inside[-1], label=label) if inside else None


def _names(asked: Configuration, found: Sequence[Answered]) -> tuple[str, ...]:
    if asked.kind.answer == "entities":
        return ()
    counts = {len(one.answer) for one in found if one.answer} | ({len(asked.labels)} - {0})
    if not counts and asked.kind.several:
        raise InputError("answers: none, so it is not known how many parts one has", path="answers")
    return part_names(asked, max(counts, default=1))


def _value(asked: Configuration, one: Answered, name: str) -> Any:
    value = None if one.answer is None else one.answer.get(name)
    match asked.kind.answer:
        case "binary":
            return 0.5 if value is None else graded(bool(value), one.scores.get(f"/{name}"))
        case "number":
            return 0.0 if value is None else float(value)
    return "" if value is None else str(value)
