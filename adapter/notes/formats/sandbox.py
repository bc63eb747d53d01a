"""Reading what strangers wrote, in a child process with little memory and time, and nothing else of ours.

A file that makes a parser loop, grow or crash costs that child, never the service. What the libraries print
(they quote the file) goes nowhere. The child inherits nothing of the environment that could be a secret.
"""

import base64
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adapter.errors import EngineError
from adapter.notes.formats.reading import Embedded, Limits, Reading, Refused, Remark, broken, too_costly

ROOT = Path(__file__).parents[3]
# The rest of the stage takes longer to import than most files take to read, so the child goes round it.
START = """
import sys, types
sys.path[:] = {path!r}
stage = types.ModuleType("adapter.notes")
stage.__path__ = [{stage!r}]
sys.modules["adapter.notes"] = stage
from adapter.notes.formats.worker import main
main()
"""
SPENT = frozenset({getattr(signal, "SIGXCPU", None), getattr(signal, "SIGKILL", None)})
KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")  # what Python itself may need to start


def read(name: str, content: bytes, limits: Limits) -> Reading:
    """The text of an attachment in the format of that name: "pdf", "rtf" or "cda".

    Raises Refused for what the file itself forbids, and EngineError, worth a retry, when no child can run.
    """
    request = json.dumps({"format": name, "limits": asdict(limits)}).encode() + b"\n"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-c", _program()],
            input=request + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limits.wall_seconds,
            env={name: os.environ[name] for name in KEPT if name in os.environ},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise too_costly("time") from error
    except OSError as error:
        raise EngineError("the reader of attachments cannot be started") from error
    if done.returncode:
        raise _failed(done.returncode)
    return _reading(json.loads(done.stdout))


def _program() -> str:
    path = list(dict.fromkeys([str(ROOT), *map(str, sys.path)]))
    return START.format(path=[entry for entry in path if entry], stage=str(ROOT / "adapter" / "notes"))


def _failed(code: int) -> Exception:
    if code > 0:
        return EngineError("the reader of attachments cannot be started")
    return too_costly("time or memory") if -code in SPENT else broken("attachment")


def _reading(answer: dict[str, Any]) -> Reading:
    if "refused" in answer:
        raise Refused(*answer["refused"])
    remarks = (
        Remark(code=code, reason=reason, message=message) for code, reason, message in answer["remarks"]
    )
    embedded = answer["embedded"]
    return Reading(
        text=answer["text"],
        remarks=tuple(remarks),
        embedded=Embedded(media=embedded[0], content=base64.b64decode(embedded[1])) if embedded else None,
    )
