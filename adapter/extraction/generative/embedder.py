"""Notes -> directions that lie near each other when the notes are about much the same, kept in one file.

The sentence encoder is that of the terminology's dense search. It reads 128 word pieces at a time, so a note
is read in windows and its direction is the mean of theirs.
"""

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adapter.errors import SettingsError
from terminology.dense_index import quantised
from terminology.embedder import Embedder, GgufEmbedder

WORD = re.compile(  # a letter of a script without spaces, a word, or a mark
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff]|\w+|[^\w\s]"
)
WINDOW = 96  # word pieces in a window, as guessed from its letters
WINDOWS = 32  # of a note; of a longer note as many are read, spread evenly
FORMAT = 1

__all__ = ["Embedder", "GgufEmbedder", "directions", "keep", "kept", "key", "open_embedder"]


def open_embedder(path: Path, threads: int = 1) -> GgufEmbedder:
    """A sentence encoder in a GGUF file. Raises TerminologyError when it cannot be opened."""
    return GgufEmbedder(path, workers=threads)


def directions(texts: Sequence[str], embedder: Embedder) -> NDArray[np.int8]:
    """One row for each text, its largest number 127 or -127; all zeros for a text without words.

    Texts are embedded one by one: what stands beside a window in a call changes its row a little.
    """
    if not texts:
        return np.empty((0, 0), np.int8)
    means = [_mean(_windows(text), embedder) for text in texts]
    return quantised(np.array(means, np.float32), len(texts))


def _mean(windows: Sequence[tuple[str, int]], embedder: Embedder) -> NDArray[np.float64]:
    rows = embedder([window for window, _ in windows]).astype(np.float64)
    weights = np.array([size for _, size in windows], np.float64)
    return np.asarray((rows * weights[:, None]).sum(axis=0))


def key(text: str) -> bytes:
    """What tells one text from another: its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def kept(path: Path, model: str) -> dict[bytes, NDArray[np.int8]]:
    """The directions in a file, by the keys of their texts; none if it is damaged or of another model."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if file["about"].tolist() != [str(FORMAT), model]:
                return {}
            keys, rows = file["keys"], file["rows"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}  # a copy of what the model says anyway: it is made again
    if rows.dtype != np.int8 or rows.ndim != 2 or keys.shape != (len(rows), 32) or keys.dtype != np.uint8:
        return {}
    return {one.tobytes(): row for one, row in zip(keys, rows, strict=True)}


def keep(path: Path, model: str, keys: Sequence[bytes], rows: NDArray[np.int8]) -> None:
    """Writes the file whole or not at all; only its owner may read it, for directions tell of their texts.

    Raises SettingsError when it cannot be written.
    """
    try:
        _written(path, model, keys, rows)
    except OSError as error:
        raise SettingsError(f"{path.name}: the index of examples cannot be written") from error


def _written(path: Path, model: str, keys: Sequence[bytes], rows: NDArray[np.int8]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            listed = np.array([list(one) for one in keys], np.uint8).reshape(len(keys), 32)
            np.savez(file, about=np.array([str(FORMAT), model]), keys=listed, rows=rows)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _windows(text: str) -> list[tuple[str, int]]:
    """Stretches of whole words, each with its size in word pieces."""
    found: list[tuple[str, int]] = []
    start, end, size = 0, 0, 0
    for match in WORD.finditer(text):
        word = match.group()
        cost = 1 + len(word) // 4 if word.isascii() else len(word)
        if size and size + cost > WINDOW:
            found.append((text[start:end], size))
            size = 0
        start = start if size else match.start()
        end, size = match.end(), size + cost
    if size:
        found.append((text[start:end], size))
    if len(found) > WINDOWS:
        found = [found[index * len(found) // WINDOWS] for index in range(WINDOWS)]
    return found
