"""Models that are merged: their tensors, a few rows at a time, and what they are for."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from adapter.errors import ModelError
from adapter.models import blocks, safetensors_file
from adapter.models.blocks import Floats
from adapter.models.card import digest, whole
from adapter.models.container import Layout, Place, layout

MAGIC = b"GGUF"
ROWS = 1 << 18  # numbers read at once; a piece of a big tensor, most small ones whole
CONFIG, TOKENIZER = "config.json", "tokenizer.json"
FREE = frozenset({"tokenizer.chat_template"})  # may differ: how a model is spoken to, not what it is
UNTOLD = frozenset({"_name_or_path", "transformers_version", "torch_dtype", "dtype", "use_cache"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What models must have in common to be merged, by the name of the thing."""

    facts: Mapping[str, Any]
    form: str  # "GGUF" or "safetensors"


class Parent:
    """One open model. Tensors are read when they are asked for; not for use by two threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layout: Layout | None = None
        self._stack = ExitStack()
        self._files: dict[str, BinaryIO] = {}
        self.places: dict[str, Place] = {}
        try:
            self._open(path)
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path) -> None:
        if gguf(path):
            self.layout = layout(path)
            whole(path, self.layout)
            self._take(path, self.layout.tensors)
        else:
            for shard in safetensors_file.shards(path):
                self._take(shard.path, shard.tensors)

    def _take(self, path: Path, places: Sequence[Place]) -> None:
        file = self._stack.enter_context(path.open("rb"))
        for place in places:
            if place.name in self.places:
                raise ModelError(f"{path.name}: tensor {place.name} is there twice")
            self.places[place.name] = place
            self._files[place.name] = file

    @property
    def name(self) -> str:
        """What it is called."""
        named = self.layout.get("general.name") if self.layout else None
        return str(named or (self.path.name if self.path.is_dir() else self.path.stem))

    def digest(self) -> str:
        """The SHA-256 of the file; of a folder, that of its files' digests in order of their names."""
        if not self.path.is_dir():
            return digest(self.path)
        files = [shard.path for shard in safetensors_file.shards(self.path)]
        return hashlib.sha256("".join(digest(one) for one in files).encode()).hexdigest()

    def facts(self) -> Facts:
        """What makes it the kind of model it is."""
        if self.layout is None:
            return Facts(facts=_configured(self.path), form="safetensors")
        architecture = self.layout.get("general.architecture")
        told = {
            key: (one.kind, one.raw)
            for key, one in self.layout.fields.items()
            if key not in FREE and key.startswith((f"{architecture}.", "tokenizer."))
        }
        return Facts(facts={"general.architecture": architecture, **told}, form="GGUF")

    def raw(self, name: str) -> bytes:
        """The bytes of a tensor as they are."""
        return self._read(name, 0, self.places[name].size)

    def _read(self, name: str, start: int, end: int) -> bytes:
        """Bytes of a tensor. Read, not mapped: pages of a mapped file would count as memory of ours."""
        file = self._files[name]
        file.seek(self.places[name].start + start)
        data = file.read(end - start)
        if len(data) != end - start:
            raise ModelError(f"{self.path.name}: tensor {name} was cut off while it was read")
        return data

    def rows(self, name: str, start: int, end: int) -> Floats:
        """Rows `start` to `end` of a tensor as float32; a vector is one row."""
        place = self.places[name]
        width = columns(place)
        size = place.size // max(1, height(place))
        data = self._read(name, start * size, end * size)
        try:
            return blocks.floats(data, place.kind, width)
        except ModelError as error:
            raise ModelError(f"{self.path.name}: tensor {name}: {error}") from None

    def close(self) -> None:
        """Closes the files."""
        self._stack.close()


def gguf(path: Path) -> bool:
    """Whether a file begins like a GGUF file.

    Raises ModelError when it is not there.
    """
    if path.is_dir():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC or path.suffix == ".gguf"
    except FileNotFoundError:
        raise ModelError(f"{path.name}: no such model file") from None


def columns(place: Place) -> int:
    """The numbers in a row."""
    return place.shape[-1] if place.shape else 1


def height(place: Place) -> int:
    """The number of rows, all dimensions but the last taken together."""
    return prod(place.shape) // max(1, columns(place))


def pieces(place: Place) -> Iterator[tuple[int, int]]:
    """The ranges of rows in which a tensor is read and written."""
    step = max(1, ROWS // max(1, columns(place)))
    for start in range(0, height(place), step):
        yield start, min(start + step, height(place))


def check(base: Parent, other: Parent) -> None:
    """Raises ModelError naming the first thing in which two models differ, so that they cannot be merged."""
    one, two = base.facts(), other.facts()
    pair = f"{base.path.name} and {other.path.name}"
    if one.form != two.form:
        raise ModelError(f"{pair}: one is {one.form}, the other {two.form}")
    for key in (*one.facts, *two.facts):
        if one.facts.get(key) != two.facts.get(key):
            raise ModelError(f"{pair} are not homologous: {key} differs")
    for name in (*base.places, *other.places):
        if name not in base.places or name not in other.places:
            raise ModelError(f"{pair} are not homologous: tensor {name} is in only one of them")
        here, there = base.places[name].shape, other.places[name].shape
        if here != there:
            raise ModelError(f"{pair} are not homologous: tensor {name} is {here} and {there}")


def _configured(path: Path) -> dict[str, Any]:
    """The facts beside a safetensors model: its configuration and tokenizer, where they lie there."""
    folder = path if path.is_dir() else path.parent
    facts: dict[str, Any] = {}
    if (folder / CONFIG).is_file():
        try:
            told = json.loads((folder / CONFIG).read_text("utf-8"))
        except ValueError:
            raise ModelError(f"{folder.name}: {CONFIG} is not JSON") from None
        facts |= {f"{CONFIG} {key}": value for key, value in told.items() if key not in UNTOLD}
    if (folder / TOKENIZER).is_file():
        facts[TOKENIZER] = digest(folder / TOKENIZER)
    return facts
