"""What every evaluation ends with: figures as JSON, and an exit code for what falls short."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapter.cli import streams
from adapter.errors import InputError
from adapter.evaluation import comparison, scores
from adapter.evaluation.comparison import Compared
from adapter.evaluation.scores import Score

UNDER = 5  # exit code: a figure is under what was asked, or worse than that of another run


def wanted(least: Sequence[str] | None, default: str) -> dict[str, float]:
    """The least each figure may be, of FIGURE=VALUE, or VALUE for the default figure.

    Raises InputError.
    """
    found = {}
    for one in least or ():
        name, _, value = one.rpartition("=")
        try:
            found[name or default] = float(value)
        except ValueError:
            raise InputError("--least: not FIGURE=VALUE or a number", path="--least") from None
    return found


def names(rename: Sequence[str] | None) -> dict[str, str]:
    """Kinds by the names that are taken for them, of KIND=KIND.

    Raises InputError.
    """
    pairs = [one.partition("=") for one in rename or ()]
    if not all(old and new for old, _, new in pairs):
        raise InputError("--rename: not KIND=KIND", path="--rename")
    return {old: new for old, _, new in pairs}


def tell(
    told: Mapping[str, Any],
    figures: Mapping[str, Score],
    least: Mapping[str, float],
    compared: Sequence[Compared] | None,
    output: str,
) -> int:
    """Writes what was measured, says what falls short, and gives the exit code; `compared`: None is left out.

    Raises InputError for a figure that was asked for and is not measured.
    """
    under = scores.under(figures, least)
    others = {one.name: comparison.as_json(one) for one in compared or ()}
    whole = {**told, "under": under} | ({} if compared is None else {"compared": others})
    with streams.target(output) as out:
        out.write(json.dumps(whole, indent=2) + "\n")
    for name in under:
        streams.say(f"notewright: {name} is under what was asked")
    worse = [one.name for one in compared or () if one.worse]
    for name in worse:
        streams.say(f"notewright: {name} is worse than that of the run compared with")
    return UNDER if under or worse else 0
