"""What a GGUF file says of itself: metadata, and its unquantized tensors.

A reader of our own, because a start of the program needs three fields and two small tensors and the general
reader takes a second over the vocabulary. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapter.errors import ModelError

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_FLOATS: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
_MOST = 10_000_000  # entries an array may claim; more is a broken file


@dataclass(frozen=True, slots=True, kw_only=True)
class Gguf:
    """Metadata by key, and the F32 and F16 tensors that were asked for, as float32."""

    fields: dict[str, Any]
    tensors: dict[str, NDArray[np.float32]]


def read(path: Path, tensor_prefix: str) -> Gguf:
    """The metadata of a GGUF file and those of its tensors whose name has this prefix.

    Raises ModelError, naming the file, when it is missing or not GGUF version 2 or 3.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).whole(tensor_prefix)
    except FileNotFoundError:
        raise ModelError(f"{path.name}: no such model file") from None
    except (struct.error, ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        raise ModelError(f"{path.name}: not a readable GGUF file") from error


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 0

    def whole(self, tensor_prefix: str) -> Gguf:
        magic, version = self._data[:4], self._scalar_at(4, "I")
        if magic != b"GGUF" or version not in (2, 3):
            raise ValueError("not GGUF")
        self._at = 8
        tensor_count, field_count = self._next("Q"), self._next("Q")
        fields = {self._string(): self._value(self._next("I")) for _ in range(field_count)}
        places = [self._place() for _ in range(tensor_count)]
        alignment = int(fields.get("general.alignment", 32))
        base = -(-self._at // alignment) * alignment
        tensors = {
            name: self._tensor(base + offset, shape, kind)
            for name, shape, kind, offset in places
            if name.startswith(tensor_prefix)
        }
        return Gguf(fields=fields, tensors=tensors)

    def _scalar_at(self, at: int, form: str) -> Any:
        return struct.unpack_from("<" + form, self._data, at)[0]

    def _next(self, form: str) -> Any:
        value = self._scalar_at(self._at, form)
        self._at += struct.calcsize("<" + form)
        return value

    def _string(self) -> str:
        length = self._next("Q")
        raw = self._data[self._at : self._at + length]
        if len(raw) != length:
            raise ValueError("cut off")
        self._at += length
        return raw.decode("utf-8")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._next(_SCALARS[kind])
        inner, count = self._next("I"), self._next("Q")
        if count > _MOST:
            raise ValueError("array too long")
        return [self._value(inner) for _ in range(count)]

    def _place(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._string()
        shape = tuple(self._next("Q") for _ in range(self._next("I")))
        return name, shape[::-1], self._next("I"), self._next("Q")

    def _tensor(self, at: int, shape: tuple[int, ...], kind: int) -> NDArray[np.float32]:
        dtype = _FLOATS[kind]
        raw = self._data[at : at + int(np.prod(shape)) * dtype.itemsize]
        return np.frombuffer(raw, dtype).reshape(shape).astype(np.float32)
