"""A model's text -> an answer that the note bears out, or why it is none.

The hard gate: a value whose words are not in the note is not in the answer; it is counted and reported.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapter.extraction.generative.answer import Answer, Fact
from adapter.extraction.generative.backend import Completion
from adapter.extraction.generative.grounding import Ground
from adapter.extraction.generative.ladder import Failure
from adapter.extraction.generative.numbers import Numbers
from adapter.extraction.generative.places import Scores
from adapter.extraction.generative.voting import vote
from adapter.model import Issue, Span
from adapter.tasks import Task, answers, grounded

Sure = Callable[[str, Any], float | None]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A completion that is an answer in the grounded form of a task."""

    value: Mapping[str, Any]
    improper: frozenset[str]  # pointers of values that no grammar can keep in bounds: ranges, dates
    ended_lists: int = 0  # that were ended because the model repeated itself


WHY = {
    "value-out-of-bounds": "The value is not one the schema allows.",
    "quote-not-found": "The words of the answer are not in the note.",
    "required-missing": "The task requires it; the note does not say it.",
    "value-not-in-quote": "The words of the answer do not say its number.",
}


class Reader:
    """Reads the answers to one task."""

    def __init__(self, task: Task, numbers: Numbers) -> None:
        self._task, self._numbers = task, numbers
        self._node = grounded.node(task)

    def parse(self, completion: Completion) -> Parsed | Failure:
        """The answer in a completion, or why there is none."""
        if completion.stop != "end":
            return completion.stop
        try:
            value = json.loads(completion.text)
        except (ValueError, RecursionError):
            return "invalid"
        wrong = {problem.pointer for problem in answers.problems(self._node, value)}
        try:
            known = {leaf.pointer for leaf in grounded.leaves(self._task, value)} if wrong else set()
        except (TypeError, KeyError, AttributeError):
            return "invalid"  # of another shape altogether
        improper = frozenset(pointer.removesuffix("/value") for pointer in wrong)
        return Parsed(value, improper, completion.ended_lists) if improper <= known else "invalid"

    def read(self, ground: Ground, parsed: Parsed, completion: Completion) -> Answer:
        """What the note bears out of one answer, each value with the probability the model gave it."""
        scores = Scores(completion.text, completion.tokens)

        def sure(pointer: str, value: Any) -> float | None:
            here = scores.probability(pointer, value)
            return scores.probability(pointer + "/value", value) if here is None else here

        return self._grounded(ground, parsed, sure)

    def read_votes(self, ground: Ground, parsed: Sequence[Parsed], runs: int) -> Answer | Failure:
        """What the note bears out of what most of several answers say, each value with its share of votes."""
        count = vote([one.value for one in parsed], runs)
        improper = frozenset[str]().union(*(one.improper for one in parsed))
        if count.value is None or answers.problems(self._node, count.value):
            return "disagreed"

        def sure(pointer: str, _value: Any) -> float | None:
            return count.shares.get(pointer, count.shares.get(pointer + "/value"))

        ended = max(one.ended_lists for one in parsed)
        answer = self._grounded(ground, Parsed(count.value, improper, ended), sure)
        told = (_issue("runs-differ", "The runs do not agree on what is said of an item."),) * count.dropped
        return replace(answer, left_out=(*answer.left_out, *told))

    def _grounded(self, ground: Ground, parsed: Parsed, sure: Sure) -> Answer:
        leaves = grounded.leaves(self._task, parsed.value)
        places = {leaf.pointer: _places(ground, leaf) for leaf in leaves}
        reasons = {leaf.pointer: self._unfounded(leaf, places[leaf.pointer], parsed) for leaf in leaves}
        kept = {pointer for pointer, reason in reasons.items() if reason is None}
        rebuilt = grounded.rebuild(self._task, parsed.value, kept)
        facts = tuple(
            Fact(
                path=rebuilt.places[leaf.pointer],
                value=leaf.value,
                spans=places[leaf.pointer] or (),
                confidence=sure(leaf.pointer, leaf.value),
            )
            for leaf in leaves
            if leaf.pointer in rebuilt.places
        )
        issues = [_issue(reason, WHY[reason], at) for at, reason in reasons.items() if reason is not None]
        issues += [_ended()] * parsed.ended_lists
        issues += [_issue("required-missing", WHY["required-missing"], gap) for gap in rebuilt.gaps]
        return Answer(value=rebuilt.answer, facts=facts, left_out=tuple(issues))

    def _unfounded(self, leaf: grounded.Leaf, places: tuple[Span, ...] | None, parsed: Parsed) -> str | None:
        """Why the note does not bear a value out; None when it does."""
        if leaf.pointer in parsed.improper:
            return "value-out-of-bounds"
        if places is None:
            return "quote-not-found"
        number = isinstance(leaf.value, int | float) and not isinstance(leaf.value, bool)
        if number and leaf.quote is not None and not self._numbers.say(leaf.quote, leaf.value):
            return "value-not-in-quote"
        return None


def _places(ground: Ground, leaf: grounded.Leaf) -> tuple[Span, ...] | None:
    """Where the words of a value stand; None when they do not, nothing where none are asked for."""
    if leaf.quote is None:
        return ()
    return ground.find(leaf.quote) or None


def _ended() -> Issue:
    return Issue(
        code="informational",
        reason="list-repeats",
        message="The model repeated itself in a list of its answer; the list ends there.",
        severity="information",
    )


def _issue(reason: str, message: str, path: str | None = None) -> Issue:
    return Issue(code="value", reason=reason, message=message, path=path)
