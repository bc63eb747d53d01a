"""`notewright convert`: one DocumentReference (or Bundle) a line in, one transaction Bundle a line out."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from adapter import assembly
from adapter.cli import streams, wire
from adapter.cli.streams import Line
from adapter.errors import DeliveryError, InputError, NotewrightError
from adapter.fhir import outcome
from adapter.model import Issue, Resource
from adapter.pipeline import Pipeline, deliver
from adapter.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What one line became."""

    number: int
    result: Resource  # a Bundle, or the OperationOutcome that says why not
    errors: tuple[Issue, ...] = ()
    undelivered: tuple[str, ...] = ()


@dataclass(slots=True)
class Totals:
    """What a run came to, for the exit code."""

    failed: int = 0
    undelivered: int = 0


def run(settings: Settings, *, input: str, output: str, send: list[str] | None, quiet: bool) -> int:
    """Converts every line; returns the exit code."""
    totals, progress = Totals(), streams.Progress("convert", quiet=quiet)
    with ExitStack() as stack:
        pipeline = stack.enter_context(assembly.opened(settings, None if quiet else streams.say))
        sinks = stack.enter_context(assembly.opened_sinks(send or []))
        file = stack.enter_context(streams.source(input))
        out = stack.enter_context(streams.target(output))
        documents = _documents(file, input, settings.max_line)
        work = _Worker(pipeline, sinks)
        for done in streams.ordered(work, documents, settings.cores + 1):
            out.write(wire.dump(done.result) + "\n")
            _count(done, totals, progress, quiet=quiet)
    progress.end()
    return 4 if totals.undelivered else 1 if totals.failed else 0


def _documents(file: BinaryIO, name: str, most: int) -> Iterator[Line]:
    """The lines of NDJSON; a `.json` file that is one indented document is one line."""
    if Path(name).suffix == ".json":
        data = file.read(most + 1)
        yield Line(number=1, data=None if len(data) > most else data)
    else:
        yield from streams.lines(file, most)


class _Worker:
    """Converts and delivers one line; never raises for what is wrong with the line."""

    def __init__(self, pipeline: Pipeline, sinks: Sequence[assembly.Sink]) -> None:
        self._pipeline, self._sinks = pipeline, sinks

    def __call__(self, line: Line) -> Converted:
        try:
            return self._converted(line)
        except NotewrightError as error:
            issue = error.issue()
            return Converted(number=line.number, result=outcome.of([issue]), errors=(issue,))

    def _converted(self, line: Line) -> Converted:
        if line.data is None:
            raise InputError("the line is longer than allowed")
        done = self._pipeline.run(wire.parse(line.data))
        emitted = done.counts.get("emission", 0)
        if done.errors and not emitted:
            return Converted(number=line.number, result=outcome.of(done.errors), errors=done.errors)
        failures = []
        for sink in self._sinks:
            try:
                deliver(done, sink)
            except DeliveryError as error:
                failures.append(str(error))
        return Converted(
            number=line.number, result=done.bundle, errors=done.errors, undelivered=tuple(failures)
        )


def _count(done: Converted, totals: Totals, progress: streams.Progress, *, quiet: bool) -> None:
    progress.count(failed=bool(done.errors or done.undelivered))
    totals.failed += bool(done.errors)
    totals.undelivered += bool(done.undelivered)
    if quiet:
        return
    for issue in done.errors:
        streams.say(f"line {done.number}: {issue.reason}: {issue.path or '-'}: {issue.message}")
    for failure in done.undelivered:
        streams.say(f"line {done.number}: not delivered: {failure}")
