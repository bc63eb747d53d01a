"""Words somebody typed -> what coding does with them, candidate by candidate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.errors import EngineError, InputError
from adapter.model import Assertion, Attribute, Coding, Finding, primary
from adapter.pipeline import Pipeline
from adapter.workbench.bench import Bench
from adapter.workbench.trying import LANGUAGES
from terminology import Hit, Store
from terminology.comparison import Comparison
from terminology.fhir import Service

LONGEST = 300  # characters of a mention
MATCHES: Mapping[str, str] = {
    "exact": "the same name",
    "normalised": "the same name but for case, accents, plural or hyphens",
    "fuzzy": "a name much like it",
    "broader": "a broader name",
    "dense": "a name of like meaning",
    "mapped": "by a map of the concept found",
}
SIGNS: Mapping[str, str] = {"": "", "+": "+ ", "-": "− ", "x": "× "}
FATES: Mapping[str, str] = {
    "chosen": "chosen",
    "given too": "given too: the same concept in another system",
    "past": "not given for what is past",
    "contradicted": "not given: the words say otherwise",
    "system": "not chosen: a better concept of its system is given",
    "other": "not chosen: another name than the chosen concept's",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """What is looked for: words of a note, as the stages before coding would hand them on."""

    text: str = ""
    language: str = "en"
    kind: str = "condition"
    site: str = ""  # the body site said beside it
    past: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A candidate as it is shown."""

    hit: Hit
    score: float
    parts: tuple[tuple[str, float], ...]  # what the score is made of
    how: str  # the name matched, in words
    read: Comparison | None  # None where the store does not tell
    wording: str  # it was found by, where that is not the mention itself
    source: str  # that the name is from
    fate: str
    chosen: bool
    offered: bool  # to a language model, where one is set up


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What coding does with a mention."""

    codings: tuple[tuple[Coding, str], ...]  # with how each was reached
    withheld: tuple[Coding, ...]  # that are not given for what is past
    contradicted: tuple[Coding, ...]  # that its words contradict
    rows: tuple[Row, ...]
    wordings: tuple[tuple[str, bool, int | None], ...]  # text, whether broader, how many concepts
    kinds: tuple[str, ...]
    systems: tuple[str, ...]
    languages: tuple[str, ...]
    threshold: float
    best: float


def read(form: Mapping[str, str]) -> Mention:
    """What a form looks for. InputError for what no page of ours sends."""
    text = " ".join(form.get("text", "").split())
    language = form.get("language", "en")
    if language not in LANGUAGES or not language:
        raise InputError("this language is not among those offered", path="language")
    if max(len(text), len(form.get("site", ""))) > LONGEST:
        raise InputError(
            f"only up to {LONGEST} characters are looked for: a mention, not a note", path="text"
        )
    return Mention(
        text=text,
        language=language,
        kind=form.get("kind", "condition"),
        site=" ".join(form.get("site", "").split()),
        past=bool(form.get("past")),
    )


def kinds(bench: Bench) -> Sequence[str]:
    """The kinds of mentions that are coded."""
    return tuple(bench.pipeline.coder.rules.kinds) if bench.pipeline else ()


def found(bench: Bench, service: Service, mention: Mention) -> Found:
    """What coding does with it: exactly what it would do with such a mention of a note."""
    line = _line(bench)
    if mention.kind not in line.coder.rules.kinds:
        raise InputError("mentions of this kind are not coded", path="kind")
    told = line.explained(_finding(mention), mention.language)
    store = service.store if isinstance(service.store, Store) else None
    names = tuple(one.name for one in service.store.manifest.sources)
    languages = tuple(dict.fromkeys((primary(mention.language), "en")))
    rows = tuple(
        Row(
            hit=one.hit,
            score=one.score,
            parts=tuple(_parts(one.hit.score, one.kind_penalty, one.broader_penalty)),
            how=MATCHES.get(one.hit.match, one.hit.match),
            read=store.compared(one.wording.text, one.hit, languages) if store else None,
            wording=one.wording.text if one.wording.text != mention.text else "",
            source=names[one.hit.source] if one.hit.source < len(names) else "",
            fate=FATES.get(one.fate) or _below(one.fate, one.score, told.threshold, told.lowest_alternative),
            chosen=one.fate in ("chosen", "given too"),
            offered=one.offered,
        )
        for one in told.candidates
    )
    return Found(
        codings=tuple((one, MATCHES.get(one.match, one.match)) for one in told.finding.codings),
        withheld=told.withheld,
        contradicted=told.contradicted,
        rows=rows,
        wordings=tuple((one.wording.text, one.wording.broader, one.found) for one in told.searched),
        kinds=told.kinds,
        systems=told.systems,
        languages=languages,
        threshold=told.threshold,
        best=told.candidates[0].score if told.candidates else 0.0,
    )


def _line(bench: Bench) -> Pipeline:
    if bench.pipeline is None:
        raise EngineError("This process codes no notes: other processes do the work.")
    return bench.pipeline


def _finding(mention: Mention) -> Finding:
    end = len(mention.text)
    site = Attribute(kind="body_site", start=end, end=end + len(mention.site), text=mention.site)
    return Finding(
        start=0,
        end=end,
        text=mention.text,
        kind=mention.kind,
        confidence=1.0,
        assertion=Assertion(historical=mention.past),
        attributes=(site,) if mention.site else (),
    )


def _parts(hit: float, kind: float, broader: float) -> list[tuple[str, float]]:
    parts = [("of the name", hit)]
    parts += [("not the first kind", -kind)] if kind else []
    return parts + ([("says less than the mention", -broader)] if broader else [])


def _below(fate: str, score: float, threshold: float, lowest: float) -> str:
    """What became of a candidate that is not sure enough."""
    said = f"below {threshold:.2f}"
    if fate == "below":
        return f"{said}: kept as an alternative"
    return f"{said}; not kept: {f'below {lowest:.2f} too' if score < lowest else 'enough others are better'}"
