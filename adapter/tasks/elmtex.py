"""The flat form of ELMTEX: one object, fifteen strings, facts joined by "; ", "N/A" where there is none.

Lossless: what would be taken for a joint or for "N/A" is written with a backslash before it, and so is a
backslash that would be taken for such a one. Facts with none of these, nearly all, stand as they are.
ELMTEX: Guluzade et al. 2025, https://arxiv.org/abs/2502.05638
"""

import re
from collections.abc import Mapping
from typing import Any

from adapter.errors import InputError
from adapter.tasks.task import Task

LISTS = (
    "life_style",
    "family_history",
    "social_history",
    "medical_surgical_history",
    "signs_symptoms",
    "comorbidities",
    "diagnostic_techniques_procedures",
    "diagnosis",
    "laboratory_values",
    "pathology",
    "pharmacological_therapy",
    "interventional_therapy",
    "patient_outcome_assessment",
)
SINGLES = ("age", "gender")
KEYS = (*LISTS, *SINGLES)
NOTHING = "N/A"
JOINT = "; "

_BACKSLASH = re.compile(r"\\(?=[\\;N]|\Z)")
_JOINT = re.compile(r";(?= |\Z)")
_TOKEN = re.compile(r"\\[\\;N]|; |.", re.DOTALL)


def fits(task: Task) -> bool:
    """Whether a task has the fifteen keys, so that its answers have the flat form."""
    return set(task.schema.get("properties", ())) == set(KEYS)


def write(answer: Mapping[str, Any]) -> dict[str, str]:
    """The flat form of an answer to `elmtex-15`. Facts without any letter are left out."""
    flat = {key: _joined(answer.get(key) or ()) for key in LISTS}
    return flat | {key: _joined([answer[key]] if answer.get(key) else ()) for key in SINGLES}


def read(flat: object) -> dict[str, Any]:
    """The answer to `elmtex-15` that a flat form tells.

    Raises InputError naming the key that is missing or no string.
    """
    if not isinstance(flat, Mapping):
        raise InputError("an ELMTEX summary is an object")
    for key in KEYS:
        if not isinstance(flat.get(key), str):
            raise InputError(f"{key}: missing, or no string")
    if unknown := flat.keys() - set(KEYS):
        raise InputError(f"{len(unknown)} keys that ELMTEX does not name")
    lists: dict[str, Any] = {key: _facts(flat[key]) for key in LISTS}
    return lists | {key: _single(flat[key]) for key in SINGLES}


def _joined(facts: Any) -> str:
    return JOINT.join(_escaped(fact) for fact in facts if fact.strip()) or NOTHING


def _escaped(fact: str) -> str:
    plain = _JOINT.sub(r"\;", _BACKSLASH.sub(r"\\\\", fact))
    return "\\" + plain if plain == NOTHING else plain


def _facts(text: str) -> list[str]:
    facts: list[list[str]] = [[]]
    for token in () if text == NOTHING else _TOKEN.findall(text):
        if token == JOINT:
            facts.append([])
        else:
            facts[-1].append(_plain(token))
    return [fact for fact in map("".join, facts) if fact.strip()]


def _single(text: str) -> str | None:
    if text == NOTHING or not text.strip():
        return None
    return "".join(map(_plain, _TOKEN.findall(text)))


def _plain(token: str) -> str:
    return token[1] if token in ("\\\\", "\\;", "\\N") else token
