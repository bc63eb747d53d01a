"""A task's folder -> a Task: `task.toml`, `answer.schema.json` (or `.yaml`), and `examples.jsonl` if any.

Nothing in it is executed. What is wrong is told with file and key, never with the words of an example.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from adapter.tasks import schema
from adapter.tasks.checking import example_faults, faults
from adapter.tasks.node import Node
from adapter.tasks.task import Binding, Detail, Evidence, Example, Strategy, Task, View
from mappings import MappingError, Table

TASK = "task.toml"
SCHEMAS = ("answer.schema.json", "answer.schema.yaml")
EXAMPLES = "examples.jsonl"
FILES = (TASK, *SCHEMAS, EXAMPLES)

_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
_Tag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a task's folder."""

    file: str  # name of the file in the folder, with the line for lines of examples
    key: str  # dotted key, or JSON pointer; "" is the whole file
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.message}" if self.key else f"{self.file}: {self.message}"


class DetailRow(Table):
    """`[[views.details]]`: a property of an item that says more of it."""

    key: str
    kind: str


class ViewRow(Table):
    """`[[views]]`: how an array of the answer becomes mentions."""

    path: str
    kind: str
    quote: str = "quote"
    status: str = ""
    claims: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    details: tuple[DetailRow, ...] = ()


class BindingRow(Table):
    """A line of `[bindings]`: a kind, or a table with the kind and a value set."""

    kind: str
    within: str = ""

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        if not isinstance(value, str | dict):
            raise ValueError("a kind, or a table of kind and within")
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("within")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return " ".join(value.split())


class TaskFile(Table):
    """`task.toml`."""

    name: _Name
    version: _Words
    title: _Words
    instruction: _Words
    rules: tuple[_Words, ...] = ()
    strategy: Strategy = "naive"
    evidence: Evidence = "quote"
    languages: tuple[_Tag, ...] = ()
    shots: int = Field(default=0, ge=0, le=100)
    max_tokens: int = Field(default=1024, ge=1, le=65536)
    views: tuple[ViewRow, ...] = ()
    bindings: dict[str, BindingRow] = Field(default_factory=dict)


class ExampleRow(Table):
    """A line of `examples.jsonl`."""

    text: str
    answer: dict[str, Any]
    evidence: dict[str, str] = Field(default_factory=dict)


def read(folder: Path) -> Task:
    """The task of a folder.

    Raises MappingError naming the folder, the file and the key of the first thing that is wrong.
    """
    task, wrong = examine(folder)
    if task is None or wrong:
        raise MappingError(f"{folder.name}/{wrong[0]}")
    return task


def examine(folder: Path) -> tuple[Task | None, tuple[Fault, ...]]:
    """The task of a folder, as far as it can be read, and everything that is wrong with it."""
    return examined(_contents(folder))


def examined(contents: Mapping[str, bytes]) -> tuple[Task | None, tuple[Fault, ...]]:
    """The same of the files of a folder that need not be written: their bytes by name."""
    row, wrong = _task_file(contents)
    node, more = _schema(contents)
    wrong += more
    if row is None or node is None or wrong:
        return None, tuple(wrong)
    task = _task(row, node, digest_of(contents))
    wrong += [Fault(file=TASK, key=key, message=message) for key, message in faults(task, node)]
    examples = tuple(_examples(contents.get(EXAMPLES, b""), task, node, wrong))
    task = _task(row, node, task.digest, examples)
    if task.strategy != "retrieved" and task.shots > len(examples):
        wrong.append(Fault(file=TASK, key="shots", message=f"there are {len(examples)} examples"))
    return task, tuple(wrong)


def digest(folder: Path) -> str:
    """SHA-256 over the files of a task."""
    return digest_of(_contents(folder))


def digest_of(contents: Mapping[str, bytes]) -> str:
    """SHA-256 over the bytes of the files of a task, by name."""
    whole = hashlib.sha256()
    for name in FILES:
        if name in contents:
            whole.update(name.encode() + b"\0" + contents[name] + b"\0")
    return whole.hexdigest()


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}


