"""An answer in JSON -> where each of its values stands in the text, so that probabilities find their value.

RFC 8259; the text was already parsed by `json`, so this only follows it. Pointers are RFC 6901.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from math import exp
from typing import Any

from adapter.extraction.generative.backend import Token
from adapter.model import Span
from adapter.tasks.node import step

SCALAR = re.compile(r"[^\s,\]}]+")
SPACE = re.compile(r"\s*")


def of(text: str) -> dict[str, Span]:
    """JSON pointer -> the span of its scalar value in the text, quotation marks included.

    Raises json.JSONDecodeError when the text is not JSON.
    """
    json.loads(text)
    walk = _Walk(text, {})
    walk.value(walk.skip(0), "")
    return walk.places


@dataclass(frozen=True, slots=True)
class _Walk:
    text: str
    places: dict[str, Span]

    def skip(self, at: int) -> int:
        found = SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, path: str) -> int:
        """Follows the value that begins here; gives the place after it."""
        first = self.text[at]
        if first == "{":
            return self._members(at, path)
        if first == "[":
            return self._items(at, path)
        end = self._string(at)[1] if first == '"' else self._scalar(at)
        self.places[path] = Span(start=at, end=end)
        return end

    def _members(self, at: int, path: str) -> int:
        at = self.skip(at + 1)
        while self.text[at] != "}":
            key, at = self._string(at)
            at = self.value(self.skip(self.skip(at) + 1), step(path, key))
            at = self._next(at)
        return at + 1

    def _items(self, at: int, path: str) -> int:
        at, index = self.skip(at + 1), 0
        while self.text[at] != "]":
            at = self._next(self.value(at, step(path, index)))
            index += 1
        return at + 1

    def _next(self, at: int) -> int:
        at = self.skip(at)
        return self.skip(at + 1) if self.text[at] == "," else at

    def _string(self, at: int) -> tuple[str, int]:
        value, end = scanstring(self.text, at + 1, True)
        return str(value), int(end)

    def _scalar(self, at: int) -> int:
        found = SCALAR.match(self.text, at)
        return found.end() if found else at + 1


class Scores:
    """How sure the model was of the values of one answer."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._places: Mapping[str, Span] = of(text) if tokens else {}
        self._tokens = tokens

    def probability(self, path: str, value: Any) -> float | None:
        """The probability of a value; None where the model told none.

        Of words, the geometric mean over their tokens, so that length is no handicap; of a choice, a number
        or a truth value, the probability of the whole.
        """
        place = self._places.get(path)
        if place is None:
            return None
        told = [one.logprob for one in self._tokens if one.end > place.start and one.start < place.end]
        if not told:
            return None
        return exp(sum(told) / len(told) if isinstance(value, str) else sum(told))
