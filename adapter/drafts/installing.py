"""A draft put into the directory of a site's own mappings: whole files, one version after another.

A line that is open keeps what it took when it was opened; the next one takes what is there then.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapter import whole
from adapter.drafts.drawer import Draft
from adapter.drafts.packing import was
from adapter.errors import InputError, PreconditionFailed
from mappings import SHIPPED, Files

RECORD: Final = ".versions.ndjson"
LOCK: Final = ".installing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A version of a site's mappings."""

    version: int
    digest: str  # of all mapping files, those that ship too: what Provenance will record
    files: tuple[str, ...]  # that it changed
    by: str
    at: str


class Installer:
    """Puts drafts into a site's directory of mappings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def files(self) -> Files:
        """The mapping files as the next line takes them."""
        return SHIPPED.over(self._folder)

    def versions(self) -> tuple[Installed, ...]:
        """Those that were installed, the first first."""
        path = self._folder / RECORD
        rows = path.read_bytes().splitlines() if path.is_file() else []
        return tuple(Installed(**{**row, "files": tuple(row["files"])}) for row in map(json.loads, rows))

    def install(
        self, draft: Draft, base: Files, by: str, heard: Callable[[Installed], None] = lambda _: None
    ) -> Installed:
        """Writes the files of a draft that was made of `base`, all of them or none.

        `heard` is told before anything is written; what it raises keeps it from being written. Raises
        InputError for a draft that is not sound, PreconditionFailed where the site's files are not what the
        draft was made of.
        """
        with _alone(self._folder):
            now = self.files
            changed = [name for name in draft.texts if was(name, now) != was(name, base)]
            if changed:
                raise PreconditionFailed(f"The site's {changed[0]} is not the one this draft was made of.")
            faults = [fault for found in draft.faults(now).values() for fault in found]
            if faults or not draft.texts:
                raise InputError(f"Not installed: {faults[0] if faults else 'the draft changes nothing'}")
            done = self._told(draft, by)
            heard(done)
            self._write(draft.texts, done)
        return done

    def _told(self, draft: Draft, by: str) -> Installed:
        return Installed(
            version=len(self.versions()) + 1,
            digest=draft.over(self.files).digest(),
            files=tuple(sorted(draft.texts)),
            by=by,
            at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        )

    def _write(self, texts: Mapping[str, str], done: Installed) -> None:
        """The files, then the record of them; what cannot be written leaves all as it was."""
        before = {name: self._bytes(name) for name in (*texts, RECORD)}
        record = (before[RECORD] or b"") + json.dumps(asdict(done), ensure_ascii=False).encode() + b"\n"
        try:
            for name, data in {
                **{name: text.encode() for name, text in texts.items()},
                RECORD: record,
            }.items():
                (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
                whole.write(self._folder / name, data)
        except OSError:
            for name, old in before.items():
                if old is None:
                    (self._folder / name).unlink(missing_ok=True)
                else:
                    whole.write(self._folder / name, old)
            raise

    def _bytes(self, name: str) -> bytes | None:
        path = self._folder / name
        return path.read_bytes() if path.is_file() else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else installs meanwhile, in any process. PreconditionFailed when somebody does."""
    path = folder / LOCK
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise PreconditionFailed(f"Somebody installs just now; if not, take away {LOCK}.") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
