"""What every evaluation ends with: figures as JSON, and an exit code for what falls short."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.cli import streams
from adapter.errors import InputError
from adapter.evaluation import comparison, scores
from adapter.evaluation.comparison import Compared
from adapter.evaluation.record import Document
from adapter.evaluation.scores import Score

UNDER = 5  # exit code: a figure is under what was asked, over what may be, or worse than that of another run


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What figures must be."""

    least: Mapping[str, float]
    most: Mapping[str, float]


def gate(least: Sequence[str] | None, most: Sequence[str] | None, default: str) -> Gate:
    """The least and the most each figure may be, of FIGURE=VALUE; VALUE is the least of the default figure.

    Raises InputError.
    """
    return Gate(
        least=dict(_bound(one, "--least", default) for one in least or ()),
        most=dict(_bound(one, "--most", None) for one in most or ()),
    )


def _bound(told: str, option: str, default: str | None) -> tuple[str, float]:
    name, _, value = told.rpartition("=")
    try:
        figure, bound = name or default, float(value)
    except ValueError:
        figure, bound = None, math.nan
    if figure is None or not math.isfinite(bound):
        raise InputError(f"{option}: not FIGURE=VALUE{' or a number' if default else ''}", path=option)
    return figure, bound


def names(rename: Sequence[str] | None) -> dict[str, str]:
    """Kinds by the names that are taken for them, of KIND=KIND.

    Raises InputError.
    """
    pairs = [one.partition("=") for one in rename or ()]
    if not all(old and new for old, _, new in pairs):
        raise InputError("--rename: not KIND=KIND", path="--rename")
    return {old: new for old, _, new in pairs}


def there(asked: Iterable[str], runs: Iterable[Iterable[Document]], option: str) -> None:
    """Raises InputError for a kind that neither gold nor a run has: a slip would measure nothing."""
    has = {each.kind for documents in runs for one in documents for each in one.annotations}
    if missing := sorted(set(asked) - has):
        raise InputError(f"{option}: no mention of kind {', '.join(missing)} in gold or run", path=option)


def tell(
    told: Mapping[str, Any],
    figures: Mapping[str, Score],
    bounds: Gate,
    compared: Sequence[Compared] | None,
    output: str,
) -> int:
    """Writes what was measured, says what falls short, and gives the exit code; `compared`: None is left out.

    Raises InputError for a figure that was asked for and is not measured.
    """
    under, over = scores.under(figures, bounds.least), scores.over(figures, bounds.most)
    others = {one.name: comparison.as_json(one) for one in compared or ()}
    whole = {**told, "under": under, "over": over} | ({} if compared is None else {"compared": others})
    with streams.target(output) as out:
        out.write(json.dumps(whole, indent=2) + "\n")
    for name in under:
        streams.say(f"notewright: {name} is under what was asked")
    for name in over:
        streams.say(f"notewright: {name} is over what may be")
    worse = [one.name for one in compared or () if one.worse]
    for name in worse:
        streams.say(f"notewright: {name} is worse than that of the run compared with")
    return UNDER if under or over or worse else 0
