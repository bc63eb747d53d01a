"""A folder <-> a case: `case.toml`, the document (`note.txt` or `document.json`) and `expected.json`.

With `recording.jsonl` the mentions are those recorded, whatever engine there is: such a case tests rules and
codes, not the model. Nothing is executed, no link is followed; what is wrong is told with file and key.
"""

import base64
import json
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic import Field as Bounded

from adapter.errors import InputError
from adapter.fhir.wire.json_reader import read_json
from adapter.fhir.wire.json_writer import write_json
from adapter.model import Resource

CASE: Final = "case.toml"
NOTE: Final = "note.txt"
DOCUMENT: Final = "document.json"
EXPECTED: Final = "expected.json"
RECORDING: Final = "recording.jsonl"
FILES: Final = (CASE, NOTE, DOCUMENT, EXPECTED, RECORDING)
LIMITS: Final = {CASE: 64 * 1024, NOTE: 8 * 1024 * 1024}
LARGEST: Final = 32 * 1024 * 1024  # bytes of another file
PART: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
PATIENT: Final = {"reference": "Patient/case"}  # what is emitted needs somebody it is about
LINK: Final = "is a link; a case holds its files itself"

_Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
_Language = Annotated[str, StringConstraints(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{1,8})*)?$")]
_Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Head(BaseModel):
    """`case.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: _Why  # what the case shows, for who finds it failing
    tags: tuple[_Tag, ...] = Bounded(default=(), max_length=20)
    fhir: Literal["r4", "r5"] = "r4"
    language: _Language = ""  # that note.txt is in; "": it is detected


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a case."""

    file: str  # of the folder; "" is the folder
    key: str  # path of the element; "" is the whole file
    message: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.file, self.key, self.message)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it is listed; document and expectation are read when they are asked for."""

    name: str  # the folder, from the tree down
    folder: Path
    head: Head | None = None  # None: it cannot be read
    files: tuple[str, ...] = ()  # those of a case that it has
    stamp: tuple[tuple[str, int, int], ...] = ()  # changes when a file does
    faults: tuple[Fault, ...] = ()

    @property
    def recording(self) -> Path | None:
        """The recorded mentions, where it has some."""
        return self.folder / RECORDING if RECORDING in self.files else None

    def text(self) -> str | None:
        """The note, where the document is a plain text. Raises InputError naming the file."""
        return _text(self.folder / NOTE) if NOTE in self.files else None

    def document(self) -> Resource:
        """What is posted. Raises InputError naming file and element."""
        text = self.text()
        if text is None:
            return _json(self.folder / DOCUMENT)
        return posted(text, self.head.language if self.head else "")

    def expected(self) -> Resource | None:
        """The Bundle that it must give, None where that is not told yet. Raises InputError as above."""
        if EXPECTED not in self.files:
            return None
        return bundled(_json(self.folder / EXPECTED))


def read(folder: Path, name: str) -> Case:
    """The case of a folder, with all that is wrong with its files' names, kinds and `case.toml`."""
    there = {one.name: one for one in os.scandir(folder) if one.name in FILES}
    faults = [*_name_faults(name), *_file_faults(there)]
    head, more = _head(folder) if CASE in there and not there[CASE].is_symlink() else (None, [])
    return Case(
        name=name,
        folder=folder,
        head=head,
        files=tuple(file for file in FILES if file in there),
        stamp=tuple(sorted(_stamps(there.values()))),
        faults=(*faults, *more),
    )


def name_fault(name: str) -> str:
    """Why a name is none of a case; "" when it is one."""
    if PART.fullmatch(name):
        return ""
    return "a name has 1 to 64 lower-case letters, digits, - and _, with a letter or digit first and last"


def posted(text: str, language: str) -> Resource:
    """The DocumentReference that carries a plain text."""
    attachment = {
        "contentType": "text/plain; charset=utf-8",
        "data": base64.b64encode(text.encode()).decode(),
        **({"language": language} if language else {}),
    }
    document = {"resourceType": "DocumentReference", "status": "current", "subject": dict(PATIENT)}
    return document | {"content": [{"attachment": attachment}]}


