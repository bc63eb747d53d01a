"""The files of a task -> a folder among a site's own, or one zip file to take along."""

import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from adapter.errors import InputError, SettingsError
from adapter.tasks import folder, library

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_THEN = (1980, 1, 1, 0, 0, 0)  # of every file in a zip: the same task, the same bytes


def save(files: Mapping[str, str], name: str, directory: Path, known: str | None = None) -> Path:
    """The folder the task is now in, whole or not at all.

    `known` is the digest of the task of that name it takes the place of; None: there must be none.
    Raises InputError when the name is none, is a built-in task's, or stands for something else by now.
    """
    if not _NAME.fullmatch(name):
        raise InputError("lower case letters, digits and hyphens, at most 64", path="name")
    if (library.BUILT_IN / name).exists():
        raise InputError("a built-in task has this name; give it another one", path="name")
    if not directory.is_dir():
        raise SettingsError("tasks: not a directory")
    target = directory / name
    there = folder.digest(target) if target.exists() else None
    if there != known:
        raise InputError(
            "a task of this name is there already; give it another one"
            if known is None
            else "the task was changed or taken away since it was opened here; open it again",
            path="name",
        )
    try:
        _replaced(files, target)
    except OSError as error:
        raise SettingsError(f"tasks: the folder cannot be written: {error.strerror}") from None
    return target


def pack(files: Mapping[str, str], name: str) -> bytes:
    """A zip file with the folder of the task in it."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as packed:
        for file, text in files.items():
            packed.writestr(zipfile.ZipInfo(f"{name}/{file}", _THEN), text.encode(), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def _replaced(files: Mapping[str, str], target: Path) -> None:
    """Writes beside the target and puts that in its place; what was there stays until then.

    Files in it that are none of a task's stay in it.
    """
    workplace = Path(tempfile.mkdtemp(prefix=".saving-", dir=target.parent))
    try:
        fresh, old = workplace / "new", workplace / "old"
        if target.exists():
            shutil.copytree(target, fresh, symlinks=True, ignore=shutil.ignore_patterns(*folder.FILES))
        else:
            fresh.mkdir()
        for name, text in files.items():
            with (fresh / name).open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(fresh, target)
        except OSError:
            if old.exists():
                os.rename(old, target)
            raise
    finally:
        shutil.rmtree(workplace, ignore_errors=True)
