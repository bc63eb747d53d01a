"""What a model said of a note, as far as the note bears it out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapter.model import Issue
from adapter.tasks import Fact
from adapter.tasks.node import step

__all__ = ["Answer", "Attempt", "Fact", "joined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a stretch of the note, for the record."""

    start: int
    end: int
    result: str  # "read", or why not: "invalid", "length", "time", "loop", "disagreed"
    temperature: float
    seed: int
    generated_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The grounded answer to a task about one note."""

    value: Any  # in the task's own schema; what was not grounded is not in it
    facts: tuple[Fact, ...] = ()
    left_out: tuple[Issue, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def joined(answers: Sequence[Answer], *, surest: bool = False) -> Answer:
    """One answer of those to the stretches of a note, in order; nothing twice.

    Lists are put one after the other, equal items becoming one with the places of both. A single value that
    is told differently in two places is nobody's to choose: it is left open and reported. With `surest`, for
    tasks that grade a whole note and ask for no evidence, the value the model is surer of is taken.
    """
    if not answers:
        return Answer(value=None)
    whole = answers[0]
    for other in answers[1:]:
        join = _Join(_surer(whole, other) if surest else None)
        value = join.values(whole.value, other.value, "", "")
        facts = [fact for fact in whole.facts if not _under(fact.path, join.open | join.replaced)]
        facts = _together(facts, [moved for fact in other.facts if (moved := join.moved(fact))])
        whole = Answer(
            value=value,
            facts=tuple(facts),
            left_out=(*whole.left_out, *other.left_out, *map(_conflict, sorted(join.open))),
            attempts=(*whole.attempts, *other.attempts),
        )
    return whole


def _surer(first: Answer, second: Answer) -> Callable[[str, str], bool]:
    """Whether the second answer is surer of its value at one place than the first at another."""
    left = {fact.path: fact.confidence or 0.0 for fact in first.facts}
    right = {fact.path: fact.confidence or 0.0 for fact in second.facts}
    return lambda here, there: right.get(there, 0.0) > left.get(here, 0.0)


class _Join:
    """Two values into one, remembering where the parts of the second went."""

    def __init__(self, surer: Callable[[str, str], bool] | None = None) -> None:
        self._surer = surer
        self.open: set[str] = set()  # where the two contradict each other
        self.replaced: set[str] = set()  # where the second was surer
        self._outdone: set[str] = set()  # of the second, where the first was
        self._moves: dict[str, str] = {}  # pointer in the second -> pointer in the joined one

    def values(self, first: Any, second: Any, here: str, there: str) -> Any:
        if isinstance(first, dict) and isinstance(second, dict):
            return self._objects(first, second, here, there)
        if isinstance(first, list) and isinstance(second, list):
            return self._lists(first, second, here, there)
        self._moves[there] = here
        if second is None or first == second:
            return first
        if first is None:
            return second
        return self._differing(first, second, here, there)

    def _differing(self, first: Any, second: Any, here: str, there: str) -> Any:
        if self._surer is None:
            self.open.add(here)
            return None
        if self._surer(here, there):
            self.replaced.add(here)
            return second
        self._outdone.add(there)
        return first

    def _objects(self, first: dict[str, Any], second: dict[str, Any], here: str, there: str) -> Any:
        keys = [*first, *(key for key in second if key not in first)]
        return {
            key: self.values(first.get(key), second.get(key), step(here, key), step(there, key))
            for key in keys
        }

    def _lists(self, first: list[Any], second: list[Any], here: str, there: str) -> list[Any]:
        whole = list(first)
        for index, item in enumerate(second):
            if item not in whole:
                whole.append(item)
            self._moves[step(there, index)] = step(here, whole.index(item))
        return whole

    def moved(self, fact: Fact) -> Fact | None:
        """A fact of the second answer under its new pointer; None for one that is left open."""
        if _under(fact.path, self._outdone):
            return None
        prefix, rest = fact.path, ""
        while prefix not in self._moves:
            if not prefix:
                return fact
            prefix, _, last = prefix.rpartition("/")
            rest = f"/{last}{rest}"
        path = self._moves[prefix] + rest
        return None if _under(path, self.open) else replace(fact, path=path)


def _together(first: Sequence[Fact], second: Sequence[Fact]) -> list[Fact]:
    """The facts of both; one fact told twice has the places of both."""
    facts = {(fact.path, repr(fact.value)): fact for fact in first}
    for fact in second:
        key = (fact.path, repr(fact.value))
        known = facts.get(key)
        facts[key] = fact if known is None else _both(known, fact)
    return list(facts.values())


def _both(first: Fact, second: Fact) -> Fact:
    spans = sorted({*first.spans, *second.spans}, key=lambda span: (span.start, span.end))
    sure = [one for one in (first.confidence, second.confidence) if one is not None]
    return replace(first, spans=tuple(spans), confidence=max(sure, default=None))


def _under(path: str, places: set[str]) -> bool:
    return any(path == place or path.startswith(place + "/") for place in places)


def _conflict(path: str) -> Issue:
    return Issue(
        code="conflict",
        reason="answers-differ",
        message="Two places of the note answer this differently.",
        path=path,
    )
