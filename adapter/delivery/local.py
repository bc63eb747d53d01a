"""Sinks that need no network: memory, folder, stream."""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import TextIO

from adapter.errors import TargetRefused, TargetUnavailable
from adapter.model import Receipt, Resource

_NAME = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Collected:
    """A sink that keeps Bundles in memory, for tests and dry runs."""

    def __init__(self) -> None:
        self.bundles: list[Resource] = []

    def send(self, bundle: Resource) -> Receipt:
        """The Bundle is kept."""
        self.bundles.append(bundle)
        return Receipt(sink="collected", status="stored")


class Folder:
    """A folder with one file for each Bundle, named by Bundle.id; the folder is made when it is missing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, bundle: Resource) -> Receipt:
        """The Bundle is on disk, whole or not at all; the same Bundle again leaves its file untouched."""
        name = str(bundle.get("id", ""))
        if not _NAME.fullmatch(name) or name.strip(".") == "":
            raise TargetRefused("A Bundle without an id cannot be named", path="Bundle.id")
        target = self._path / f"{name}.json"
        written = json.dumps(bundle, ensure_ascii=False, indent=2) + "\n"
        try:
            same = target.exists() and target.read_bytes() == written.encode()
            if not same:
                _replace(target, written)
        except OSError as error:
            raise TargetUnavailable(
                f"The folder cannot be written: {os.strerror(error.errno or 0)}"
            ) from error
        return Receipt(sink="folder", status="unchanged" if same else "stored", location=str(target))


class Stream:
    """A text stream with one line for each Bundle (NDJSON)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, bundle: Resource) -> Receipt:
        """The Bundle is a line of the stream."""
        try:
            self._stream.write(json.dumps(bundle, ensure_ascii=False, separators=(",", ":")) + "\n")
            self._stream.flush()
        except OSError as error:
            raise TargetUnavailable(f"The stream is closed: {os.strerror(error.errno or 0)}") from error
        return Receipt(sink="stdout", status="sent")


def _replace(target: Path, written: str) -> None:
    """The file with these words, through a temporary one beside it that is synced and renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as part:
            part.write(written)
            part.flush()
            os.fsync(part.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
