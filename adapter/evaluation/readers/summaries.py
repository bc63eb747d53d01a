"""Files of ELMTEX -> summaries: `report` and `summary`, as a JSON array or JSON lines.

A run may be in the same form, or what `extract` writes for the task `elmtex-15`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.tasks import elmtex

ANSWERS = ("summary", "elmtex", "prediction", "answer")
"""Where a row may hold the answer; a row with none of them is the answer itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A row of a file: what was answered, and about which report."""

    id: str | None  # None: the row has no name
    fields: Mapping[str, str] | None  # those of the fifteen that are texts; None: it is no object
    valid: bool  # it has all fifteen, they are texts, and nothing else
    report: str = ""  # its text, where the row has it


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryCase:
    """What is true of a report, in the fifteen fields, and what was answered."""

    id: str
    gold: Mapping[str, str]
    given: Mapping[str, str] | None  # None: the answer is no object, or there is none
    valid: bool
    report: str = ""

    @property
    def told(self) -> str:
        """All that gold tells, the report first: long enough to hear its language."""
        return "\n".join([self.report, *self.gold.values()])


def paired(gold: Path, predicted: Path) -> list[SummaryCase]:
    """Every report of gold with its answer: by `id` where both files have one, else in order.

    Raises InputError naming file and row, never quoting a text.
    """
    wanted, given = read(gold), read(predicted)
    for number, one in enumerate(wanted, start=1):
        if not one.valid:
            raise InputError(f"{gold.name}: row {number}: not the fifteen texts of ELMTEX", path="--gold")
    if all(one.id is not None for one in (*wanted, *given)):
        return _by_id(_named(wanted, gold), _named(given, predicted), predicted)
    if len(wanted) != len(given):
        raise InputError(
            f"{predicted.name}: {len(given)} rows for the {len(wanted)} of gold, and not all have an id",
            path="--predicted",
        )
    return [
        _case(one.id or str(number), one, other)
        for number, (one, other) in enumerate(zip(wanted, given, strict=True), start=1)
    ]


def reports(path: Path) -> list[tuple[str, str]]:
    """The texts of the reports, each with its id, or its number where the file names none.

    Raises InputError naming the row that has no text.
    """
    found = []
    for number, row in _rows(path):
        where = f"{path.name}: row {number}"
        answer = _answer(row, where)
        if not isinstance(row.get("report"), str):
            raise InputError(f"{where}: report is missing or not a string", path="--gold")
        found.append((answer.id or str(number), row["report"]))
    return found


def read(path: Path) -> list[Answer]:
    """The answers of a file. Raises InputError naming its row."""
    found = [_answer(row, f"{path.name}: row {number}") for number, row in _rows(path)]
    if not found:
        raise InputError(f"{path.name}: no rows in it")
    return found


def _by_id(wanted: Mapping[str, Answer], given: Mapping[str, Answer], path: Path) -> list[SummaryCase]:
    if unknown := sorted(given.keys() - wanted.keys()):
        raise InputError(
            f"{path.name}: rows that are not in gold: {len(unknown)}, the first is {unknown[0]}",
            path="--predicted",
        )
    return [_case(id, one, given.get(id)) for id, one in wanted.items()]


def _named(answers: list[Answer], path: Path) -> dict[str, Answer]:
    for id, times in Counter(one.id for one in answers).items():
        if times > 1:
            raise InputError(f"{path.name}: id {id} stands there {times} times")
    return {str(one.id): one for one in answers}


def _case(id: str, gold: Answer, given: Answer | None) -> SummaryCase:
    return SummaryCase(
        id=id,
        gold=gold.fields or {},
        given=given.fields if given is not None else None,
        valid=given is not None and given.valid,
        report=gold.report,
    )


def _rows(path: Path) -> Iterator[tuple[int, Any]]:
    if not path.is_file():
        raise InputError(f"{path.name}: no such file")
    try:
        whole = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: not UTF-8 at byte {error.start}") from None
    if whole.lstrip().startswith("["):
        yield from enumerate(_json(whole, path.name), start=1)
        return
    lines = (line for line in whole.split("\n") if line.strip())
    yield from ((number, _json(line, f"{path.name}: row {number}")) for number, line in enumerate(lines, 1))


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{where}: not JSON") from None


def _answer(row: Any, where: str) -> Answer:
    if not isinstance(row, dict):
        raise InputError(f"{where}: not an object")
    id = row.get("id")
    if id is not None and not isinstance(id, str | int):
        raise InputError(f"{where}: id is neither text nor number")
    fields = None if "outcome" in row else _fields(_told(row))
    return Answer(
        id=None if id is None else str(id),
        fields=fields and {key: value for key, value in fields.items() if _is_field(key, value)},
        valid=fields is not None
        and fields.keys() == set(elmtex.KEYS)
        and all(_is_field(*one) for one in fields.items()),
        report=row["report"] if isinstance(row.get("report"), str) else "",
    )


def _told(row: Mapping[str, Any]) -> Any:
    name = next((name for name in ANSWERS if name in row), None)
    if name is not None:
        return row[name]
    return {key: value for key, value in row.items() if key not in ("id", "report")}


def _fields(told: Any) -> Mapping[str, Any] | None:
    """The object that was answered, which may stand as text; lists of `elmtex-15` as ELMTEX joins them."""
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            return None
    if not isinstance(told, dict):
        return None
    return elmtex.write(told) if _is_typed(told) else told


def _is_typed(told: Mapping[str, Any]) -> bool:
    """Whether it is an answer to `elmtex-15`: lists of texts, and age and gender as text or nothing."""
    lists = (told.get(key) for key in elmtex.LISTS)
    singles = (told.get(key) for key in elmtex.SINGLES)
    return (
        told.keys() == set(elmtex.KEYS)
        and all(isinstance(one, list) and all(isinstance(fact, str) for fact in one) for one in lists)
        and all(one is None or isinstance(one, str) for one in singles)
    )


def _is_field(key: str, value: Any) -> bool:
    return key in elmtex.KEYS and isinstance(value, str)
