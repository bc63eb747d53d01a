"""What hurry does to clean text: wrapped lines, capitals, typing errors, odd spaces; spans follow."""

import random
import re
from collections.abc import Callable

from training.examples import Span


def roughen(text: str, spans: list[Span], dice: random.Random) -> tuple[str, list[Span]]:
    """The text as a hurried or wrapped note has it, with its spans moved along."""
    if dice.random() < 0.35:
        text = wrapped(text, dice.choice([60, 72, 78, 78, 90]))
    if dice.random() < 0.2:
        text = shouted(text, dice)
    if dice.random() < 0.06:
        text = recased(text, str.lower if dice.random() < 0.7 else str.upper)
    edits = mistyped(text, dice, 0.006) if dice.random() < 0.3 else []
    edits += respaced(text, dice, 0.03) if dice.random() < 0.15 else []
    return applied(text, spans, edits)


def recased(text: str, case: Callable[[str], str]) -> str:
    """The text in one case, letter by letter; a letter that would change its length is left."""
    return "".join(case(letter) if len(case(letter)) == 1 else letter for letter in text)


def wrapped(text: str, width: int) -> str:
    """Spaces become line ends where a line grows longer than `width`; same length."""
    letters, line, space = list(text), 0, None
    for at, letter in enumerate(text):
        if letter == "\n":
            line, space = 0, None
            continue
        line += 1
        if letter == " ":
            space = at
        if line > width and space is not None:
            letters[space], line, space = "\n", at - space, None
    return "".join(letters)


def shouted(text: str, dice: random.Random) -> str:
    """Some lines in capitals; same length (letters that grow in capitals are left)."""
    lines = text.split("\n")
    loud = [
        line.upper() if dice.random() < 0.25 and len(line.upper()) == len(line) else line for line in lines
    ]
    return "\n".join(loud)


def mistyped(text: str, dice: random.Random, rate: float) -> list[tuple[int, int, str]]:
    """Edits (start, end, new) that swap, drop or double a letter inside longer words."""
    edits = []
    for match in re.finditer(r"[A-Za-z]{5,}", text):
        if dice.random() < rate * len(match[0]):
            at = match.start() + dice.randint(1, len(match[0]) - 3)
            pair = text[at : at + 2]
            edits.append((at, at + 2, dice.choice([pair[::-1], pair[0], pair[0] + pair])))
    return edits


def respaced(text: str, dice: random.Random, rate: float) -> list[tuple[int, int, str]]:
    """Edits that double a space, or lose the one after a comma."""
    edits = []
    for match in re.finditer(r"(?<=[A-Za-z,]) (?=[A-Za-z])", text):
        if dice.random() < rate:
            lost = text[match.start() - 1] == ","
            edits.append((match.start(), match.end(), "" if lost and dice.random() < 0.5 else "  "))
    return edits


def applied(text: str, spans: list[Span], edits: list[tuple[int, int, str]]) -> tuple[str, list[Span]]:
    """The text after the edits, and the spans at their new places; no edit crosses the edge of a span."""
    edges = {edge for span in spans for edge in span[:2]}
    whole = sorted(edit for edit in edits if not any(edit[0] < edge < edit[1] for edge in edges))
    out, moves, last = [], [], 0
    for start, end, new in whole:
        if start < last:
            continue
        out += [text[last:start], new]
        moves.append((end, len(new) - (end - start)))
        last = end
    out.append(text[last:])
    return "".join(out), [(_moved(s, moves), _moved(e, moves), kinds) for s, e, kinds in spans]


def _moved(offset: int, moves: list[tuple[int, int]]) -> int:
    return offset + sum(change for end, change in moves if end <= offset)