def bundled(value: Resource) -> Resource:
    """The same, when it is a Bundle of resources. InputError naming the element when it is not."""
    if value["resourceType"] != "Bundle":
        raise InputError(f"{EXPECTED}: resourceType: is not Bundle")
    entries = value.get("entry", [])
    if not isinstance(entries, list):
        raise InputError(f"{EXPECTED}: entry: is not a list")
    for at, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise InputError(f"{EXPECTED}: entry[{at}].resource: is not a resource")
    return value


def head(values: dict[str, Any]) -> tuple[Head | None, list[Fault]]:
    """What `case.toml` says, or all that is wrong with it."""
    try:
        return Head.model_validate(values), []
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        return None, [
            Fault(file=CASE, key=".".join(map(str, one["loc"])), message=one["msg"]) for one in problems
        ]


def written(head: Head) -> bytes:
    """`case.toml` of what it says."""
    tags = ", ".join(map(_quoted, head.tags))
    lines = [f"why = {_quoted(head.why)}", f"tags = [{tags}]", f"fhir = {_quoted(head.fhir)}"]
    lines += [f"language = {_quoted(head.language)}"] if head.language else []
    return "".join(f"{line}\n" for line in lines).encode()


def expectation(bundle: Resource) -> bytes:
    """`expected.json` of a Bundle."""
    return write_json(bundle, pretty=True) + b"\n"


def normal(bundle: Resource) -> Resource:
    """A Bundle as it is when it was written and read again."""
    return read_json(write_json(bundle))


def _quoted(text: str) -> str:
    """A TOML string: a JSON string, but for the one control character that JSON lets stand."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _head(folder: Path) -> tuple[Head | None, list[Fault]]:
    try:
        values = tomllib.loads(_text(folder / CASE))
    except tomllib.TOMLDecodeError as error:
        return None, [Fault(file=CASE, key="", message=f"not TOML: {error}")]
    except RecursionError:
        return None, [Fault(file=CASE, key="", message="nested too deeply")]
    except InputError as error:
        return None, [Fault(file="", key="", message=str(error))]
    return head(values)


def _name_faults(name: str) -> Iterator[Fault]:
    if any(name_fault(part) for part in name.split("/")):
        yield Fault(file="", key="name", message=name_fault(""))


def _file_faults(there: dict[str, os.DirEntry[str]]) -> Iterator[Fault]:
    for name, one in sorted(there.items()):
        if one.is_symlink():
            yield Fault(file=name, key="", message=LINK)
        elif not one.is_file():
            yield Fault(file=name, key="", message="is not a file")
        elif one.stat().st_size > _most(name):
            yield Fault(file=name, key="", message=f"larger than {_most(name)} bytes")
    if CASE not in there:
        yield Fault(file=CASE, key="", message="missing")
    documents = [name for name in (NOTE, DOCUMENT) if name in there]
    if len(documents) != 1:
        message = f"beside {NOTE}; a case has one document" if documents else f"missing, and {NOTE} too"
        yield Fault(file=DOCUMENT, key="", message=message)


def _most(name: str) -> int:
    return LIMITS.get(name, LARGEST)


def _stamps(there: Iterable[os.DirEntry[str]]) -> Iterator[tuple[str, int, int]]:
    for one in there:
        found = one.stat(follow_symlinks=False)
        yield one.name, found.st_mtime_ns, found.st_size


def _json(path: Path) -> Resource:
    try:
        return read_json(_bytes(path))
    except InputError as error:
        known = str(error).startswith(path.name)
        where = f"{error.path}: " if error.path and not str(error).startswith(error.path) else ""
        raise InputError(str(error) if known else f"{path.name}: {where}{error}") from None


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: not UTF-8 at byte {error.start}") from None


def _bytes(path: Path) -> bytes:
    """What is in a file that is one: no link, no device, and not larger than allowed."""
    most = _most(path.name)
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        number = os.open(path, flags)
    except OSError as error:
        said = LINK if path.is_symlink() else (error.strerror or "cannot be read").lower()
        raise InputError(f"{path.name}: {said}") from None
    with open(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise InputError(f"{path.name}: is not a file")
        data = file.read(most + 1)
    if len(data) > most:
        raise InputError(f"{path.name}: larger than {most} bytes")
    return data
