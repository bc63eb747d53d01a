"""`notewright extract`, `identifiers` and `code`: plain notes or terms in, what is found in them out."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from adapter import assembly, categories
from adapter.cli import streams, wire
from adapter.cli.streams import Line
from adapter.errors import InputError, NotewrightError
from adapter.fhir import outcome
from adapter.model import Finding
from adapter.settings import Settings

Row = dict[str, Any]


def extract(settings: Settings, *, input: str, output: str, quiet: bool) -> int:
    """Findings of every note; returns the exit code."""
    table = categories.load(settings.files)
    with ExitStack() as stack:
        pipeline = stack.enter_context(assembly.opened(settings, None if quiet else streams.say))

        def work(row: Row) -> Row:
            found, tally = pipeline.text(_text(row, "id"), _text(row, "text"), _language(row))
            left_out = [wire.issue(issue) for step in tally.steps for issue in step.left_out]
            return {
                "id": row["id"],
                "findings": [wire.finding(one, table) for one in found],
                **wire.answers(tally.steps),
                "left_out": left_out,
            }

        return _each(settings, work, input=input, output=output, what="extract", quiet=quiet)


def identifiers(
    settings: Settings, *, identifiers_model: Path | None, input: str, output: str, quiet: bool
) -> int:
    """Where the identifiers of every note stand, without their words; returns the exit code."""
    with ExitStack() as stack:
        find = stack.enter_context(assembly.opened_identifiers(settings, identifiers_model))

        def work(row: Row) -> Row:
            step = find(_text(row, "id"), _text(row, "text"), _language(row))
            return {"id": row["id"], "identifiers": [wire.identifier(one) for one in step.kept]}

        return _each(settings, work, input=input, output=output, what="identifiers", quiet=quiet)


def code(settings: Settings, *, input: str, output: str, limit: int, quiet: bool) -> int:
    """Codings of every term; returns the exit code."""
    with ExitStack() as stack:
        coder = stack.enter_context(assembly.opened_coder(settings, None if quiet else streams.say))

        def work(row: Row) -> Row:
            text = _text(row, "text")
            kind = row.get("kind", "condition")
            if kind not in coder.rules.kinds:
                raise InputError("not a kind that can be coded", path="kind")
            found = coder.code(
                Finding(start=0, end=len(text), text=text, kind=kind, confidence=1.0), most=limit
            )
            codings = sorted((*found.codings, *found.alternatives), key=lambda one: -one.score)
            return {"id": row["id"], "codings": [wire.coding(one) for one in codings[:limit]]}

        return _each(settings, work, input=input, output=output, what="code", quiet=quiet)


def _each(
    settings: Settings, work: Callable[[Row], Row], *, input: str, output: str, what: str, quiet: bool
) -> int:
    """One row in, one row out, in order; a row that cannot be done gives its OperationOutcome."""
    progress = streams.Progress(what, quiet=quiet)

    def done(line: Line) -> Row:
        row: Any = None
        try:
            row = _row(line)
            return work(row)
        except NotewrightError as error:
            id = row.get("id") if isinstance(row, dict) else None
            return {"id": id, "outcome": outcome.of([error.issue()])}

    with streams.source(input) as file, streams.target(output) as out:
        for row in streams.ordered(done, streams.lines(file, settings.max_line), settings.cores + 1):
            out.write(wire.dump(row) + "\n")
            progress.count(failed=_failed(row))
    progress.end()
    return 1 if progress.failed else 0


def _failed(row: Row) -> bool:
    """Whether a row could not be done, or not all of it: a stretch of a note that no answer was had for."""
    return "outcome" in row or any("severity" in one for one in row.get("left_out", ()))


def _row(line: Line) -> Row:
    if line.data is None:
        raise InputError("the line is longer than allowed")
    row = wire.parse(line.data)
    if not isinstance(row, dict) or "id" not in row:
        raise InputError("the line is not an object with an id", path="id")
    return row


def _language(row: Row) -> str | None:
    """The language that a row declares, by either of two names."""
    name = "lang" if row.get("lang") is not None else "language"
    return None if row.get(name) is None else _text(row, name)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise InputError("is missing or not a string", path=name)
    return value
