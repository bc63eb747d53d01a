"""A text that says the same again and again, seen while it grows."""

from typing import Final

LOOKED: Final = 4096  # characters at the end of a text that are looked at
TIMES: Final = 6  # how often a part must stand there
LEAST: Final = 96  # characters it must fill


def loops(text: str) -> bool:
    """Whether a text ends in one part, again and again."""
    tail = text[-LOOKED:]
    return any(_repeats(tail, period) for period in range(1, len(tail) // TIMES + 1))


def _repeats(tail: str, period: int) -> bool:
    length = max(TIMES * period, LEAST)
    if length > len(tail):
        return False
    end = tail[-length:]
    return end[period:] == end[:-period]
