"""What a browser sent -> the fields and the files of its form.

https://url.spec.whatwg.org/#application/x-www-form-urlencoded and, where files can be chosen,
https://www.rfc-editor.org/rfc/rfc7578
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from adapter.errors import InputError

FIELDS: Final = 2_000  # of a form
HEAD: Final = 4_096  # bytes before the content of a part


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was chosen in a form."""

    name: str  # as the browser tells it; never used as a path
    type: str  # media type, as the browser guesses it; "" where it does not
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What was filled in."""

    fields: Sequence[tuple[str, str]] = ()  # in their order
    files: Mapping[str, Upload] = field(default_factory=dict)  # by the name of their field


def sent(request: Request, body: bytes) -> Form:
    """The form of a request, from its body or, of what holds no note, from the address.

    Raises InputError for what no browser makes of a form.
    """
    if request.method == "GET":
        told = request.query_params.multi_items()
        return Form(fields=[(name, value) for name, value in told if name != "text"])
    declared = request.headers.get("content-type", "")
    kind = declared.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _parted(declared, body)
    if kind != "application/x-www-form-urlencoded":
        raise InputError("the form is not of a type that is read")
    try:
        return Form(fields=parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        raise InputError("the form cannot be read") from None


def _parted(declared: str, body: bytes) -> Form:
    boundary = _headers(f"Content-Type: {declared}").get_boundary()
    if not boundary:
        raise InputError("the form cannot be read")
    fields: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    for head, content in _parts(b"--" + boundary.encode("utf-8", "replace"), body):
        name, file = _said(head, "name"), _said(head, "filename")
        if name is None:
            raise InputError("the form cannot be read")
        if file is None:
            fields.append((name, content.decode("utf-8", "replace")))
        elif file or content:  # else nothing was chosen
            type = head.get_content_type() if "content-type" in head else ""
            files[name] = Upload(name=file, type=type, content=content)
    return Form(fields=fields, files=files)


def _parts(mark: bytes, body: bytes) -> Iterator[tuple[Message, bytes]]:
    """Header and content of each part; what stands before the first mark and after the last is nothing."""
    pieces = (b"\r\n" + body).split(b"\r\n" + mark, FIELDS + 1)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise InputError("the form was not sent whole, or has too many fields")
    for piece in pieces[1:-1]:
        head, between, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not between or len(head) > HEAD:
            raise InputError("the form cannot be read")
        yield _headers(head.decode("utf-8", "replace")), content


def _said(head: Message, name: str) -> str | None:
    """A parameter of Content-Disposition, as browsers write it: three characters are percent-encoded."""
    found = head.get_param(name, header="content-disposition")
    if not isinstance(found, str):
        return None
    return found.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _headers(text: str) -> Message:
    return HeaderParser().parsestr(text)
