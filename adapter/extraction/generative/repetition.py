"""Does a model say the same thing again and again? Told from its tokens alone."""

from collections.abc import Sequence

_REPEATS = 5  # the same run of tokens this often in a row is a loop (a list ends before: `items`),
_TOKENS = 24  # if together it is at least this long: `...` or `1111` is none
_PERIOD = 256  # the longest run looked for: an item of a list with all its details


def looping(tokens: Sequence[object]) -> bool:
    """Whether the last tokens are one run of tokens, repeated.

    Items of a list that differ in one token, such as a date, are no repetition however many there are.
    """
    length = len(tokens)
    if length < _TOKENS:
        return False
    last = tokens[-1]
    for period in range(1, min(_PERIOD, length // _REPEATS) + 1):
        if tokens[length - 1 - period] == last and _repeated(tokens, period):
            return True
    return False


def _repeated(tokens: Sequence[object], period: int) -> bool:
    span = max(_REPEATS * period, _TOKENS)
    if span > len(tokens):
        return False
    return tokens[-span:-period] == tokens[-span + period :]
