"""A store whose answers come from a FHIR terminology server."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import random
from types import TracebackType
from typing import Any, Self

import httpx

from terminology import kinds as kind_tables
from terminology import normalise
from terminology.build import FORMAT
from terminology.errors import TerminologyError
from terminology.fhir.conceptmap import ASSOCIATIONS
from terminology.meaning import STANDS_IN
from terminology.model import (
    Association,
    Concept,
    Hit,
    Manifest,
    MapRule,
    SourceInfo,
    SystemInfo,
    Term,
    TermMatch,
)
from terminology.model import (
    Mapping as Mapped,
)
from terminology.remote import answers
from terminology.remote import cache as caches
from terminology.remote.cache import Cache
from terminology.remote.client import Client, Policy, Question, Value
from terminology.remote.finding import Filter, Finder
from terminology.remote.hierarchy import RemoteHierarchy, reached
from terminology.remote.judging import Judge
from terminology.remote.server import Keeping, Server
from terminology.search import each
from terminology.systems import LOINC, SNOMED

PAGE = 1000  # codes a server is asked for at once when listing
MOST = 100_000  # codes of one list
SAMPLED = 5  # codes looked at to tell whether a system has a hierarchy
PROPERTIES = ("display", "version", "designation", "inactive", "parent", "child")
WHOLE = {LOINC: f"{LOINC}/vs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTarget:
    """A system that codes are translated to."""

    system: str
    map: str | None = None  # URL of the concept map to use, where the server must be told


class RemoteStore:
    """Answers as `terminology.Store` does, from a server. May be asked from several threads.

    Every method raises TerminologyError where the server gives no answer; no code, no hit and no map is an
    answer, and given as None or [].
    """

    def __init__(
        self,
        server: Server,
        *,
        systems: Sequence[str] = (SNOMED,),
        targets: Sequence[MapTarget] = (),
        value_sets: Mapping[str, str] | None = None,
        language: str = "en",
        close: Callable[[], None] | None = None,
    ) -> None:
        normaliser = normalise.shipped()
        self._server = server
        self._judge = Judge(normaliser=normaliser, kinds=kind_tables.shipped(normaliser))
        self._systems, self._targets = tuple(systems), tuple(targets)
        self._value_sets = {**WHOLE, **(value_sets or {})}
        self._language = language
        self._finder = Finder(server, self._judge, value_set=self._value_set, language=language)
        self._close = close

    @property
    def manifest(self) -> Manifest:
        """What the server says it is; it does not say how much it holds."""
        about, digest = self._server.about(), self._server.digest()
        info = SourceInfo(
            kind="remote",
            name=about.name,
            version=about.version,
            licence=about.licence,
            sha256=digest,
            concepts=0,
            terms=0,
            skipped=0,
        )
        return Manifest(format_version=FORMAT, sources=(info,), concepts=0, terms=0, digest=digest)

    def search(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
        limit: int = 10,
    ) -> list[Hit]:
        """The concepts a text may mean, best first, each once; an empty filter lets everything pass."""
        allowed = Filter(kinds=kinds, languages=languages, systems=systems or self._systems)
        return self._finder.hits(text, allowed)[:limit]

    def search_many(
        self,
        texts: Sequence[str],
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
        limit: int = 10,
    ) -> list[list[Hit]]:
        """What `search` gives for each text, equal texts searched once."""
        return each(
            texts, partial(self.search, kinds=kinds, languages=languages, systems=systems, limit=limit)
        )

    def exact(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
    ) -> list[Hit]:
        """Only the concepts with this very name, or the same but for case, plural, hyphens and accents."""
        allowed = Filter(kinds=kinds, languages=languages, systems=systems or self._systems)
        return self._finder.exact(text, allowed)

    def lookup(self, system: str, code: str) -> Concept | None:
        """The concept of a code with all its names, or None."""
        told = self._told(system, code)
        if told is None:
            return None
        terms = [
            Term(text=text, language=language or self._language, preferred=preferred)
            for text, language, preferred in told["names"]
        ]
        return Concept(
            system=system,
            code=code,
            display=told["display"],
            kind=self._judge.kind(system, code, [term.text for term in terms]),
            version=told["version"],
            terms=tuple(terms),
            active=told["active"],
        )

    def mappings(self, system: str, code: str) -> list[Mapped]:
        """What a code is in the configured target systems, sorted by system and code.

        A server does not tell a plain map from a rule that holds for every patient: both are given.
        """
        found: dict[tuple[str, str], Mapped] = {}
        for target in self._targets:
            if target.system == system:
                continue
            for told in self._translated(system, code, target.map, target.system, optional=False):
                if told["system"] == target.system:
                    found.setdefault((told["system"], told["code"]), Mapped(**told))
        return [found[key] for key in sorted(found)]

    def parents(self, system: str, code: str) -> list[str]:
        """The codes this one is directly a kind of, sorted; empty for a code that is not there."""
        told = self._told(system, code)
        return list(told["parents"]) if told else []

    def children(self, system: str, code: str) -> list[str]:
        """The codes that are directly a kind of this one, sorted."""
        told = self._told(system, code)
        return list(told["children"]) if told else []

    def ancestors(self, system: str, code: str) -> list[str]:
        """Everything this code is a kind of, sorted."""
        return self._related(system, code, ">", self.parents)

    def descendants(self, system: str, code: str) -> list[str]:
        """Everything that is a kind of this code, sorted."""
        return self._related(system, code, "<", self.children)

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` is `ancestor` or a kind of it; codes that are not there subsume nothing."""
        given = (("system", system), ("codeA", ancestor), ("codeB", descendant))
        question = Question(path="CodeSystem/$subsumes", given=given)
        return self._server.ask(question, answers.outcome, optional=True) in {"subsumes", "equivalent"}

    def members(self, system: str, set_id: str) -> list[str]:
        """The codes in a reference set, sorted."""
        return sorted(self._listed(f"{system}?fhir_vs=refset/{set_id}", optional=True) or ())

    def codes(self, system: str, start: int = 0, count: int = 1000) -> list[str]:
        """Codes of a system in the server's order, `count` of them from the one at `start`."""
        given = (("url", self._value_set(system)), ("offset", start), ("count", count))
        page = self._expanded(given, optional=False) if count > 0 else None
        return [each["code"] for each in page["contains"]] if page else []

    def systems(self) -> list[SystemInfo]:
        """The configured systems of which the server has codes; it does not say how many."""
        return [found for system in self._systems if (found := self._system(system))]

    def _system(self, system: str) -> SystemInfo | None:
        codes = self.codes(system, 0, SAMPLED)
        told = [self.lookup(system, code) for code in codes[:1]]
        if not codes:
            return None
        return SystemInfo(
            system=system,
            versions=tuple(one.version for one in told if one and one.version),
            concepts=None,
            active=None,
            hierarchy=any(self.parents(system, code) or self.children(system, code) for code in codes),
        )

    def replacements(self, system: str, code: str) -> list[Association]:
        """What became of an inactive code, where the server has the maps that say so.

        Associations that name a namespace (moved to) are no maps and are not given.
        """
        told = self._told(system, code)
        if told is None or told["active"] or system != SNOMED:
            return []
        found = [
            Association(system=system, code=code, kind=kind, target=match["code"])
            for number, kind in ASSOCIATIONS.items()
            for match in self._translated(system, code, f"{SNOMED}?fhir_cm={number}", system, optional=True)
            if match["system"] == system
        ]
        return sorted(set(found), key=lambda one: (one.kind, one.target))

    def replacement(self, system: str, code: str) -> str | None:
        """The one active code that stands in for an inactive one (same as, replaced by), if there is one."""
        seen = {code}
        while not self.active(system, code):
            targets = {one.target for one in self.replacements(system, code) if one.kind in STANDS_IN}
            if len(targets) != 1 or not targets.isdisjoint(seen):
                return None
            code = targets.pop()
            seen.add(code)
        return code

    def active(self, system: str, code: str) -> bool:
        """Whether the server has this code, and it is active."""
        told = self._told(system, code)
        return told is not None and told["active"]

    def rules(self, system: str, code: str) -> list[MapRule]:
        """Nothing: FHIR has no operation that gives the rules of a map, only `mappings` their results."""
        return []

    def hierarchy(self, system: str) -> RemoteHierarchy:
        """The hierarchy of one system, as `ecl` asks it."""
        return RemoteHierarchy(self, system)

    def matches(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        uncoded: bool = False,
    ) -> list[TermMatch]:
        """Nothing: no server finds names in a note, and a note is not sent to one to try."""
        return []

    def close(self) -> None:
        """Gives the cache and the connections back."""
        self._server.close()
        if self._close:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _told(self, system: str, code: str) -> Any:
        given = (("system", system), ("code", code), *(("property", name) for name in PROPERTIES))
        return self._server.ask(Question(path="CodeSystem/$lookup", given=given), answers.concept)

    def _translated(self, system: str, code: str, url: str | None, to_system: str, *, optional: bool) -> Any:
        names = ("sourceCode", "targetSystem") if self._server.about().r5 else ("code", "targetsystem")
        given = ((names[0], code), ("system", system), (names[1], to_system))
        with_map = (*given, ("url", url)) if url else given
        question = Question(path="ConceptMap/$translate", given=with_map)
        return self._server.ask(question, answers.matches, optional=optional) or []

    def _related(
        self, system: str, code: str, operator: str, step: Callable[[str, str], list[str]]
    ) -> list[str]:
        """What is above or below a code: by expression for SNOMED CT, else step by step."""
        if system == SNOMED:
            listed = self._listed(f"{SNOMED}?fhir_vs=ecl/{operator}{code}", optional=True)
            if listed is not None:
                return sorted(set(listed) - {code})
        return sorted(reached(code, lambda one: step(system, one)))

    def _listed(self, url: str, *, optional: bool) -> list[str] | None:
        """Every code of a value set, page by page; None where the server has it not."""
        found: dict[str, None] = {}
        while len(found) <= MOST:
            page = self._expanded((("url", url), ("offset", len(found)), ("count", PAGE)), optional=optional)
            if not page:
                return list(found) if found or page is not None else None
            before = len(found)
            found |= dict.fromkeys(each["code"] for each in page["contains"])
            complete = page["total"] is not None and len(found) >= page["total"]
            if complete or len(page["contains"]) < PAGE or len(found) == before:
                return list(found)
        raise TerminologyError(f"{self._server.name}: a list of more than {MOST} codes is not taken")

    def _expanded(self, given: tuple[tuple[str, Value], ...], *, optional: bool) -> Any:
        question = Question(path="ValueSet/$expand", given=given)
        return self._server.ask(question, answers.expansion, optional=optional)

    def _value_set(self, system: str) -> str:
        return self._value_sets.get(system, f"{system}?fhir_vs")


