"""Safetensors: a JSON header and plain tensors, in one file or in a folder of shards with an index.

Format: https://github.com/huggingface/safetensors#format
"""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gguf.constants import GGMLQuantizationType as Kind

from adapter.errors import ModelError
from adapter.models.container import Place, replacing

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
KINDS = {
    "F64": Kind.F64,
    "F32": Kind.F32,
    "F16": Kind.F16,
    "BF16": Kind.BF16,
    "I8": Kind.I8,
    "I16": Kind.I16,
    "I32": Kind.I32,
    "I64": Kind.I64,
}
NAMES = {kind: name for name, kind in KINDS.items()}
_LONGEST = 100_000_000  # bytes of a header, as in the reference implementation


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One file: its tensors and what it says of itself."""

    path: Path
    tensors: tuple[Place, ...]
    metadata: Mapping[str, str]


def shards(path: Path) -> list[Shard]:
    """The files of a model: the file itself, or those of a folder.

    Raises ModelError naming the file and the place.
    """
    if not path.is_dir():
        return [shard(path)]
    if (path / SINGLE).is_file():
        return [shard(path / SINGLE)]
    try:
        index = json.loads((path / INDEX).read_text("utf-8"))
        names = sorted(set(index["weight_map"].values()))
    except FileNotFoundError:
        raise ModelError(f"{path.name}: has neither {SINGLE} nor {INDEX}") from None
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ModelError(f"{INDEX}: not a readable index") from None
    if any(Path(name).name != name for name in names):
        raise ModelError(f"{INDEX}: names a file outside its folder")
    found = [shard(path / name) for name in names]
    there = {tensor.name for one in found for tensor in one.tensors}
    for name in index["weight_map"]:
        if name not in there:
            raise ModelError(f"{INDEX}: tensor {name} is in none of the files")
    return found


def shard(path: Path) -> Shard:
    """One safetensors file.

    Raises ModelError naming the file and the place.
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            raw = file.read(length) if length <= _LONGEST else b""
        if len(raw) != length:
            raise ModelError(f"{path.name}: cut off in the header")
        header = json.loads(raw)
        size = path.stat().st_size
        metadata = header.pop("__metadata__", {})
        places = tuple(_place(path, name, one, 8 + length, size) for name, one in header.items())
    except FileNotFoundError:
        raise ModelError(f"{path.name}: no such model file") from None
    except (ValueError, struct.error, KeyError, AttributeError, TypeError):
        raise ModelError(f"{path.name}: not a readable safetensors header") from None
    return Shard(path=path, tensors=places, metadata=metadata)


def write(path: Path, metadata: Mapping[str, str], tensors: Sequence[Place], data: Iterable[bytes]) -> None:
    """Writes one safetensors file at once or not at all; `data` gives the tensors' bytes in order."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    at = 0
    for one in tensors:
        header[one.name] = {
            "dtype": NAMES[one.kind],
            "shape": list(one.shape),
            "data_offsets": [at, at + one.size],
        }
        at += one.size
    raw = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    raw += b" " * (-len(raw) % 8)
    with replacing(path) as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        written = sum(file.write(piece) for piece in data)
        if written != at:
            raise ModelError(f"{path.name}: {written} bytes for tensors of {at}")


def _place(path: Path, name: str, said: Mapping[str, Any], begin: int, size: int) -> Place:
    if said["dtype"] not in KINDS:
        raise ModelError(f"{path.name}: tensor {name} has the type {said['dtype']}, which is not read")
    start, end = said["data_offsets"]
    place = Place(name=name, shape=tuple(said["shape"]), kind=KINDS[said["dtype"]], start=begin + start)
    if end - start != place.size or start < 0:
        raise ModelError(f"{path.name}: tensor {name} has another size than its shape says")
    if begin + end > size:
        raise ModelError(
            f"{path.name}: cut off in tensor {name}: it ends at byte {begin + end:,}, the file at {size:,}"
        )
    return place
