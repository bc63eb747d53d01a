"""Numbers in the forms that files keep them in: float32 to bytes and back, whole rows at a time."""

from typing import Any

import numpy as np
from gguf import quants
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from numpy.typing import NDArray

from adapter.errors import ModelError

Kind = GGMLQuantizationType
Floats = NDArray[np.float32]

_PLAIN: dict[Kind, np.dtype[Any]] = {
    Kind.F32: np.dtype("<f4"),
    Kind.F16: np.dtype("<f2"),
    Kind.F64: np.dtype("<f8"),
}
WRITTEN = (Kind.F32, Kind.F16, Kind.BF16, Kind.Q8_0)
WHOLE = frozenset({Kind.I8, Kind.I16, Kind.I32, Kind.I64})  # no weights: never merged


def floats(raw: Any, kind: Kind, columns: int) -> Floats:
    """Rows of so many columns, from the bytes of whole rows; a copy.

    Raises ModelError when the type holds no weights or cannot be read.
    """
    data = np.frombuffer(raw, np.uint8)
    if kind in _PLAIN:
        return data.view(_PLAIN[kind]).reshape(-1, columns).astype(np.float32)
    if kind == Kind.BF16:
        return (data.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(-1, columns)
    if kind in WHOLE:
        raise ModelError(f"a tensor of type {kind.name} holds no weights")
    block, width = GGML_QUANT_SIZES[kind]
    try:
        return np.asarray(quants.dequantize(data.reshape(-1, columns // block * width), kind), np.float32)
    except NotImplementedError:
        raise ModelError(f"weights of type {kind.name} cannot be read back") from None


def packed(rows: Floats, kind: Kind) -> bytes:
    """The bytes of rows in a type of `WRITTEN`."""
    if kind in _PLAIN:
        return rows.astype(_PLAIN[kind]).tobytes()
    return quants.quantize(np.ascontiguousarray(rows), kind).tobytes()


def fits(columns: int, kind: Kind) -> bool:
    """Whether rows of so many columns are whole blocks of a type."""
    return columns % GGML_QUANT_SIZES[kind][0] == 0
