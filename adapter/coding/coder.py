"""Stage 4: findings -> findings with codes from the terminology store, or with none.

Candidates come from the store alone, ranked by how their names match, what kind of concept they are and how
precise the wording was. A code is given from the threshold up; below it the finding keeps its words only.
Where the best candidate is unsure, a chooser may be asked (`choice.py`); its answer then decides.
Must not know FHIR resources or how mentions were found.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from adapter.coding import agreeing, ambiguous, choice, explaining, past, wordings
from adapter.coding.agreeing import Around
from adapter.coding.choice import Chooser
from adapter.coding.explaining import Explained
from adapter.coding.rules import CodingRules
from adapter.coding.wordings import Wording
from adapter.model import Choice, Coding, Finding, Issue, Note, Step
from terminology import Concept, Hit, Mapping, Term, translate, uncoded
from terminology.fhir import Service, TerminologyStore, valuesets
from terminology.fhir.valuesets import ValueSet
from terminology.systems import ICD10CM

Rank = tuple[float, int, int, bool, int, str]

_AS_IT_STANDS = ("exact", "normalised")
_REMEMBERED = 20_000  # wordings whose hits are kept
_SETS = 100  # value sets that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A concept that may be the finding's, with its final score."""

    hit: Hit
    score: float
    place: int  # among the store's own hits, which are ranked by source and preferred name
    wording: Wording  # it was found by

    @property
    def broader(self) -> bool:
        """Whether what was looked for says less than the note."""
        return self.wording.broader

    @property
    def match(self) -> str:
        """How it was reached, as written in the result."""
        return "broader" if self.broader else self.hit.match


