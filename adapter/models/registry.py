"""Adds model files to the user's folder, lists and removes them."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adapter.errors import InputError, ModelError
from adapter.models import shelf
from adapter.models.card import Card, card
from adapter.models.container import replacing

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PIECE = 1 << 20


def add(
    path: Path, *, name: str | None = None, licence: str | None = None, link: bool = False, source: str = ""
) -> tuple[str, bool]:
    """The name under which a GGUF file can now be used, and whether it is new: one digest is one model.

    `link`: the file stays where it is. `source` says where it came from.
    Raises ModelError when the file is no whole model, InputError when the name cannot be had.
    """
    found = card(path, licence=licence)
    for other, told in shelf.cards():
        if told.get("sha256") == found.sha256 and (shelf.folder() / f"{other}.gguf").is_file():
            return other, False
    chosen = _chosen(path.stem if name is None else name, given=name is not None)
    target = shelf.folder() / f"{chosen}.gguf"
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        _link(path, target)
    else:
        _copy(path, target, found.sha256)
    _tell(chosen, found, source or path.name)
    return chosen, True


def remove(name: str) -> None:
    """Takes an added model away; a linked file itself stays.

    Raises ModelError when there is none of that name.
    """
    written = shelf.folder() / f"{name}.json"
    if not _NAME.fullmatch(name) or not written.is_file():
        raise ModelError(f"{name}: no model of that name was added")
    written.unlink()
    with suppress(FileNotFoundError):
        (shelf.folder() / f"{name}.gguf").unlink()


def shown(path: Path, *, default: bool) -> dict[str, Any]:
    """The row of a list for a file that was not added, such as the shipped ones."""
    return {"file": path.name, "default": default, "added": False, **asdict(card(path))}


def added() -> list[dict[str, Any]]:
    """The rows of a list for the added models, `missing` where the file of a link is gone."""
    rows = []
    for name, told in shelf.cards():
        path = shelf.folder() / f"{name}.gguf"
        row = {"file": path.name, "default": False, "added": True, **told, "alias": name}
        rows.append(row if path.is_file() else {**row, "missing": True})
    return rows


def _chosen(name: str, *, given: bool) -> str:
    """A name that is free; one that was not asked for is made fit and numbered."""
    if not given:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:90] or "model"
    elif not _NAME.fullmatch(name):
        raise InputError("must be letters, digits, dot, dash and underscore, at most 100", path="--name")
    taken = {other.casefold() for other, _ in shelf.cards()}
    if name.casefold() not in taken:
        return name
    if given:
        raise InputError(f"{name}: another model has that name", path="--name")
    return next(new for n in range(2, len(taken) + 3) if (new := f"{name}-{n}").casefold() not in taken)


def _copy(path: Path, target: Path, sha: str) -> None:
    """Copies what was read; a file that changes meanwhile is refused."""
    seen = hashlib.sha256()
    with path.open("rb") as source, replacing(target) as file:
        while piece := source.read(_PIECE):
            seen.update(piece)
            file.write(piece)
        if seen.hexdigest() != sha:
            raise ModelError(f"{path.name}: changed while it was read")


def _link(path: Path, target: Path) -> None:
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=".link-"))
    try:
        os.symlink(path.resolve(), folder / target.name)
        os.replace(folder / target.name, target)
    finally:
        shutil.rmtree(folder)


def _tell(name: str, found: Card, source: str) -> None:
    with replacing(shelf.folder() / f"{name}.json") as file:
        told = {**asdict(found), "source": source}
        file.write(json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n")