def open_remote(
    url: str,
    *,
    cache: Path,
    systems: Sequence[str] = (SNOMED,),
    targets: Sequence[MapTarget] = (),
    value_sets: Mapping[str, str] | None = None,
    language: str = "en",
    headers: Mapping[str, str] | None = None,
    policy: Policy | None = None,
    keeping: Keeping | None = None,
    most: int = caches.MOST,
    http: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.time,
    jitter: Callable[[], float] = random,
) -> RemoteStore:
    """A store that asks the FHIR server at a base URL and keeps its answers in the file `cache`.

    `systems` are those searched where a search names none, `targets` those codes are mapped to, `value_sets`
    the value set of a system where it is not its URL and `?fhir_vs`, `language` that of names that say none.
    `http` brings certificates or a proxy, and is closed by who made it; `headers` may carry a token.
    Raises TerminologyError when the server cannot be asked what it is.
    """
    own = http or httpx.Client()
    close = own.close if http is None else None
    try:
        client = Client(url, own, headers=headers, policy=policy, sleep=sleep, clock=clock, jitter=jitter)
        kept = Cache(cache, most=most, clock=clock)
        server = Server(client, kept, keeping or Keeping(), clock)
        server.about()
    except TerminologyError:
        if close:
            close()
        raise
    return RemoteStore(
        server,
        systems=systems,
        targets=targets,
        value_sets=value_sets,
        language=language,
        close=close,
    )
