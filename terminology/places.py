"""The sequence of words and marks by which a term is found in a note, and its rolling keys.

Words are folded; marks count ("blood, urine" is not "blood urine"); white space and hyphens do not.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terminology.normalise import GAP, SIGN_AT_END, Normaliser, Token

Keys = NDArray[np.uint64]
FACTOR = 0x9E3779B97F4A7C15
WHOLE = (1 << 64) - 1


def sequence(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The folded words and marks of a term or of a stretch of a note."""
    return tuple(token.word for token in tokens)


def worth(normaliser: Normaliser, sequence: Sequence[str]) -> bool:
    """Whether a note is searched for a term: it has a word of letters, no line break, and tells something."""
    if GAP in sequence or not any(len(word) > 1 and word[0].isalpha() for word in sequence):
        return False
    return " ".join(sequence) not in normaliser.unsaid


def prefixes(normaliser: Normaliser, sequence: Sequence[str]) -> list[int]:
    """A key for the first word, the first two, and so on to the whole sequence."""
    key, found = 0, []
    for word in sequence:
        key = (key * FACTOR + (normaliser.key(word) & WHOLE)) & WHOLE
        found.append(key)
    return found


def place(normaliser: Normaliser, text: str, tokens: Sequence[Token]) -> list[int]:
    """The keys of a term's beginnings, the last its own; empty when a note is not searched for it."""
    words = sequence(tokens)
    if SIGN_AT_END.search(text) or not worth(normaliser, words):
        return []  # of "HR-" a note's words would keep only HR
    return prefixes(normaliser, words)


def signed(key: int) -> int:
    """A key as SQLite keeps integers."""
    return key - (1 << 64) if key >> 63 else key
