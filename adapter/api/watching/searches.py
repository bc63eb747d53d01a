"""A search -> what may be kept of it: known names, and values that say nothing of a patient."""

import re
from typing import Final
from urllib.parse import parse_qsl

_PARAMETERS: Final = frozenset(
    {
        "_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_text", "_content", "_filter",
        "_count", "_sort", "_format", "_pretty", "_summary", "_elements", "_total", "_include", "_revinclude",
        "_since", "_type", "identifier", "patient", "subject", "date", "status", "type", "category", "author",
        "custodian", "encounter", "period", "relatesto", "setting", "facility", "event", "format", "code",
        "url", "criteria", "topic", "target", "recorded", "agent", "entity", "action", "outcome",
    }
)  # fmt: skip
_MODIFIERS: Final = frozenset(
    {"exact", "contains", "missing", "not", "identifier", "text", "of-type", "Patient"}
)
_HARMLESS: Final = {
    "_count": re.compile(r"[0-9]{1,6}"),
    "_summary": re.compile(r"true|false|text|data|count"),
    "_total": re.compile(r"none|estimate|accurate"),
    "_pretty": re.compile(r"true|false"),
    "_format": re.compile(r"json|xml|application/fhir\+(?:json|xml)"),
    "status": re.compile(r"current|superseded|entered-in-error|requested|active|error|off"),
}
"""Values that are a choice of the client's program and say nothing of a patient."""


def kept(query: str) -> list[str]:
    """The parameters of a query, those that may say something of a patient masked."""
    return [_parameter(name, value) for name, value in parse_qsl(query, keep_blank_values=True)]


def _parameter(name: str, value: str) -> str:
    base, _, modifier = name.partition(":")
    if base not in _PARAMETERS or (modifier and modifier not in _MODIFIERS):
        return "other=***"
    shown = base in _HARMLESS and not modifier and _HARMLESS[base].fullmatch(value)
    return f"{name}={value if shown else '***'}"
