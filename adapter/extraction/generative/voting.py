"""Several answers to the same question -> what most of them say, and how many do.

Self-consistency (Wang et al. 2022, https://arxiv.org/abs/2203.11171) for structured answers: an item of a
list is the same item when its quote is; the share of the runs that say it is its confidence.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.tasks.node import step


@dataclass(frozen=True, slots=True)
class Vote:
    """What the majority says, and the share of runs behind each value, by JSON pointer."""

    value: Any
    shares: Mapping[str, float]
    dropped: int  # items that most runs name, without a majority for what they say of it


def vote(answers: Sequence[Any], runs: int) -> Vote:
    """The answer that more than half of the runs give, value by value; what fewer say is not in it."""
    count = _Count(runs)
    value = count.of(answers, "")
    return Vote(value, count.shares, count.dropped)


@dataclass(slots=True)
class _Count:
    runs: int
    shares: dict[str, float] = field(default_factory=dict)
    dropped: int = 0

    def of(self, values: Sequence[Any], path: str) -> Any:
        if values and all(isinstance(value, dict) for value in values):
            wrapped = all(value.keys() == {"quote", "value"} for value in values)
            return self._wrapped(values, path) if wrapped else self._objects(values, path)
        if values and all(isinstance(value, list) for value in values):
            return self._lists(values, path)
        best, number = _commonest(values)
        if not self._most(number):
            return None
        self.shares[path] = number / self.runs
        return best

    def _wrapped(self, values: Sequence[Mapping[str, Any]], path: str) -> dict[str, Any] | None:
        """A value with the words it rests on: those that most of the runs behind the value cite."""
        best = self.of([value["value"] for value in values], step(path, "value"))
        if best is None:
            return None
        words = [value["quote"] for value in values if value["value"] == best]
        return {"quote": _commonest(words)[0], "value": best}

    def _objects(self, values: Sequence[Mapping[str, Any]], path: str) -> dict[str, Any]:
        keys = list(dict.fromkeys(key for value in values for key in value))
        merged = {}
        for key in keys:
            said = [value[key] for value in values if key in value]
            here = step(path, key)
            if key == "quote" and isinstance(said[0], str):  # the item is known by it already
                merged[key], self.shares[here] = _commonest(said)[0], len(said) / self.runs
            elif self._most(len(said)) or any(isinstance(one, list) for one in said):
                merged[key] = self.of(said, here)
        return merged

    def _lists(self, values: Sequence[Sequence[Any]], path: str) -> list[Any]:
        merged: list[Any] = []
        for group in self._groups(values):
            inner = _Count(self.runs)
            item = inner.of(group, step(path, len(merged)))
            if item is None or _has_lost(item, group):
                self.dropped += 1
                continue
            merged.append(item)
            self.shares |= inner.shares
            self.dropped += inner.dropped
        return merged

    def _groups(self, values: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """The items that most runs have, each with its forms in those runs."""
        groups: dict[tuple[str, int], list[Any]] = {}
        for value in values:
            seen: Counter[str] = Counter()
            for item in value:
                name = _name(item)
                seen[name] += 1
                groups.setdefault((name, seen[name]), []).append(item)
        return [group for group in groups.values() if self._most(len(group))]

    def _most(self, number: int) -> bool:
        return number * 2 > self.runs


def _has_lost(item: Any, group: Sequence[Any]) -> bool:
    """Whether something that every run says of an item has no majority."""
    if not isinstance(item, dict):
        return False
    said = set(group[0]).intersection(*group[1:])
    return any(item.get(key) is None and all(one[key] is not None for one in group) for key in said)


def _commonest(values: Sequence[Any]) -> tuple[Any, int]:
    """The value that comes most often, the first of several, and how often."""
    forms = [json.dumps(value, sort_keys=True) for value in values]
    best, number = Counter(forms).most_common(1)[0]
    return values[forms.index(best)], number


def _name(item: Any) -> str:
    """What makes two items the same: the quote of an object, else the whole."""
    if isinstance(item, dict) and isinstance(item.get("quote"), str):
        return " ".join(str(item["quote"]).casefold().split())
    return json.dumps(item, sort_keys=True)
