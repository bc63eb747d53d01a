"""A folder of evaluation reports -> the files in it; whoever writes there is trusted with nothing more."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from adapter.errors import InputError, UnknownResource

MOST: Final = 500  # files that are listed, the newest
LARGEST: Final = 64 * 1024 * 1024  # bytes of a report
KINDS: Final[dict[str, Literal["report", "figures"]]] = {
    ".html": "report",
    ".htm": "report",
    ".json": "figures",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A file of the folder."""

    name: str
    kind: Literal["report", "figures"]  # a page for people, or what was measured, as JSON
    bytes: int
    changed: datetime


def listed(folder: Path) -> tuple[Report, ...]:
    """The reports in a folder, not in those below it, newest first. InputError where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(_reports(entries), key=lambda one: (one.changed, one.name), reverse=True)
    except OSError:
        raise InputError("The folder of reports cannot be read.") from None
    return tuple(found[:MOST])


def read(folder: Path, name: str) -> bytes:
    """The bytes of one that is listed. UnknownResource for any other name, InputError for one too large."""
    if name not in {one.name for one in listed(folder)}:
        raise UnknownResource("There is no such report.")
    try:
        with open(os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        raise UnknownResource("There is no such report.") from None
    if len(content) > LARGEST:
        raise InputError("This report is larger than is shown.")
    return content


def _reports(entries: Iterator[os.DirEntry[str]]) -> Iterator[Report]:
    """Plain files with a plain name: no links, nothing hidden, nothing that cannot be written in a page."""
    for entry in entries:
        kind = KINDS.get(os.path.splitext(entry.name)[1].lower())
        if kind is None or entry.name.startswith(".") or not entry.name.isprintable():
            continue
        if entry.is_file(follow_symlinks=False):
            about = entry.stat(follow_symlinks=False)
            yield Report(
                name=entry.name,
                kind=kind,
                bytes=about.st_size,
                changed=datetime.fromtimestamp(about.st_mtime, UTC),
            )