def _task(row: TaskFile, node: Node, digest: str, examples: tuple[Example, ...] = ()) -> Task:
    views = tuple(
        View(
            path=view.path,
            kind=view.kind,
            quote=view.quote,
            status=view.status,
            claims=view.claims,
            details=tuple(Detail(key=detail.key, kind=detail.kind) for detail in view.details),
        )
        for view in row.views
    )
    bindings = {path: Binding(kind=one.kind, within=one.within) for path, one in row.bindings.items()}
    plain = {name: getattr(row, name) for name in TaskFile.model_fields if name not in ("views", "bindings")}
    return Task(
        **plain,
        schema=schema.write(node),
        examples=examples,
        views=views,
        bindings=bindings,
        digest=digest,
    )


def _task_file(contents: Mapping[str, bytes]) -> tuple[TaskFile | None, list[Fault]]:
    try:
        return _validated(TaskFile, tomllib.loads(_text(contents, TASK)), TASK)
    except tomllib.TOMLDecodeError as error:
        return None, [Fault(file=TASK, key="", message=f"not TOML: {error}")]
    except MappingError as error:
        return None, [Fault(file=TASK, key="", message=str(error))]


def _schema(contents: Mapping[str, bytes]) -> tuple[Node | None, list[Fault]]:
    there = [name for name in SCHEMAS if name in contents]
    if len(there) != 1:
        message = "missing" if not there else f"beside {SCHEMAS[1]}; only one of them may be there"
        return None, [Fault(file=SCHEMAS[0], key="", message=message)]
    try:
        text = _text(contents, there[0])
        document = _json(text) if there[0].endswith(".json") else _yaml(text)
    except MappingError as error:
        return None, [Fault(file=there[0], key="", message=str(error))]
    node, problems = schema.read(document)
    return node, [Fault(file=there[0], key=one.pointer, message=one.message) for one in problems]


def _examples(content: bytes, task: Task, node: Node, wrong: list[Fault]) -> Iterator[Example]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{EXAMPLES} line {number}"
        try:
            row, problems = _validated(ExampleRow, _json(line.decode("utf-8")), place)
        except UnicodeDecodeError:
            row, problems = None, [Fault(file=place, key="", message="not UTF-8")]
        except MappingError as error:
            row, problems = None, [Fault(file=place, key="", message=str(error))]
        wrong += problems
        if row is not None:
            example = Example(text=row.text, answer=row.answer, evidence=row.evidence)
            wrong += [
                Fault(file=place, key=key, message=said) for key, said in example_faults(task, node, example)
            ]
            yield example


def _validated(model: type[Any], data: Any, file: str) -> tuple[Any, list[Fault]]:
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        return None, [
            Fault(file=file, key=".".join(str(part) for part in one["loc"]), message=one["msg"])
            for one in problems
        ]


def _text(contents: Mapping[str, bytes], name: str) -> str:
    if name not in contents:
        raise MappingError("missing")
    try:
        return contents[name].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError(f"not UTF-8 at byte {error.start}") from None


def _json(text: str) -> Any:
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except UnicodeEncodeError:
        raise MappingError("not JSON: half a surrogate pair is no character") from None
    except json.JSONDecodeError as error:
        raise MappingError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise MappingError("JSON nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(whole := dict(pairs)) < len(pairs):
        raise MappingError("not JSON: a key stands twice in one object")
    return whole


def _no_number(_name: str) -> None:
    raise MappingError("not JSON: NaN and Infinity are no numbers")


def _yaml(text: str) -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError:
        raise MappingError("PyYAML is not installed; write the schema as JSON") from None
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise MappingError(f"not YAML{f' at line {mark.line + 1}' if mark else ''}") from None
    except RecursionError:
        raise MappingError("YAML nested too deeply") from None
    return document
