"""The child process: one attachment on standard input, its text as JSON on standard output.

The first line of the input is JSON with the reader's name and the limits; all that follows is the attachment.
"""

import base64
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

from adapter.notes.formats.reading import Limits, Reading, Refused, broken, too_costly
from adapter.notes.formats.signatures import CDA, PDF, RTF

with contextlib.suppress(ImportError):  # there is none on Windows
    import resource


def main() -> None:
    """Answers one request and returns."""
    request = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**request["limits"])
    reader = reader_of(request["format"])
    content = sys.stdin.buffer.read()
    confine(limits)
    sys.stdout.write(json.dumps(answer(reader, content, limits)))


def reader_of(name: str) -> Callable[[bytes, Limits], Reading]:
    """The reader of a format; only the library it needs is loaded."""
    if name == PDF:
        from adapter.notes.formats import pdf  # noqa: PLC0415

        return pdf.read
    if name == RTF:
        from adapter.notes.formats import rtf  # noqa: PLC0415

        return rtf.read
    if name == CDA:
        from adapter.notes.formats import cda  # noqa: PLC0415

        return cda.read
    raise LookupError(name)


def confine(limits: Limits) -> None:
    """Takes from this process the memory, time and files that reading one attachment does not need."""
    if "resource" not in globals():
        return
    bounds = {
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for bound, value in bounds.items():
        with contextlib.suppress(ValueError, OSError):  # already lower, or not known to this system
            resource.setrlimit(bound, (value, value))


def answer(reader: Callable[[bytes, Limits], Reading], content: bytes, limits: Limits) -> dict[str, Any]:
    """What goes back to the parent: the reading, or the refusal."""
    try:
        return _reading(reader(content, limits))
    except Refused as refused:
        return _refusal(refused)
    except MemoryError:
        return _refusal(too_costly("memory"))
    except Exception:
        return _refusal(broken("attachment"))


def _refusal(refused: Refused) -> dict[str, Any]:
    remark = refused.remark
    return {"refused": [remark.code, remark.reason, remark.message]}


def _reading(reading: Reading) -> dict[str, Any]:
    embedded = reading.embedded
    return {
        "text": reading.text,
        "remarks": [[remark.code, remark.reason, remark.message] for remark in reading.remarks],
        "embedded": embedded and [embedded.media, base64.b64encode(embedded.content).decode()],
    }
