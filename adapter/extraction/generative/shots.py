"""The validated examples that are shown to a model with a note: near to the note, and not all alike.

Chosen by maximal marginal relevance (Carbonell and Goldstein 1998, https://doi.org/10.1145/290941.291025). An
example whose note is the note itself, or a near copy of it or of a part of it, is never shown: it would tell
the answer.
"""

import errno
import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapter.errors import SettingsError
from adapter.extraction.generative.alike import By, Copies, Meanings, Numbers, Space, Words
from adapter.extraction.generative.embedder import Embedder, directions, keep, kept, key
from adapter.tasks import Example

POOL = 50  # of the nearest examples, among which those to be shown are chosen
DIVERSITY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """The examples for one note, with how they were found."""

    examples: tuple[Example, ...]  # in the order they are shown: the least similar first
    similarities: tuple[float, ...]  # of each to the note: 1 the same, 0 or less nothing alike
    by: By  # "words": no embedding model was at hand
    copies: int  # examples passed over because they are copies of the note
    digest: str  # SHA-256 over all examples and the embedding model that were to choose from


@dataclass(frozen=True, slots=True)
class _State:
    examples: tuple[Example, ...]
    space: Space
    digest: str
    stamp: tuple[int, int] | None  # of the site's file when it was read


class ShotIndex:
    """Examples of a task and of a site, searched by likeness. May be asked from several threads.

    `file` holds a site's own examples, one JSON object {"text", "answer"} a line, with "evidence" for values
    that stand beside no quote; of two of the same text the later counts. It is read again when it has
    changed. `index` keeps directions of notes between runs.
    """

    def __init__(
        self,
        examples: Iterable[Example] = (),
        *,
        embedder: Embedder | None = None,
        file: Path | None = None,
        index: Path | None = None,
    ) -> None:
        self._given = tuple(examples)
        self._embedder, self._file, self._index = embedder, file, index
        self._lock = threading.Lock()
        self._state = self._read(whole=True)

    def __len__(self) -> int:
        return len(self._state.examples)

    @property
    def examples(self) -> tuple[Example, ...]:
        """All examples there are to choose from."""
        return self._fresh().examples

    def nearest(self, text: str, k: int, diversity: float = DIVERSITY) -> tuple[Example, ...]:
        """At most `k` examples for a note, the least similar first."""
        return self.choose(text, k, diversity).examples

    def choose(self, text: str, k: int, diversity: float = DIVERSITY) -> Shots:
        """The same, with how they were found. Diversity 0: the nearest; 1: those least alike."""
        if not 0 <= diversity <= 1:
            raise SettingsError("the diversity of examples is a number from 0 to 1")
        state = self._fresh()
        near = state.space.near(text) if k > 0 and state.examples and text.strip() else np.zeros(0)
        pool, copies = _pool(text, state.examples, near, max(POOL, 2 * k))
        chosen = [pool[place] for place in _spread(near[pool], state.space.between(pool), k, diversity)]
        chosen.sort(key=lambda number: (near[number], -number))
        return Shots(
            examples=tuple(state.examples[number] for number in chosen),
            similarities=tuple(round(float(near[number]), 6) for number in chosen),
            by=state.space.by,
            copies=copies,
            digest=state.digest,
        )

    def add(self, example: Example) -> None:
        """Takes in an example that a person approved, and writes it to the site's file, if there is one."""
        if not example.text.strip():
            raise SettingsError("an example needs the text of a note")
        with self._lock:
            if self._file:
                _append(self._file, example)
            else:
                self._given = (*self._given, example)
            self._state = self._read(whole=False)

    def _fresh(self) -> _State:
        if self._file and _stamp(self._file) != self._state.stamp:
            with self._lock:
                if _stamp(self._file) != self._state.stamp:
                    self._state = self._read(whole=False)
        return self._state

    def _read(self, *, whole: bool) -> _State:
        stamp = _stamp(self._file) if self._file else None
        site = read_examples(self._file, whole=whole) if self._file and stamp else ()
        by_text = {key(example.text): example for example in (*self._given, *site)}
        examples = tuple(by_text.values())
        space = self._space(list(by_text), examples)
        model = self._embedder.model if self._embedder else ""
        return _State(examples, space, _digest(examples, model), stamp)

    def _space(self, keys: Sequence[bytes], examples: Sequence[Example]) -> Space:
        """The directions of the notes, those at hand reused; or their words, without an embedding model."""
        if not self._embedder:
            return Words([example.text for example in examples])
        known = kept(self._index, self._embedder.model) if self._index else {}
        lacking = [place for place, one in enumerate(keys) if one not in known]
        made = directions([examples[place].text for place in lacking], self._embedder)
        known |= {keys[place]: row for place, row in zip(lacking, made, strict=True)}
        rows = np.array([known[one] for one in keys], np.int8).reshape(len(keys), -1 if keys else 0)
        if self._index and (lacking or len(known) != len(keys)):
            keep(self._index, self._embedder.model, keys, rows)
        return Meanings(rows, self._embedder)


