"""The noun of what an answer says: one value, where the note says it, and what it is called."""

from dataclasses import dataclass
from typing import Any

from adapter.model import Coding, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value of an answer, and where the note says so."""

    path: str  # JSON pointer in the answer
    value: Any  # a string, number or truth value
    spans: tuple[Span, ...]  # every place of its quote; none only where the task asks for no evidence
    confidence: float | None = None  # probability or share of votes; None where neither is known
    codings: tuple[Coding, ...] | None = (
        None  # of words bound to the terminology, () for no code; None: not bound
    )
