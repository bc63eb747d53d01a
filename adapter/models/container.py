"""The GGUF file as a container: its fields and the places of its tensors, read lazily, and written streaming.

Fields are kept as the bytes they are in the file, so that copying one into another file changes nothing.
Every complaint names the file and the place. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import mmap
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from adapter.errors import ModelError

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
VERSIONS = (2, 3)
DEEPEST = 8  # arrays inside arrays
MOST_DIMENSIONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One metadata field as it lies in the file: its type number and the bytes of its value."""

    key: str
    kind: int
    raw: bytes

    @property
    def value(self) -> Any:
        """The value: a number, a truth, a text or a list of these."""
        return _Cursor(self.raw, self.key).value(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One tensor: its name, its shape with the longest stride first, its type and where its bytes begin."""

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    start: int = 0  # in the file

    @property
    def size(self) -> int:
        """The bytes it takes."""
        block, width = GGML_QUANT_SIZES[self.kind]
        return prod(self.shape) // block * width


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a GGUF file holds, without its tensors' bytes."""

    fields: Mapping[str, Field]
    tensors: tuple[Place, ...]
    alignment: int

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a field, or the default where there is none."""
        return self.fields[key].value if key in self.fields else default


def layout(path: Path) -> Layout:
    """The fields and tensors of a GGUF file, checked to lie inside it.

    Raises ModelError naming the file and the place.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _layout(data, path.name)
    except FileNotFoundError:
        raise ModelError(f"{path.name}: no such model file") from None
    except ValueError as error:  # an empty file cannot be mapped; everything else names its place
        raise ModelError(f"{path.name}: not a readable GGUF file: {error}") from error


def field(key: str, value: Any) -> Field:
    """A field of a new file: text, truth, number (64 bits if whole, else 32), or a list of texts."""
    if isinstance(value, str):
        return Field(key=key, kind=STRING, raw=_text(value))
    if isinstance(value, bool):
        return Field(key=key, kind=7, raw=struct.pack("<?", value))
    if isinstance(value, int):
        return Field(key=key, kind=10, raw=struct.pack("<Q", value))
    if isinstance(value, float):
        return Field(key=key, kind=6, raw=struct.pack("<f", value))
    items = b"".join(_text(item) for item in value)
    return Field(key=key, kind=ARRAY, raw=struct.pack("<IQ", STRING, len(value)) + items)


def write(path: Path, fields: Iterable[Field], tensors: Sequence[Place], data: Iterable[bytes]) -> None:
    """Writes a GGUF file at once or not at all: header first, then the tensors' bytes as they come.

    `data` gives the bytes of the tensors in order, in pieces of any size; padding is put between them.
    Raises ModelError when they are not as many as the tensors say.
    """
    listed = list(fields)
    alignment = next((int(one.value) for one in listed if one.key == "general.alignment"), 32)
    with replacing(path) as file:
        file.write(_head(listed, tensors, alignment))
        file.write(b"\0" * (-file.tell() % alignment))
        pieces = iter(data)
        for tensor in tensors:
            _fill(file, tensor, pieces, path)
            file.write(b"\0" * (-file.tell() % alignment))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when all went well, and is gone when not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _fill(file: BinaryIO, tensor: Place, pieces: Iterator[bytes], path: Path) -> None:
    missing = tensor.size
    while missing > 0:
        piece = next(pieces, None)
        if piece is None:
            raise ModelError(f"{path.name}: tensor {tensor.name} has too few bytes")
        file.write(piece)
        missing -= memoryview(piece).nbytes
    if missing:
        raise ModelError(f"{path.name}: tensor {tensor.name} has too many bytes")


def _head(fields: Sequence[Field], tensors: Sequence[Place], alignment: int) -> bytes:
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(fields))]
    for one in fields:
        parts += [_text(one.key), struct.pack("<I", one.kind), one.raw]
    offset = 0
    for tensor in tensors:
        turned = tensor.shape[::-1]
        parts += [_text(tensor.name), struct.pack(f"<I{len(turned)}Q", len(turned), *turned)]
        parts.append(struct.pack("<IQ", int(tensor.kind), offset))
        offset += -(-tensor.size // alignment) * alignment
    return b"".join(parts)


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


class _Cursor:
    """Reads on through bytes; `where` says what is being read, for complaints."""

    def __init__(self, data: Any, where: str) -> None:
        self.data, self.at, self.where = data, 0, where

    def next(self, form: str) -> Any:
        try:
            (value,) = struct.unpack_from("<" + form, self.data, self.at)
        except struct.error:
            raise ValueError(f"cut off in {self.where}, at byte {self.at}") from None
        self.at += struct.calcsize("<" + form)
        return value

    def bytes(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise ValueError(f"cut off in {self.where}, at byte {self.at}")
        self.at += count
        return bytes(self.data[self.at - count : self.at])

    def text(self) -> str:
        at = self.at
        try:
            return self.bytes(self.next("Q")).decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{self.where}, at byte {at}, is not UTF-8") from None

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind == STRING:
            return self.text()
        if kind in SCALARS:
            return self.next(SCALARS[kind])
        inner, count = self._array(kind, depth)
        if inner in SCALARS:
            raw = self.bytes(count * struct.calcsize("<" + SCALARS[inner]))
            return list(struct.unpack(f"<{count}{SCALARS[inner]}", raw))
        return [self.value(inner, depth + 1) for _ in range(count)]

    def skip(self, kind: int, depth: int = 0) -> None:
        """Goes past a value without making it."""
        if kind == STRING:
            self.bytes_past(self.next("Q"))
        elif kind in SCALARS:
            self.bytes_past(struct.calcsize("<" + SCALARS[kind]))
        else:
            inner, count = self._array(kind, depth)
            if inner in SCALARS:
                self.bytes_past(count * struct.calcsize("<" + SCALARS[inner]))
            else:
                for _ in range(count):
                    self.skip(inner, depth + 1)

    def bytes_past(self, count: int) -> None:
        if count > len(self.data) - self.at:
            raise ValueError(f"cut off in {self.where}, at byte {self.at}")
        self.at += count

    def _array(self, kind: int, depth: int) -> tuple[int, int]:
        if kind != ARRAY or depth > DEEPEST:
            raise ValueError(f"{self.where} has a type that is not known ({kind})")
        return self.next("I"), self.next("Q")


def _layout(data: mmap.mmap, name: str) -> Layout:
    cursor = _Cursor(data, "the header")
    if cursor.bytes(4) != b"GGUF":
        raise ModelError(f"{name}: not a GGUF file")
    version = cursor.next("I")
    if version not in VERSIONS:
        raise ModelError(f"{name}: GGUF version {version} is not read; 2 and 3 are")
    count, fields = cursor.next("Q"), cursor.next("Q")
    known = dict(_field(cursor, number) for number in range(fields))
    found = [_place(cursor, number) for number in range(count)]
    alignment = int(known["general.alignment"].value) if "general.alignment" in known else 32
    if alignment < 1 or alignment & (alignment - 1):
        raise ValueError("general.alignment is not a power of two")
    begin = -(-cursor.at // alignment) * alignment
    return Layout(fields=known, tensors=tuple(_inside(found, begin, len(data))), alignment=alignment)


def _field(cursor: _Cursor, number: int) -> tuple[str, Field]:
    cursor.where = f"metadata field {number + 1}"
    key = cursor.text()
    cursor.where = f"metadata field {key}"
    kind = cursor.next("I")
    start = cursor.at
    cursor.skip(kind)
    return key, Field(key=key, kind=kind, raw=bytes(cursor.data[start : cursor.at]))


def _place(cursor: _Cursor, number: int) -> Place:
    cursor.where = f"entry {number + 1} of the tensor table"
    name, count = cursor.text(), cursor.next("I")
    if count > MOST_DIMENSIONS:
        raise ValueError(f"{cursor.where} has {count} dimensions")
    shape = tuple(cursor.next("Q") for _ in range(count))[::-1]
    number, start = cursor.next("I"), cursor.next("Q")
    try:
        kind = GGMLQuantizationType(number)
    except ValueError:
        raise ValueError(f"tensor {name} has a type that is not known ({number})") from None
    if prod(shape) % GGML_QUANT_SIZES[kind][0]:
        raise ValueError(f"tensor {name} does not fill the blocks of its type")
    return Place(name=name, shape=shape, kind=kind, start=start)


def _inside(found: Iterable[Place], begin: int, end: int) -> Iterator[Place]:
    names: set[str] = set()
    for one in found:
        start = begin + one.start
        if one.name in names:
            raise ValueError(f"tensor {one.name} is there twice")
        names.add(one.name)
        if start + one.size > end:
            raise ValueError(
                f"cut off in tensor {one.name}: it ends at byte {start + one.size:,}, the file at {end:,}"
            )
        yield Place(name=one.name, shape=one.shape, kind=one.kind, start=start)
