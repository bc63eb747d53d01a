"""`notewright test`: whether documents still give the Bundles that they must give."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from adapter import assembly, cases
from adapter.cases import Case, Result, junit, telling
from adapter.cases.shelf import chosen
from adapter.cli import streams
from adapter.errors import InputError
from adapter.evaluation.bundle_differences import shown
from adapter.settings import Settings

Work = Callable[[Case], Result]


def run(
    settings: Settings,
    *,
    tree: Path,
    tags: Sequence[str] | None,
    junit_file: Path | None,
    json_file: Path | None,
    update: bool,
    no_text: bool,
    quiet: bool,
) -> int:
    """Runs the cases of a tree; exit code 1 when a Bundle differs, 2 when a case could not be run."""
    shelf, began = cases.Shelf(tree), time.perf_counter()
    found = chosen(shelf.cases(), tags or ())
    if not found:
        raise InputError(f"{tree.name}: no cases in it{' with such a tag' if tags else ''}")
    with assembly.opened(settings, None if quiet else streams.say) as line:
        work = partial(cases.ran, line=line, text=not no_text)
        results = list(_worked(work, found, settings.cores, quiet=quiet))
    kept = [_updated(shelf, one) for one in results] if update else results
    _told(kept, time.perf_counter() - began, junit_file, json_file)
    worst = {one.status for one in kept}
    return 2 if "broken" in worst else 1 if "failed" in worst else 0


def _worked(work: Work, found: Sequence[Case], cores: int, *, quiet: bool) -> Iterator[Result]:
    progress = streams.Progress("test", quiet=quiet, things="cases")
    for one in streams.ordered(work, found, cores + 1):
        progress.count(failed=one.status != "passed")
        yield one
    progress.end()


def _updated(shelf: cases.Shelf, one: Result) -> Result:
    """The result once the case expects what it gives."""
    if one.emitted is None or one.status == "passed":
        return one
    shelf.expect(one.case, one.emitted)
    sys.stdout.write(f"updated {shown(one.case.name)}\n")
    return replace(one, status="passed", differences=(), faults=())


def _told(results: Sequence[Result], seconds: float, junit_file: Path | None, json_file: Path | None) -> None:
    for one in results:
        sys.stdout.writelines(f"{line}\n" for line in telling.lines(one))
    sys.stdout.write(telling.summary(results, seconds) + "\n")
    if junit_file is not None:
        junit_file.write_bytes(junit.written(results, seconds))
    if json_file is not None:
        told = json.dumps(telling.told(results, seconds), ensure_ascii=False, indent=2)
        json_file.write_text(told + "\n", "utf-8", "replace")
