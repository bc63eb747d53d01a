"""A text in other forms of its words: "Rippenfrakturen" as "Rippenfraktur", "cérébraux" as "cérébral".

The rules are data (`data/inflection.toml`). A form is tried only where the store knows it as a word; English
plurals are folded (`normalise`).
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product

from terminology.normalise import DATA

LONGEST = 8  # words of a text that has other forms
SHORTEST = 4  # letters a form must have
MOST = 24  # texts that are tried
Known = Callable[[str], bool]
Pairs = tuple[tuple[re.Pattern[str], str], ...]


class Inflection:
    """The rules of each language."""

    def __init__(self, rules: Mapping[str, Pairs]) -> None:
        self._rules = rules

    def languages(self, asked: Iterable[str] = ()) -> list[str]:
        """The languages of those asked for that have rules; none asked for are all."""
        wanted = frozenset(asked)
        return sorted(frozenset(self._rules) & (wanted or frozenset(self._rules)))

    def others(self, text: str, language: str, known: Known) -> Iterator[str]:
        """The text with its words in other known forms, the first words' own forms first."""
        words = text.split()
        if len(words) > LONGEST:
            return
        forms = [(word, *self.forms(word, language, known)) for word in words]
        texts = (" ".join(one) for one in product(*forms))
        yield from islice((one for one in texts if one != text), MOST)

    def forms(self, word: str, language: str, known: Known) -> list[str]:
        """The known forms that a word may be one of."""
        plain = word.casefold()
        found = (pattern.sub(end, plain, count=1) for pattern, end in self._rules[language])
        return [one for one in dict.fromkeys(found) if len(one) >= SHORTEST and one != plain and known(one)]


@lru_cache(maxsize=1)
def shipped() -> Inflection:
    """The rules that ship."""
    data = tomllib.loads((DATA / "inflection.toml").read_text("utf-8"))
    return Inflection({language: _pairs(listed) for language, listed in data["languages"].items()})


def _pairs(listed: Sequence[Sequence[str]]) -> Pairs:
    return tuple((re.compile(rf"(?:{form})\Z"), end) for form, end in listed)
