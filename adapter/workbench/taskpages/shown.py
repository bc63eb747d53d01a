"""A draft -> what the page shows of it: its files, what a model is asked by it, what is wrong, by field."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.errors import EngineError
from adapter.tasks.drafting import Draft, Written, Wrong, written
from adapter.tasks.sample import Asked
from adapter.workbench.bench import Bench
from adapter.workbench.drawing import system
from mappings import MappingError

LABELS: Mapping[str, str] = {
    "max_tokens": "tokens of one answer",
    "shots": "examples shown",
    "bound": "coded as",
    "within": "codes from",
    "of": "the choices are",
    "most": "at most",
    "least": "at least",
    "maximum": "at most",
    "minimum": "at least",
    "length": "characters at most",
}
UNMENDED = "As soon as what is wrong is mended."


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that is wrong, and where."""

    place: str  # id of what it is about, in the page
    where: str  # the same in words
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A draft as the page shows it beside the form."""

    draft: Draft
    written: Written
    wrong: tuple[Told, ...]
    at: Mapping[str, tuple[Told, ...]]  # by the place it is at
    schema: str
    asked: Asked | None  # None where the draft cannot be read, or no model is there to ask
    grounded: str
    unasked: str  # why not


def shown(draft: Draft, bench: Bench) -> Shown:
    """All that is shown of a draft."""
    found = written(draft)
    asked, unasked = _asked(found, bench)
    wrong = tuple(_told(draft, one) for one in found.wrong)
    at: dict[str, tuple[Told, ...]] = {}
    for one in wrong:
        at[one.place] = (*at.get(one.place, ()), one)
    return Shown(
        draft=draft,
        written=found,
        wrong=wrong,
        at=at,
        schema=found.files["answer.schema.json"],
        asked=asked,
        grounded=json.dumps(asked.schema, ensure_ascii=False, indent=2) if asked else "",
        unasked=unasked,
    )


def bindable(bench: Bench) -> Sequence[tuple[str, str]]:
    """The kinds that words can be coded as, with the code systems of each."""
    if bench.pipeline is None:
        return ()
    systems = bench.pipeline.coder.rules.systems
    return [
        (kind, f"{kind.replace('_', ' ')}: {', '.join(map(system, uris))}") for kind, uris in systems.items()
    ]


def _asked(found: Written, bench: Bench) -> tuple[Asked | None, str]:
    if bench.sampler is None:
        return None, "This process has no language model."
    if found.task is None:
        return None, UNMENDED
    try:
        return bench.sampler.asked(found.task), ""
    except MappingError:  # an example that cannot be shown to a model
        return None, UNMENDED
    except EngineError as error:
        return None, str(error)


def _told(draft: Draft, wrong: Wrong) -> Told:
    key = LABELS.get(wrong.key, wrong.key.replace("_", " "))
    if wrong.field.startswith("shown."):
        number = int(wrong.field.removeprefix("shown."))
        return Told(place=f"s{number}", where=_joined(f"example {number + 1}", key), message=wrong.message)
    if not wrong.field:
        return Told(place="head", where=key, message=wrong.message)
    path = tuple(map(int, wrong.field.split(".")))
    return Told(place=f"f{wrong.field}", where=_joined(draft.named(path), key), message=wrong.message)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
