"""A draft -> the files of a task's folder, read as they would be from there, and what is wrong, by field."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.tasks import folder
from adapter.tasks.drafting import shapes
from adapter.tasks.drafting.draft import Draft, Field, Path
from adapter.tasks.drafting.shapes import Wrong
from adapter.tasks.importing.imported import toml_of
from adapter.tasks.node import step, steps
from adapter.tasks.task import Task

__all__ = ["Written", "Wrong", "written"]

NAME = "lower case letters, digits and hyphens, at most 64, beginning with a letter or digit"
EMPTY = "is empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of a draft."""

    files: Mapping[str, str]  # text by name, as in a task's folder
    task: Task | None  # as it is read from them; None where they cannot be read
    wrong: tuple[Wrong, ...]

    @property
    def sound(self) -> Task | None:
        """The task, when nothing is wrong with it."""
        return None if self.wrong else self.task


def written(draft: Draft) -> Written:
    """The files of a draft, with everything that is wrong with them."""
    wrong: list[Wrong] = []
    files = {
        folder.TASK: _toml(draft, wrong),
        folder.SCHEMAS[0]: _json(shapes.answer(draft, wrong), indent=2) + "\n",
    }
    lines, places = _examples(draft, wrong)
    if lines:
        files[folder.EXAMPLES] = "".join(f"{line}\n" for line in lines)
    task, faults = folder.examined({name: text.encode() for name, text in files.items()})
    found = Faults(draft, places)
    known = {(one.field, one.key) for one in wrong}
    wrong += [one for one in map(found.wrong, faults) if (one.field, one.key) not in known]
    return Written(files=files, task=task, wrong=tuple(dict.fromkeys(wrong)))


def listed(draft: Draft) -> list[Path]:
    """The lists whose items become findings, in the order of their views."""
    return [(number,) for number, one in enumerate(draft.fields) if one.kind == "list" and one.finding]


def bindings(draft: Draft) -> dict[str, Path]:
    """The paths of what is bound to the terminology -> its field."""
    found = {}
    for path, one in draft.walk():
        if one.kind == "text" and (one.bound or one.within.strip()):
            found[_pointer(draft, path).removeprefix("/")] = path
    return found


def _toml(draft: Draft, wrong: list[Wrong]) -> str:
    head = {
        "name": draft.name,
        "version": draft.version.strip(),
        "title": draft.title.strip(),
        "instruction": draft.instruction.strip(),
        "rules": [line.strip() for line in draft.rules.splitlines() if line.strip()],
        "strategy": draft.strategy,
        "evidence": draft.evidence,
        "languages": [tag.strip() for tag in draft.languages.split(",") if tag.strip()],
        "shots": shapes.whole(draft.shots, "", "shots", wrong) or 0,
        "max_tokens": shapes.whole(draft.max_tokens, "", "max_tokens", wrong),
    }
    text = toml_of({name: value for name, value in head.items() if value is not None})
    for path in listed(draft):
        text += f"\n[[views]]\n{_view(draft.fields[path[0]])}"
    bound = {key: _binding(one) for key, path in bindings(draft).items() if (one := draft.at(path))}
    return text + (f"\n[bindings]\n{toml_of(bound)}" if bound else "")


def _binding(one: Field) -> str | dict[str, str]:
    within = one.within.strip()
    return {"kind": one.bound, "within": within} if within else one.bound


def _view(one: Field) -> str:
    item = one.fields[0] if one.fields else Field()
    told: dict[str, Any] = {"path": one.name, "kind": one.finding}
    if item.kind != "group":
        return toml_of(told) + 'quote = ""\n'
    roles = {inner.role: inner for inner in reversed(item.fields)}
    if "words" in roles:
        told["quote"] = roles["words"].name
    if "status" in roles:
        told |= {"status": roles["status"].name, "claims": _claims(roles["status"].claims)}
    told["details"] = [
        {"key": inner.name, "kind": inner.role}
        for inner in item.fields
        if inner.role not in ("", "words", "status") and inner.kind == "text"
    ]
    return toml_of(told)


def _claims(text: str) -> dict[str, list[str]]:
    """The flags of each status: "choice: flag, flag", one a line."""
    rows = (line.rpartition(":") for line in text.splitlines() if line.strip())
    return {
        status.strip(): [flag.strip() for flag in flags.split(",") if flag.strip()]
        for status, _, flags in rows
    }


def _examples(draft: Draft, wrong: list[Wrong]) -> tuple[list[str], list[int]]:
    """The lines of the examples that are JSON, and which example each one is."""
    lines, places = [], []
    for number, one in enumerate(draft.shown):
        row: dict[str, Any] = {"text": one.text.replace("\r\n", "\n")}
        for key, text in (("answer", one.answer), ("evidence", one.evidence)):
            if key == "answer" or text.strip():
                row[key] = _object(text, number, key, wrong)
        if None not in row.values():
            lines.append(_json(row))
            places.append(number)
    return lines, places


def _object(text: str, number: int, key: str, wrong: list[Wrong]) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    wrong.append(Wrong(field=f"shown.{number}", key=key, message="no JSON object"))
    return None


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _pointer(draft: Draft, path: Path) -> str:
    names = (draft.at(path[:end]) for end in range(1, len(path) + 1))
    above = (draft.at(path[:end]) for end in range(len(path)))
    return step("", *(one.name for one, over in zip(names, above, strict=True) if one and not _held(over)))


def _held(above: Field | None) -> bool:
    return above is not None and above.kind == "list"


class Faults:
    """What is wrong with the files of a draft -> what is wrong with its fields."""

    def __init__(self, draft: Draft, examples: list[int]) -> None:
        self._draft, self._examples = draft, examples
        self._views, self._bound = listed(draft), bindings(draft)

    def wrong(self, fault: folder.Fault) -> Wrong:
        """The same fault, at the field it is of."""
        if fault.file == folder.TASK:
            field, key = self._of_task(fault.key)
        elif fault.file.startswith(folder.EXAMPLES):
            number = int(fault.file.rpartition(" ")[2]) - 1
            field, key = f"shown.{self._examples[number]}", fault.key
        else:
            path, key = self._walked(fault.key)
            field = _dotted(path)
        return Wrong(field=field, key=key, message=_plain(key, fault.message))

    def _of_task(self, key: str) -> tuple[str, str]:
        head, _, rest = key.partition(".")
        if head == "views" and rest:
            number, _, part = rest.partition(".")
            return _dotted(self._views[int(number)]), f"findings {part}".strip()
        if head == "bindings" and rest in self._bound:
            return _dotted(self._bound[rest]), "bound"
        if head == "bindings" and (path := rest.removesuffix(".within")) in self._bound:
            return _dotted(self._bound[path]), "within"
        return "", key

    def _walked(self, pointer: str) -> tuple[Path, str]:
        """The field a pointer into the schema leads to, and the rest of the pointer."""
        parts = list(steps(pointer))
        path: Path = ()
        while parts:
            above = self._draft.at(path)
            fields = above.fields if above else self._draft.fields
            if parts[0] == "properties" and len(parts) > 1:
                number = next((n for n, one in enumerate(fields) if one.name == parts[1]), None)
                if number is None:
                    break
                path, parts = (*path, number), parts[2:]
            elif parts[0] == "items" and fields:
                path, parts = (*path, 0), parts[1:]
            elif parts[0] == "anyOf":
                parts = parts[2:]
            else:
                break
        return path, "/".join(parts)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _plain(key: str, message: str) -> str:
    """What a reader of forms understands of a validator's words."""
    if key == "name":
        return NAME
    return EMPTY if "at least 1 character" in message or message == "Field required" else message
