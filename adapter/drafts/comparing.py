"""A document read twice, by the mappings there are and by a draft: what changes in its Bundle, in words."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from adapter import categories
from adapter.cases import Case, sameness
from adapter.cases.folder import normal
from adapter.drafts.coverage import Counts, fired
from adapter.errors import InputError, NotewrightError
from adapter.evaluation import bundle_differences
from adapter.evaluation.bundle_differences import Difference, What
from adapter.evaluation.bundles import BundleCase
from adapter.fhir.systems import Version
from adapter.model import Resource
from adapter.pipeline import Pipeline, Understood

BECAME: Final[Mapping[What, str]] = {"missing": "no longer there", "invented": "new"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Something to read twice."""

    name: str
    resource: Resource
    fhir: Version = "r4"
    recording: Path | None = None  # mentions to take in place of the engine's
    expected: Resource | None = None  # the Bundle it must give

    @classmethod
    def of(cls, case: Case) -> "Document":
        """The document of a case. InputError for what keeps it from being read."""
        if case.head is None or case.faults:
            raise InputError("; ".join(map(str, case.faults)) or "cannot be read", path=case.name)
        return cls(
            name=case.name,
            resource=case.document(),
            fhir=case.head.fhir,
            recording=case.recording,
            expected=case.expected(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a draft changes for a document."""

    name: str
    resources: tuple[tuple[str, ...], ...] = ()  # of each resource that changes, what does, in words
    before: str = ""  # "as expected", "not as expected"; "" where nothing is expected
    after: str = ""
    fault: str = ""  # why it could not be read
    fired: Counts = field(default_factory=dict)  # by the draft
    seconds: float = 0.0


def compared(document: Document, before: Pipeline, after: Pipeline) -> Compared:
    """What changes for a document; what is wrong with it is told in it."""
    began = time.perf_counter()
    try:
        old, _ = _given(document, before)
        new, understood = _given(document, after)
        found = _differences(document.name, old, new)
        stood = [_stands(document, one) for one in (old, new)]
        rules = fired(understood, categories.load(after.files))
    except (NotewrightError, RecursionError) as error:
        said = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Compared(name=document.name, fault=said)
    return Compared(
        name=document.name,
        resources=tuple(tuple(_sentences(one)) for one in found),
        before=stood[0],
        after=stood[1],
        fired=rules,
        seconds=time.perf_counter() - began,
    )


def _given(document: Document, line: Pipeline) -> tuple[Resource, Understood]:
    chosen = line.replaying(document.recording) if document.recording is not None else line
    understood = chosen.understand(document.resource)
    outcome = chosen.write(understood, document.fhir)
    if outcome.errors and not outcome.counts.get("emission"):
        raise InputError(outcome.errors[0].message, path=outcome.errors[0].path)
    return normal(outcome.bundle), understood


def _stands(document: Document, given: Resource) -> str:
    if document.expected is None:
        return ""
    return "not as expected" if _differences(document.name, document.expected, given) else "as expected"


def _differences(name: str, one: Resource, other: Resource) -> Sequence[Difference]:
    case = BundleCase(name=name, expected=one, emitted=other)
    return bundle_differences.differences(case, text=True, counting=sameness.exactly())


def _sentences(one: Difference) -> list[str]:
    """A difference in the words of one that tells a change."""
    if one.what == "differs":
        return bundle_differences.sentences(one)
    return [f"{' '.join(filter(None, (one.type, one.about)))}: {BECAME[one.what]}"]
