"""Results -> JSON for programs, and lines for people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from adapter.cases.running import Result
from adapter.evaluation.bundle_differences import WHATS, Difference, sentences, shown

STATUSES: Final = ("passed", "failed", "broken")
MOST: Final = 40
"""Lines told of one case; the JSON has them all."""


def lines(result: Result) -> Iterator[str]:
    """What is wrong with a case, for a terminal; nothing when it passed."""
    if result.status == "passed":
        return
    yield f"{result.status:<7} {shown(result.case.name)}"
    said = result.sentences
    yield from (f"        {shown(line, 400)}" for line in said[:MOST])
    if len(said) > MOST:
        yield f"        and {len(said) - MOST} more"


def summary(results: Sequence[Result], seconds: float) -> str:
    """How many passed, in one line."""
    counts = counted(results)
    told = ", ".join(f"{name} {counts[name]}" for name in STATUSES if counts[name] or name != "broken")
    return f"{told} of {len(results)} in {seconds:.1f} s"


def told(results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """The results as JSON."""
    return {
        "summary": {**counted(results), "cases": len(results), "seconds": round(seconds, 3)},
        "cases": [_case(one) for one in results],
    }


def counted(results: Sequence[Result]) -> dict[str, int]:
    """How many cases have each status."""
    counts = Counter[str](one.status for one in results)
    return {name: counts[name] for name in STATUSES}


def _case(one: Result) -> dict[str, Any]:
    head = one.case.head
    return {
        "name": one.case.name,
        "status": one.status,
        "tags": list(head.tags) if head else [],
        "seconds": round(one.seconds, 4),
        "faults": list(one.faults),
        "differences": [_difference(each) for each in one.differences],
    }


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "type": one.type,
        "about": one.about,
        "what": WHATS[one.what],
        "words": sentences(one),
        "elements": [
            {"path": fact.path, "expected": list(fact.expected), "emitted": list(fact.emitted)}
            for fact in one.facts
        ],
    }
