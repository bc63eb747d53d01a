"""A case -> what differs between the Bundle it must give and the one it gives, on the real line."""

import time
from dataclasses import dataclass
from typing import Literal

from adapter.cases import folder, sameness
from adapter.cases.folder import Case, Fault
from adapter.errors import InputError, NotewrightError
from adapter.evaluation import bundle_differences
from adapter.evaluation.bundle_differences import Difference
from adapter.evaluation.bundles import BundleCase
from adapter.model import Note, Resource
from adapter.pipeline import Pipeline

Status = Literal["passed", "failed", "broken"]
UNTOLD = Fault(file=folder.EXPECTED, key="", message="missing: nothing is expected yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a case."""

    case: Case
    status: Status
    differences: tuple[Difference, ...] = ()
    faults: tuple[str, ...] = ()  # why it could not be run
    seconds: float = 0.0
    emitted: Resource | None = None  # what it gives
    notes: tuple[Note, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """What differs or is wrong, in words."""
        told = (line for one in self.differences for line in bundle_differences.sentences(one))
        return [*self.faults, *told]


def ran(case: Case, line: Pipeline, *, text: bool = True) -> Result:
    """The result of a case; what is wrong with the case itself is told in it.

    Without `text` no words of the note are told. Raises what the line raises when a part of it is broken.
    """
    began = time.perf_counter()
    emitted: Resource | None = None
    notes: tuple[Note, ...] = ()
    try:
        if case.faults or case.head is None:
            return _broken(case, *map(str, case.faults))
        emitted, notes = _emitted(case, line)
        expected = case.expected()
        if expected is None:
            return _broken(case, str(UNTOLD), emitted=emitted, notes=notes, began=began)
        differences = _differences(case.name, expected, emitted, text)
    except (NotewrightError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        return _broken(case, said, emitted=emitted, notes=notes, began=began)
    return Result(
        case=case,
        status="failed" if differences else "passed",
        differences=tuple(differences),
        seconds=time.perf_counter() - began,
        emitted=emitted,
        notes=notes,
    )


def _emitted(case: Case, line: Pipeline) -> tuple[Resource, tuple[Note, ...]]:
    chosen = line.replaying(case.recording) if case.recording is not None else line
    understood = chosen.understand(case.document())
    outcome = chosen.write(understood, case.head.fhir if case.head else line.fhir)
    wrong = [one for one in outcome.errors if not outcome.counts.get("emission")]
    if wrong:
        raise InputError(wrong[0].message, path=wrong[0].path)
    return folder.normal(outcome.bundle), tuple(note for note, _ in understood.notes)


def _differences(name: str, expected: Resource, emitted: Resource, text: bool) -> list[Difference]:
    case = BundleCase(name=name, expected=expected, emitted=emitted)
    return bundle_differences.differences(case, text=text, counting=sameness.exactly())


def _broken(
    case: Case,
    *faults: str,
    emitted: Resource | None = None,
    notes: tuple[Note, ...] = (),
    began: float | None = None,
) -> Result:
    return Result(
        case=case,
        status="broken",
        faults=faults,
        seconds=time.perf_counter() - began if began is not None else 0.0,
        emitted=emitted,
        notes=notes,
    )
