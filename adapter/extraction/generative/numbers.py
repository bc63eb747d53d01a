"""Whether words say a number: the second half of the gate, for values that are no words themselves.

"4 cm" says 4, and 40 for whoever asks for millimetres; it does not say 400,000 or 7. Number words are data,
`mappings/extraction/numbers.toml`.
"""

import re
from collections.abc import Iterator, Mapping

import mappings

NUMBER = re.compile(r"\d+(?:[ .,'’]\d{3})+(?![\d])|\d+(?:[.,]\d+)?")
WORD = re.compile(r"[^\W\d_]+")
SHIFTS = tuple(10.0**power for power in range(-3, 4))  # the metric prefixes of one step, and cm


class NumberWords(mappings.Table):
    """The whole file."""

    version: int
    words: Mapping[str, float]


class Numbers:
    """Reads the numbers that words say."""

    def __init__(self, rules: NumberWords) -> None:
        self._words = rules.words

    def say(self, words: str, value: float) -> bool:
        """Whether the words say this number, in whatever decimal unit."""
        return any(_same(said, value) for said in self._said(words))

    def _said(self, words: str) -> Iterator[float]:
        for match in NUMBER.finditer(words):
            yield from _readings(match[0])
        for match in WORD.finditer(words.casefold()):
            if match[0] in self._words:
                yield self._words[match[0]]


def load(files: mappings.Files = mappings.SHIPPED) -> Numbers:
    """The number words.

    Raises mappings.MappingError naming file and key.
    """
    return Numbers(files.read("extraction/numbers.toml", NumberWords))


def _readings(digits: str) -> Iterator[float]:
    """What digits may mean: "1,500" is fifteen hundred or one and a half."""
    plain = re.sub(r"[ .,'’](?=\d{3}(?:\D|$))", "", digits)
    for form in dict.fromkeys((digits, plain)):
        try:
            yield float(form.replace(",", "."))
        except ValueError:
            continue


def _same(said: float, value: float) -> bool:
    if value == 0 or said == 0:
        return said == value
    return any(abs(said * shift - value) <= abs(value) * 1e-6 for shift in SHIFTS)
