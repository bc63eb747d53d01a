"""Invented names and lines that look like orders: they teach a small model to copy, and not to obey."""

import random
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

Spans = Sequence[tuple[int, int, str]]


@cache
def table() -> dict[str, Any]:
    """Syllables and lines to choose from."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def disturb(text: str, spans: Spans, dice: random.Random) -> tuple[str, Spans]:
    """The chunk with some names replaced by invented ones, and at times a line that states nothing."""
    if dice.random() < 0.75:
        text, spans = renamed(text, spans, dice, dice.choice((0.3, 0.6, 1.0)))
    if dice.random() < 0.3:
        line = dice.choice(table()["orders" if dice.random() < 0.6 else "empty"])
        text, spans = inserted(text, spans, line, dice)
    return text, spans


def renamed(text: str, spans: Spans, dice: random.Random, share: float) -> tuple[str, Spans]:
    """Some names replaced by invented ones; the case of the first letter stays."""
    out, kept, last, moved = [], [], 0, 0
    for start, end, kind in sorted(spans):
        old = text[start:end]
        new = old
        if kind in table()["ends"] and start >= last and dice.random() < share:
            new = invented(kind, old, dice)
        out += [text[last:start], new]
        last = max(last, end)
        kept.append((start + moved, start + moved + len(new), kind))
        moved += len(new) - len(old)
    return "".join([*out, text[last:]]), kept


def invented(kind: str, old: str, dice: random.Random) -> str:
    """A word nobody has read before, of the shape of the kind; in the case of the old one."""
    syllables = table()
    middle = "".join(dice.choices(syllables["middles"].split(), k=dice.choice((0, 1, 1, 2))))
    word = dice.choice(syllables["beginnings"].split()) + middle
    word += dice.choice(syllables["ends"][kind].split())
    word = word.replace("syndrome", " syndrome").replace("disease", " disease")
    if kind == "condition" and dice.random() < 0.3:
        word = dice.choice(("acute ", "chronic ", "left ", "recurrent ", "hereditary ")) + word
    if old.isupper() and len(old) > 1:
        return word.upper()
    return word[0].upper() + word[1:] if old[:1].isupper() else word


def inserted(text: str, spans: Spans, line: str, dice: random.Random) -> tuple[str, Spans]:
    """The chunk with a line before it, after it, or between two of its lines."""
    ends = [
        at + 1
        for at, letter in enumerate(text)
        if letter == "\n" and not any(s < at < e for s, e, _ in spans)
    ]
    at = dice.choice([0, len(text), *ends[:3]])
    new = line + "\n" if at < len(text) else "\n" + line
    moved = [(s + len(new), e + len(new), k) if s >= at else (s, e, k) for s, e, k in spans]
    return text[:at] + new + text[at:], moved