class Coder:
    """Codes findings by one store and one set of rules; remembers what it has looked up."""

    def __init__(self, store: TerminologyStore, rules: CodingRules, chooser: Chooser | None = None) -> None:
        self._store, self.rules, self._chooser = store, rules, chooser
        self._search = lru_cache(maxsize=_REMEMBERED)(self._ask)
        self._mapped = lru_cache(maxsize=_REMEMBERED)(self._maps)
        self._concept = lru_cache(maxsize=_REMEMBERED)(store.lookup)
        self._has_children = lru_cache(maxsize=_REMEMBERED)(lambda code: bool(store.children(ICD10CM, code)))
        self._site = lru_cache(maxsize=_REMEMBERED)(self._is_site)
        self._set = lru_cache(maxsize=_SETS)(partial(valuesets.named, Service(store=store), at="within"))

    def ruled(self, rules: CodingRules) -> "Coder":
        """The same store and chooser, by other rules."""
        return Coder(self._store, rules, self._chooser)

    def value_set(self, url: str) -> ValueSet:
        """The value set of a URL.

        Raises terminology.fhir.Refusal where the store cannot tell what is in it.
        """
        return self._set(url)

    def code(
        self,
        finding: Finding,
        most: int | None = None,
        languages: tuple[str, ...] = (),
        note: Note | None = None,
        beside: Sequence[Finding] = (),
    ) -> Finding:
        """The finding with its codings, one per system, and at most so many alternatives.

        `languages` are those of the names that may match; none means any. Codes that its words contradict are
        left out, and those that its note or the findings `beside` it there do.
        """
        around = Around(languages=languages, note=note, findings=beside)
        return self._fitting(self._found(finding, most, languages), around)

    def _found(self, finding: Finding, most: int | None, languages: tuple[str, ...]) -> Finding:
        """The finding with what the search gives it."""
        if not self.rules.kinds.get(finding.kind):
            return finding
        candidates = self._candidates(finding, languages)
        return self._coded(finding, candidates, self._sure(candidates), most)

    def explained(self, finding: Finding, languages: tuple[str, ...] = ()) -> Explained:
        """What `code` does with a finding, candidate by candidate; a chooser is not asked."""
        kinds = self.rules.kinds.get(finding.kind, ())
        candidates = self._candidates(finding, languages)
        offered = self._offered(finding, candidates) if self._chooser else []
        return explaining.explained(
            found=self._found(finding, None, languages),
            coded=self.code(finding, languages=languages),
            searched=list(self._searched(finding, kinds, languages)) if kinds else [],
            wordings=list(self._wordings(finding, languages)) if kinds else [],
            candidates=[(one.hit, one.score, one.wording) for one in candidates],
            timely=[self._timely(finding, self._coding(one)) for one in candidates],
            withheld=[
                one
                for one in self._chosen(finding.kind, self._sure(candidates))
                if not self._timely(finding, one)
            ],
            offered=[(one.hit.system, one.hit.code) for one in offered],
            rules=self.rules,
        )

    def code_all(
        self, findings: Sequence[Finding], languages: tuple[str, ...] = (), note: Note | None = None
    ) -> list[Finding]:
        """The same of all findings of a note, where the chooser, if there is one, decides on those unsure.

        Codes that the note contradicts are left out. Without the note only a finding's own words do, and
        nobody is asked. Raises EngineError as the chooser does.
        """
        coded = [self._found(finding, None, languages) for finding in findings]
        if note is not None:
            coded = self._asked(findings, coded, languages, note)
        around = Around(languages=languages, note=note, findings=findings)
        return [self._fitting(one, around) for one in coded]

    def _fitting(self, finding: Finding, around: Around) -> Finding:
        """The finding with the codes that fit when it was, and what its note says around it."""
        timely = past.told(finding, around, self.rules, (self._concept, self._mapped))
        return ambiguous.meant(agreeing.agreeing(timely, around, self.rules), around, self.rules)

    def _asked(
        self, findings: Sequence[Finding], coded: list[Finding], languages: tuple[str, ...], note: Note
    ) -> list[Finding]:
        """The coded findings, those unsure with what the chooser decides."""
        if self._chooser is None:
            return coded
        offers = [self._offered(finding, self._candidates(finding, languages)) for finding in findings]
        unsure = [place for place, offered in enumerate(offers) if offered]
        questions = [(findings[place], tuple(map(self._told, offers[place]))) for place in unsure]
        choices = self._chooser.choose(note, questions) if questions else ()
        for place, chosen in zip(unsure, choices, strict=True):
            coded[place] = self._by_choice(coded[place], offers[place], chosen, languages)
        return coded

    def _by_choice(
        self, finding: Finding, offered: Sequence[Candidate], chosen: Choice, languages: tuple[str, ...]
    ) -> Finding:
        """A finding the search has coded, with what was chosen in place of that."""
        if chosen.outcome == "failed":
            return replace(finding, choice=chosen)
        candidates = self._candidates(finding, languages)
        sure = [] if chosen.index is None else [offered[chosen.index], *candidates]
        return replace(self._coded(finding, candidates, sure, None), choice=chosen)

    def _offered(self, finding: Finding, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The concepts to choose from when the best is unsure, one of those that would be given together."""
        rule = self.rules.choice
        if not candidates or not rule.unsure_from <= candidates[0].score < rule.unsure_below:
            return []
        offered: list[Candidate] = []
        given: set[tuple[str, str]] = set()
        for one in candidates:
            names = {("", one.hit.term.casefold()), ("", one.hit.display.casefold())}
            key = (one.hit.system, one.hit.code)
            likely = one.score >= self.rules.lowest_alternative and self._timely(finding, self._coding(one))
            if likely and key not in given and not names & given:
                offered.append(one)
                given |= {(each.system, each.code) for each in self._mapped(*key)} | names
        return offered[: rule.candidates]

    def _told(self, one: Candidate) -> Concept:
        """A candidate as a chooser sees it: the name that matched first."""
        hit = one.hit
        matched = Term(text=hit.term, language=hit.language, preferred=hit.preferred)
        concept = self._concept(hit.system, hit.code) or Concept(
            system=hit.system, code=hit.code, display=hit.display, kind=hit.kind, version=None, terms=()
        )
        others = tuple(term for term in concept.terms if term.text != hit.term)
        return replace(concept, terms=(matched, *others))

    def _coded(
        self,
        finding: Finding,
        candidates: Sequence[Candidate],
        sure: Sequence[Candidate],
        most: int | None,
    ) -> Finding:
        """The finding with what the first of the sure candidates gives, and the others as alternatives."""
        chosen = [one for one in self._chosen(finding.kind, sure) if self._timely(finding, one)]
        codes = {(coding.system, coding.code) for coding in chosen}
        others = [self._coding(one) for one in candidates if (one.hit.system, one.hit.code) not in codes]
        likely = [coding for coding in others if coding.score >= self.rules.lowest_alternative]
        return replace(
            finding,
            codings=tuple(chosen),
            alternatives=tuple(likely[: self.rules.alternatives if most is None else most]),
        )

    def _timely(self, finding: Finding, coding: Coding) -> bool:
        """Whether a code fits when the finding was: an injury long past is no initial encounter."""
        over = finding.assertion.historical and coding.system == ICD10CM
        return not (over and any(pattern.match(coding.code) for pattern in self.rules.not_historical))

    def _candidates(self, finding: Finding, languages: tuple[str, ...]) -> list[Candidate]:
        """Every concept of every wording, best first; stops at a wording that is found as it stands."""
        kinds = self.rules.kinds.get(finding.kind)
        if not kinds:
            return []
        best: dict[tuple[str, str], Candidate] = {}
        for _, found in self._searched(finding, kinds, languages):
            for one in found:
                key = (one.hit.system, one.hit.code)
                if key not in best or one.score > best[key].score:
                    best[key] = one
        return sorted(best.values(), key=self._rank(finding.kind, kinds, languages[:1]))

    def _searched(
        self, finding: Finding, kinds: tuple[str, ...], languages: tuple[str, ...]
    ) -> Iterator[tuple[Wording, list[Candidate]]]:
        """What each wording finds, up to the first that is found as it stands."""
        sure = False
        for wording in self._wordings(finding, languages):
            if sure and wording.lost:
                break
            hits = enumerate(self._search(wording.text, finding.kind, languages))
            fit = ((place, hit) for place, hit in hits if not wording.lost or hit.match in _AS_IT_STANDS)
            found = [self._judged(hit, place, wording, kinds) for place, hit in fit]
            yield wording, found
            sure = sure or bool(self._sure(found))
            if any(one.hit.match != "fuzzy" for one in self._sure(found)):
                break

    def _wordings(self, finding: Finding, languages: tuple[str, ...]) -> Iterator[Wording]:
        yield from wordings.of(finding, self.rules, languages)
        is_site = partial(self._site, languages=languages)
        yield from wordings.coarse(finding, self.rules, is_site)

    def _is_site(self, text: str, languages: tuple[str, ...]) -> bool:
        """Whether a body site has this name."""
        found = self._store.search(text, kinds=("body_site",), languages=languages, limit=1)
        return bool(found) and found[0].match in _AS_IT_STANDS

    def _ask(self, text: str, kind: str, languages: tuple[str, ...]) -> tuple[Hit, ...]:
        found = self._store.search(
            text,
            kinds=self.rules.kinds[kind],
            languages=languages,
            systems=self.rules.systems[kind],
            limit=self.rules.candidates,
        )
        known = self._is_known(text, self.rules.kinds[kind][0], languages)
        own = languages[:1] if text.isupper() else ()  # "TPN" in French is no English TPN
        taken = any(self._is_known(text, each, own) for each in uncoded.kinds()) if own else False
        return tuple(
            hit
            for hit in found
            if self._is_code(hit.system, hit.code)
            and not (known and _is_namesake(hit, self.rules.kinds[kind]))
            and not (taken and hit.language not in own)
        )

    def _is_known(self, text: str, kind: str, languages: tuple[str, ...]) -> bool:
        """Whether a word names something of this kind that has no code: PTH, the hormone, among tests.

        A name of several words is the same thing in another kind: a urine culture, done.
        """
        plain = " ".join(text.casefold().split())
        return " " not in plain and any(
            (kind, language, plain) in uncoded.named() for language in languages or ("en",)
        )

    def _is_code(self, system: str, code: str) -> bool:
        """Whether a code may be reported: headings of ICD-10-CM, "M75", may not."""
        return system != ICD10CM or not self._has_children(code)

    def _maps(self, system: str, code: str) -> list[Mapping]:
        """What a code is in other systems: plain maps, and map rules that hold whoever the patient is."""
        found = self._store.mappings(system, code)
        for target in sorted({rule.to_system for rule in self._store.rules(system, code)}):
            for one in translate(self._store, system, code, target).targets:
                concept = self._concept(target, one.code)
                display = concept.display if concept else ""
                found.append(Mapping(system=target, code=one.code, display=display, relation="mapped"))
        return [one for one in found if self._is_code(one.system, one.code)]

    def _judged(self, hit: Hit, place: int, wording: Wording, kinds: tuple[str, ...]) -> Candidate:
        score = hit.score - self.rules.broader_penalty * wording.broader
        score -= self.rules.kind_penalty * (hit.kind != kinds[0])
        return Candidate(hit=hit, score=round(max(score, 0.0), 4), place=place, wording=wording)

    def _rank(self, kind: str, kinds: tuple[str, ...], own: tuple[str, ...]) -> Callable[[Candidate], Rank]:
        """Of names that are alike, one of the note's `own` language is meant: "SAB" in German."""
        systems = self.rules.systems[kind]

        def key(one: Candidate) -> Rank:
            hit = one.hit
            foreign = hit.language not in own
            place = (systems.index(hit.system), kinds.index(hit.kind), foreign, one.place)
            return (-one.score, *place, hit.code)

        return key

    def _sure(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        return [one for one in candidates if one.score >= self.rules.threshold]

    def _chosen(self, kind: str, sure: Sequence[Candidate]) -> list[Coding]:
        """The first of these concepts, what it maps to, and equals of it in further systems."""
        if not sure:
            return []
        chosen = {sure[0].hit.system: self._coding(sure[0])}
        for mapping in self._mapped(sure[0].hit.system, sure[0].hit.code):
            if mapping.system in self.rules.systems[kind] and mapping.relation != "narrower":
                chosen.setdefault(mapping.system, self._by_map(mapping, sure[0]))
        for one in sure[1:]:
            if one.hit.match != "fuzzy" and one.hit.term.casefold() == sure[0].hit.term.casefold():
                chosen.setdefault(one.hit.system, self._coding(one))
        held = self.rules.coarse.systems if sure[0].wording.lost else chosen
        return [chosen[one] for one in self.rules.systems[kind] if one in chosen and one in held]

    def _coding(self, one: Candidate) -> Coding:
        concept = self._concept(one.hit.system, one.hit.code)
        return Coding(
            system=one.hit.system,
            code=one.hit.code,
            display=one.hit.display,
            score=one.score,
            match=one.match,
            term=one.hit.term,
            version=concept.version if concept else None,
            kind=one.hit.kind,
        )

    def _by_map(self, mapping: Mapping, source: Candidate) -> Coding:
        concept = self._concept(mapping.system, mapping.code)
        return Coding(
            system=mapping.system,
            code=mapping.code,
            display=mapping.display,
            score=source.score,
            match="broader" if source.broader or mapping.relation == "broader" else "mapped",
            term=source.hit.term,
            version=concept.version if concept else None,
            kind=concept.kind if concept else "",
        )


def _is_namesake(hit: Hit, kinds: tuple[str, ...]) -> bool:
    """Whether a name is another's: of another kind, or another form of the word ("pulses", the pulse)."""
    return hit.match == "normalised" or (hit.match == "exact" and hit.kind != kinds[0])


def assign(
    findings: Sequence[Finding], coder: Coder, languages: tuple[str, ...] = (), note: Note | None = None
) -> Step[Finding]:
    """Every finding, with codes where they are sure; each one left without is noted.

    With their note, the coder's chooser is asked about those unsure; raises EngineError as it does.
    """
    coded = tuple(coder.code_all(findings, languages, note))
    issues = [issue for finding in coded for issue in _issues(finding, coder.rules)]
    return Step(name="coding", kept=coded, left_out=tuple(issues))


def _issues(finding: Finding, rules: CodingRules) -> Iterator[Issue]:
    told = choice.issue(finding)
    if told:
        yield told
    if finding.kind in rules.kinds and not finding.codings and (told is None or told.severity == "warning"):
        yield _no_code(finding)


def _no_code(finding: Finding) -> Issue:
    return Issue(
        code="informational",
        reason="no-code",
        message="No concept was sure enough; the finding keeps its own words.",
        severity="information",
        start=finding.start,
        end=finding.end,
        kind=finding.kind,
    )
