"""Abbreviations written out, in texts that are more than an abbreviation: `data/abbreviations.toml`."""

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files

_WORD = re.compile(r"[A-Za-z0-9]+")


class Abbreviations:
    """The table."""

    def __init__(self, *, any_case: Mapping[str, str], capitals: Mapping[str, str]) -> None:
        self._any, self._capitals = any_case, capitals

    def written_out(self, text: str) -> str | None:
        """The text with its abbreviations written out; None when it has none or is nothing else."""
        words = _WORD.findall(text)
        if len(words) < 2 or not any(self._meant(word) for word in words):
            return None
        if text.isupper():  # capitals tell nothing there
            return None
        return _WORD.sub(lambda found: self._meant(found[0]) or found[0], text)

    def _meant(self, word: str) -> str | None:
        return self._any.get(word.lower()) or self._capitals.get(word)


def shipped() -> Abbreviations:
    """The table that ships."""
    data = tomllib.loads(files("terminology").joinpath("data", "abbreviations.toml").read_text("utf-8"))
    return Abbreviations(any_case=data["any"], capitals=data["capitals"])
