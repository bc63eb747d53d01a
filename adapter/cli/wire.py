"""JSON of the command line: what is read from a line, and how findings are written."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from adapter.categories import Categories
from adapter.errors import InputError
from adapter.model import Attribute, Coding, Finding, Issue, Mention, Step
from adapter.pipeline import Told
from adapter.tasks import Fact, elmtex

_SURROGATE = re.compile("[\ud800-\udfff]")


def parse(data: bytes) -> Any:
    """The JSON value of a line.

    Raises InputError that says where it breaks, and never what it says.
    """
    try:
        return json.loads(data.decode("utf-8-sig").rstrip())
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        raise InputError(f"not JSON: {what} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InputError("JSON nested too deeply") from None


def dump(value: Any) -> str:
    """A JSON line; lone surrogates, which UTF-8 cannot hold, are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if _SURROGATE.search(text):
        return json.dumps(value, separators=(",", ":"))
    return text


def identifier(one: Mention) -> dict[str, Any]:
    """Where an identifier stands, as the `identifiers` command writes it: its words stay in the note."""
    return {"start": one.start, "end": one.end, "kind": one.kind, "confidence": one.confidence}


def finding(one: Finding, categories: Categories) -> dict[str, Any]:
    """A finding as the `extract` command writes it."""
    said = one.assertion
    return {
        "start": one.start,
        "end": one.end,
        "text": one.text,
        "kind": one.kind,
        "category": categories.of(one),
        "section": one.section,
        "assertion": {
            "negated": said.negated,
            "uncertain": said.uncertain,
            "hypothetical": said.hypothetical,
            "historical": said.historical,
            "experiencer": said.experiencer,
            **{name: True for name in ("ruled_out", "planned", "stopped", "allergen") if getattr(said, name)},
            **({"relative": said.relative} if said.relative else {}),
            "cues": [
                {"axis": cue.axis, "rule": cue.rule, "start": cue.start, "end": cue.end} for cue in said.cues
            ],
        },
        "confidence": one.confidence,
        "sources": list(one.sources),
        "attributes": _attributes(one.attributes),
        "codings": [coding(each) for each in one.codings],
        "alternatives": [coding(each) for each in one.alternatives],
    }


def coding(one: Coding) -> dict[str, Any]:
    """A coding with how it was reached."""
    return {
        "system": one.system,
        "code": one.code,
        "display": one.display,
        "score": one.score,
        "match": one.match,
    }


def issue(one: Issue) -> dict[str, Any]:
    """What was left out, and why; `severity` where something failed."""
    failed = one.severity if one.severity in {"error", "fatal"} else None
    place = {"start": one.start, "end": one.end, "kind": one.kind}
    fields = {**place, "reason": one.reason, "path": one.path, "severity": failed}
    return {name: value for name, value in fields.items() if value is not None}


def _attributes(all_of_them: tuple[Attribute, ...]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in all_of_them:
        place = {"start": one.start, "end": one.end, "text": one.text}
        found.setdefault(one.kind, []).append(place | _when(one) | _side(one))
    return found


def _when(one: Attribute) -> dict[str, Any]:
    """What a date says, where it is read."""
    if one.when is None:
        return {}
    fields = {"role": one.when.role, "date": one.when.date, "age": one.when.age}
    return {name: value for name, value in fields.items() if value is not None}


def _side(one: Attribute) -> dict[str, Any]:
    """Which side it is, and the body site it is said of."""
    site = {"of": {"start": one.of.start, "end": one.of.end}} if one.of is not None else {}
    return {"side": one.side, **site} if one.side is not None else {}


def _flat(told: Told) -> dict[str, Any]:
    """The flat form of ELMTEX, where the task is ELMTEX's."""
    value = told.answer.value
    return {"elmtex": elmtex.write(value)} if value is not None and elmtex.fits(told.task) else {}


def _fact(fact: Fact) -> dict[str, Any]:
    """A value with its places, and its codes where the task binds it to the terminology."""
    return {
        "path": fact.path,
        "value": fact.value,
        "spans": [{"start": span.start, "end": span.end} for span in fact.spans],
        **({} if fact.confidence is None else {"confidence": round(fact.confidence, 4)}),
        **({} if fact.codings is None else {"codings": [coding(one) for one in fact.codings]}),
    }


def answers(steps: Sequence[Step[object]]) -> dict[str, Any]:
    """What a language model was asked and answered, with the places of its facts; nothing without one."""
    told = next((step for step in steps if isinstance(step, Told)), None)
    if told is None:
        return {}
    return {
        "task": told.task.name,
        "answer": told.answer.value,
        **_flat(told),
        "facts": [_fact(fact) for fact in told.answer.facts],
        "attempts": [asdict(attempt) for attempt in told.answer.attempts],
    }
