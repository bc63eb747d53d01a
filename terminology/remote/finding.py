"""Text -> the concepts a server finds for it: expansions with a filter, judged by our own rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from terminology.fhir.names import speaks
from terminology.model import Hit
from terminology.remote import answers
from terminology.remote.client import Question, Value
from terminology.remote.judging import Judge
from terminology.remote.server import Server
from terminology.search import ENOUGH

CANDIDATES = 100  # concepts a server is asked for at once
LONGEST = 400  # characters of a text that is searched for
WORDS = 4  # of a text that are asked for by themselves where nothing fits
SHORTEST = 4  # letters of the beginning of a word that is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which names and concepts may be given."""

    kinds: Sequence[str]
    languages: Sequence[str]
    systems: Sequence[str]

    def takes(self, hit: Hit) -> bool:
        """Whether a name may be given."""
        spoken = not self.languages or any(speaks(hit.language, wanted) for wanted in self.languages)
        return spoken and (not self.kinds or hit.kind in self.kinds)


class Finder:
    """Searches one server.

    `value_set` gives the URL of a system's value set; `language` is that of names that say none.
    """

    def __init__(
        self, server: Server, judge: Judge, *, value_set: Callable[[str], str], language: str
    ) -> None:
        self._server, self._judge = server, judge
        self._value_set, self._language = value_set, language

    def hits(self, text: str, allowed: Filter) -> list[Hit]:
        """The concepts a text may mean, best first; looser questions only while nothing fits.

        A word that no name has is asked for by itself before it is taken for a misspelt one.
        """
        names = self._names(text, allowed)
        hits = self._judge.hits(text, names)
        words = self._judge.alone(text)
        unknown = [word for word in words if not self._judge.knows(word, names)]
        if not hits or hits[0].score < ENOUGH:
            unknown += [word for word in words if word not in unknown][: max(0, WORDS - len(unknown))]
        looser = self._looser(unknown, names, allowed)
        return self._judge.hits(text, [*names, *looser]) if looser else hits

    def exact(self, text: str, allowed: Filter) -> list[Hit]:
        """The concepts with this name."""
        return self._judge.exact(text, self._names(text, allowed))

    def _names(self, text: str, allowed: Filter) -> list[Hit]:
        """Every name of every concept that the server finds for a text and that may be given."""
        whole = " ".join(text.encode("utf-8", "replace").decode().split())
        asked = whole[:LONGEST].strip()
        if not self._judge.normaliser.words(asked):
            return []
        found: dict[tuple[str, ...], Hit] = {}
        for system in dict.fromkeys(allowed.systems):
            for language in dict.fromkeys(allowed.languages) or (None,):
                for hit in self._found(asked, system, language):
                    if allowed.takes(hit):
                        found.setdefault((hit.system, hit.code, hit.language, hit.term), hit)
        return list(found.values())

    def _found(self, text: str, system: str, language: str | None) -> Iterable[Hit]:
        given: tuple[tuple[str, Value], ...] = (
            ("url", self._value_set(system)),
            ("filter", text),
            ("count", CANDIDATES),
            ("includeDesignations", True),
            ("activeOnly", True),
        )
        given += (("displayLanguage", language),) if language else ()
        question = Question(path="ValueSet/$expand", given=given, posted=True)
        page = self._server.ask(question, answers.expansion)
        for concept in page["contains"] if page else ():
            if concept["active"] and concept["system"] in {"", system}:
                yield from self._hits(concept, system)

    def _hits(self, concept: Mapping[str, Any], system: str) -> Iterable[Hit]:
        code = concept["code"]
        kind = self._judge.kind(system, code, [text for text, _, _ in concept["names"]])
        for text, language, preferred in concept["names"]:
            yield Hit(
                system=system,
                code=code,
                display=concept["display"],
                kind=kind,
                term=text,
                language=language or self._language,
                score=0.0,
                match="fuzzy",
                preferred=preferred,
                source=0,
            )

    def _looser(self, words: Sequence[str], names: Sequence[Hit], allowed: Filter) -> list[Hit]:
        """Names with one of the words, or with the beginning of a word that no name has."""
        found: list[Hit] = []
        for word in words:
            listed = self._names(word, allowed)
            if not self._judge.knows(word, [*names, *listed]):
                listed += self._names(word[: max(SHORTEST, len(word) // 2 + 1)], allowed)
            found += listed
        return found
