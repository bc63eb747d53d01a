"""The rules of every language, each read when it is first asked for: reading all takes seconds."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from threading import Lock

import mappings
from adapter.context.rules import ContextRules, load


class Shelf(Mapping[str, ContextRules]):
    """Rules by language. May be used by several threads.

    A language's file that cannot be read raises mappings.MappingError when it is first asked for.
    """

    def __init__(self, languages: Sequence[str], files: mappings.Files = mappings.SHIPPED) -> None:
        self._languages, self._files = tuple(languages), files
        self._read: dict[str, ContextRules] = {}
        self._shared: Mapping[str, Shelf] = {}
        self._lock = Lock()

    def reread(self, languages: Sequence[str], files: mappings.Files, changed: Collection[str]) -> "Shelf":
        """The rules of other files; those that are not `changed` are shared, and read once for both."""
        made = Shelf(languages, files)
        same = {one for one in languages if f"context/{one}.toml" not in changed}
        made._shared = {one: self for one in same.intersection(self._languages)}
        return made

    def __getitem__(self, language: str) -> ContextRules:
        if language not in self._languages:
            raise KeyError(language)
        if language in self._shared:
            return self._shared[language][language]
        with self._lock:
            if language not in self._read:
                self._read[language] = load(language, self._files)
            return self._read[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._languages)

    def __len__(self) -> int:
        return len(self._languages)
