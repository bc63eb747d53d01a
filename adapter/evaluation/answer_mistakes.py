"""ELMTEX summaries -> the fields in which gold and the answer say different things.

A mistake holds note text unless it is made without; it is for reports, never for logs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapter.evaluation import texts
from adapter.evaluation.readers.summaries import SummaryCase
from adapter.tasks.elmtex import KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A fact of a field."""

    text: str
    shared: bool  # both sides have it


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMistake:
    """A field in which gold and the answer differ."""

    field: str
    missed: int  # facts of gold that the answer does not have
    invented: int  # facts of the answer that gold does not have
    gold: tuple[Item, ...] = ()
    given: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistaken:
    """A report whose answer is not as it should be."""

    report: str
    valid: bool
    fields: tuple[AnswerMistake, ...]


def listed(cases: Sequence[SummaryCase], *, text: bool) -> list[Mistaken]:
    """Every report whose answer differs from gold, in order; without facts unless `text`."""
    found = [Mistaken(report=case.id, valid=case.valid, fields=tuple(_fields(case, text))) for case in cases]
    return [one for one in found if one.fields or not one.valid]


def _fields(case: SummaryCase, text: bool) -> Iterator[AnswerMistake]:
    """The fields that differ; those of an answer that is not valid are shown, and count for nothing."""
    for key in KEYS:
        gold, given = case.gold[key], (case.given or {}).get(key, "")
        wanted, told = texts.items(gold), texts.items(given if case.valid else "")
        if wanted != told:
            yield AnswerMistake(
                field=key,
                missed=(wanted - told).total(),
                invented=(told - wanted).total(),
                gold=tuple(_items(gold, texts.items(given))) if text else (),
                given=tuple(_items(given, wanted)) if text else (),
            )


def _items(text: str, other: Counter[str]) -> Iterator[Item]:
    left = other.copy()
    for part in texts.parts(text):
        name = texts.normalised(part)
        yield Item(text=part, shared=left[name] > 0)
        left[name] -= 1