def read_examples(file: Path, *, whole: bool = True) -> tuple[Example, ...]:
    """The examples in a file of JSON lines. Unless `whole`, a last line half written is left for later.

    Raises SettingsError naming the line, never its words.
    """
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file.name}: the examples cannot be read as UTF-8 text") from error
    if lines[-1] and not whole and _example(lines[-1]) is None:
        lines.pop()
    return tuple(_listed(file, lines))


def _listed(file: Path, lines: Sequence[str]) -> Iterator[Example]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            example = _example(line)
            if example is None:
                raise SettingsError(f'{file.name}: line {number} is not a JSON object {{"text", "answer"}}')
            yield example


def _example(line: str) -> Example | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not {"text", "answer"} <= set(told) <= {"text", "answer", "evidence"}:
        return None
    text, answer, evidence = told["text"], told["answer"], told.get("evidence", {})
    good = isinstance(text, str) and text.strip() and isinstance(answer, dict) and isinstance(evidence, dict)
    if not good or not all(isinstance(words, str) for words in evidence.values()):
        return None
    return Example(text=text, answer=answer, evidence=evidence)


def _append(file: Path, example: Example) -> None:
    """One line in one write at the end, so that lines of two processes never mix. Raises SettingsError."""
    told = {"text": example.text, "answer": dict(example.answer)}
    if example.evidence:
        told["evidence"] = dict(example.evidence)
    line = json.dumps(told, ensure_ascii=False) + "\n"
    try:
        _at_end(file, line)
    except OSError as error:
        raise SettingsError(f"{file.name}: the example cannot be written") from error


def _at_end(file: Path, line: str) -> None:
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = "\n" + line
        content = line.encode("utf-8", "replace")
        if os.write(handle, content) < len(content):
            raise OSError(errno.ENOSPC, "the example was not written whole")
        os.fsync(handle)
    finally:
        os.close(handle)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{file.name}: the examples cannot be read") from error
    return found.st_mtime_ns, found.st_size


def _digest(examples: Sequence[Example], model: str) -> str:
    told = [[one.text, one.answer, *([one.evidence] if one.evidence else [])] for one in examples]
    return hashlib.sha256(json.dumps([model, told]).encode()).hexdigest()


def _pool(
    text: str, examples: Sequence[Example], near: Numbers, most: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], int]:
    """The numbers of the nearest examples that are no copies, nearest first, and how many were copies."""
    note, found, copies = Copies(text), list[int](), 0
    for number in np.lexsort((np.arange(len(near)), -near)).tolist():
        if len(found) == most:
            break
        if note.has(examples[number].text):
            copies += 1
        else:
            found.append(number)
    return np.array(found, np.int64), copies


def _spread(near: Numbers, between: Numbers, k: int, diversity: float) -> list[int]:
    """Places of those chosen: each time the one most like the note and least like those chosen before."""
    chosen: list[int] = []
    closest = np.zeros(len(near))
    while len(chosen) < min(k, len(near)):
        value = (1 - diversity) * near - diversity * closest
        value[chosen] = -np.inf
        best = int(np.argmax(value))  # the first of equals, which is the nearest
        closest = np.maximum(closest, between[best]) if chosen else between[best].copy()
        chosen.append(best)
    return chosen
