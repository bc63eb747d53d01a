"""Findings as JSON and back, for those who judge them later."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from adapter.model import Assertion, Attribute, Choice, Coding, Cue, Finding, ModelInfo, Resource, Span, When


def told(one: Finding) -> Resource:
    """A finding as JSON, without what says nothing."""
    found = _lean(asdict(one))
    assert isinstance(found, dict)
    return found


def read(form: Mapping[str, Any]) -> Finding:
    """The finding of a JSON that `told` gave."""
    return Finding(
        **{name: form[name] for name in ("start", "end", "text", "kind", "confidence")},
        sources=tuple(form.get("sources", ())),
        section=form.get("section", "unknown"),
        assertion=_assertion(form.get("assertion", {})),
        attributes=tuple(_attribute(one) for one in form.get("attributes", ())),
        codings=tuple(_coding(one) for one in form.get("codings", ())),
        alternatives=tuple(_coding(one) for one in form.get("alternatives", ())),
        choice=_choice(form["choice"]) if "choice" in form else None,
        claims=tuple(form.get("claims", ())),
    )


def _assertion(form: Mapping[str, Any]) -> Assertion:
    return Assertion(**{**form, "cues": tuple(Cue(**one) for one in form.get("cues", ()))})


def _attribute(form: Mapping[str, Any]) -> Attribute:
    when = When(**form["when"]) if "when" in form else None
    return Attribute(**{**form, "when": when, "of": Span(**form["of"]) if "of" in form else None})


def _coding(form: Mapping[str, Any]) -> Coding:
    return Coding(**form)


def _choice(form: Mapping[str, Any]) -> Choice:
    return Choice(**{**form, "by": ModelInfo(**form["by"])})


def _lean(value: Any) -> Any:
    """The same without None, false and empty lists, all of which are defaults."""
    if isinstance(value, Mapping):
        lean = {name: _lean(one) for name, one in value.items()}
        return {name: one for name, one in lean.items() if one not in (None, (), [], {}) and one is not False}
    if isinstance(value, list | tuple):
        return [_lean(one) for one in value]
    return value
