"""mappings/dates/<language>.toml, compiled: where a text speaks of a time, and in which words.

An expression is a core ("March 2019", "three weeks", "yesterday") with the cue before it ("since") or the
trail after it ("ago") that says what the time is to whatever it belongs to. What it belongs to is for
`dates` to say, which day it is for `moments`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import mappings
from adapter.context.phrases import in_text

Sort = Literal["date", "span", "shift", "words", "age"]
Means = Literal["at", "start", "end", "diagnosed", "ago", "earlier", "lasting", "other"]
Unit = Literal["hour", "day", "week", "month", "year"]
ATTACHMENT = "attachment"  # the one file that is no language's
AROUND = 32  # characters beside an anchor in which an expression is looked for
LEAD = 48  # the most characters a cue may have
LONGEST = 4_000  # of a stretch that is read as one
NUMERIC = r"(?:19|20)\d\d(?!\d)|\d[./-] ?\d\d?[./-]|\d(?<!\d\d\d)[/-]\d\d?(?![\d/-])"
PARTS = {
    "y": r"(?:19|20)\d\d",
    "yy": r"\d\d",
    "m": r"(?:1[0-2]|0?[1-9])",
    "d": r"(?:3[01]|[12]\d|0?[1-9])",
    "a": r"(?:3[01]|[12]\d|0?[1-9])",
    "b": r"(?:3[01]|[12]\d|0?[1-9])",
}


class Form(mappings.Table):
    """How a core is written; `{y}`, `{m}`, `{d}`, `{month}`, `{n}`, `{unit}` and the like are its parts."""

    pattern: str
    sort: Sort = "date"
    bare: bool = True  # it may stand without a cue
    anchors: tuple[
        str, ...
    ] = ()  # words one of which is in it, where it has none of the parts that are found
    unit: Unit | None = None  # of a shift: the unit that is counted
    back: int | None = None  # of a shift: how many of them
    family: bool = False  # only of a relative
    observed: bool = False  # when something is seen, not when it began ("today")
    means: Means | None = None  # what it says without a cue


class CueWords(mappings.Table):
    """Words before a core, or after it, that say what the time is."""

    means: Means
    of: tuple[Sort, ...]
    words: tuple[str, ...]


class TimeFile(mappings.Table):
    """mappings/dates/<language>.toml."""

    version: int
    months: tuple[tuple[str, ...], ...]
    weekdays: tuple[tuple[str, ...], ...]
    numbers: Mapping[str, int]
    vague: tuple[str, ...]
    ranges: tuple[str, ...]
    hedges: tuple[str, ...]
    units: Mapping[Unit, tuple[str, ...]]
    short: Mapping[Unit, tuple[str, ...]]
    form: tuple[Form, ...]
    cue: tuple[CueWords, ...]
    trail: tuple[CueWords, ...]
    blocks: tuple[str, ...]
    finding_blocks: tuple[str, ...]
    breaks: tuple[str, ...]
    then: tuple[str, ...]
    opens: tuple[str, ...]
    skips: tuple[str, ...]
    diagnosed: tuple[str, ...]
    weak: tuple[str, ...]
    joins: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """Words of a text that tell a time, in full: cue, core and trail."""

    start: int
    end: int
    form: Form
    means: Means | None  # None: only the core stands there
    parts: Mapping[str, str]
    after: bool = False  # it speaks of what follows it ("a 3-week history of")
    hedged: bool = False  # "about", "more than"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRules:
    """The time words of one language, ready to find."""

    language: str
    table: TimeFile
    anchors: tuple[str, ...]  # lower case; each core has one, or what `numeric` finds
    family_anchors: tuple[str, ...]
    anchored: re.Pattern[str]  # the words that anchors begin
    numeric: re.Pattern[str]
    core: re.Pattern[str]
    cues: tuple[tuple[CueWords, re.Pattern[str]], ...]
    trails: tuple[tuple[CueWords, re.Pattern[str]], ...]
    hedge: re.Pattern[str]
    blocks: re.Pattern[str]
    finding_blocks: re.Pattern[str]  # at the end of what stands before a finding
    breaks: re.Pattern[str]
    then: re.Pattern[str]
    opens: re.Pattern[str]
    skips: re.Pattern[str]
    diagnosed: re.Pattern[str]  # at the end of what stands before a finding
    joins: re.Pattern[str]
    reasons: re.Pattern[str]
    numbers: Mapping[str, int]
    units: Mapping[str, Unit]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]


def languages(files: mappings.Files = mappings.SHIPPED) -> tuple[str, ...]:
    """The languages whose time words are known."""
    found = (name.removeprefix("dates/").removesuffix(".toml") for name in files.names("dates"))
    return tuple(name for name in found if name != ATTACHMENT)


def load(language: str, files: mappings.Files = mappings.SHIPPED) -> TimeRules:
    """The time words of a language, by its primary tag.

    Raises mappings.MappingError naming file and key.
    """
    name = f"dates/{language}.toml"
    table = files.read(name, TimeFile)
    try:
        return _compiled(language, table)
    except re.error as error:
        raise mappings.MappingError(f"{name}: not a regular expression: {error}") from error


def places(text: str, rules: TimeRules, family: bool = True) -> list[int]:
    """Where a core may stand, in order: cheap, so that most of a text is never looked at closely.

    Without `family` what is only said of relatives is not looked for.
    """
    lower = small(text)
    found = [match.start() for match in rules.numeric.finditer(lower)]
    for word in (*rules.anchors, *rules.family_anchors) if family else rules.anchors:
        at = lower.find(word)
        while at >= 0:
            if (at == 0 or not lower[at - 1].isalpha()) and rules.anchored.match(lower, at):
                found.append(at)
            at = lower.find(word, at + len(word))
    return sorted(found)


def find(
    text: str, low: int, high: int, rules: TimeRules, near: Sequence[int] | None = None
) -> list[Expression]:
    """The expressions in a stretch of a text, in order, not overlapping; `near` are the `places` in it."""
    high = min(high, low + LONGEST)
    near = [low + at for at in places(text[low:high], rules)] if near is None else near
    found: list[Expression] = []
    for start, end in _windows(text, low, high, near):
        for match in rules.core.finditer(text, start, end):
            one = _expression(text, match, low, high, rules)
            if one is not None and (not found or one.start >= found[-1].end):
                found.append(one)
    return found


def whole(text: str, rules: TimeRules) -> Expression | None:
    """The expression that a text is, if it is nothing else."""
    bare = text.strip(" \t\n,;()")
    low = text.find(bare)
    found = find(text, 0, len(text), rules) if bare else []
    if len(found) != 1 or (found[0].start, found[0].end) != (low, low + len(bare)):
        return None
    return found[0]


def small(text: str) -> str:
    """Lower case, letter by letter: as long as the text."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(letter.lower()[0] for letter in text)


def _windows(text: str, low: int, high: int, near: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The parts of a stretch in which a core may stand."""
    held: tuple[int, int] | None = None
    for place in near:
        if place >= high:
            break
        start, end = _at_word(text, max(low, place - AROUND), low), min(high, place + AROUND)
        if held is not None and start <= held[1]:
            held = (held[0], end)
            continue
        if held is not None:
            yield held
        held = (start, end)
    if held is not None:
        yield held


def _at_word(text: str, at: int, low: int) -> int:
    """A place at or before this one that is not inside a word, if there is one near."""
    for start in range(at, max(low, at - 20), -1):
        if not text[start - 1].isalnum():
            return start
    return at


def _expression(text: str, match: re.Match[str], low: int, high: int, rules: TimeRules) -> Expression | None:
    index = int((match.lastgroup or "f0")[1:])
    form = rules.table.form[index]
    parts = {
        name.rpartition("_")[0]: value
        for name, value in match.groupdict().items()
        if value is not None and name.endswith(f"_{index}")
    }
    start, hedged = _hedge(text, match.start(), low, rules)
    cue, start = _cue(text, start, low, form, rules)
    trail, end = _trail(text, match.end(), high, form, rules)
    told = _meaning(form, cue or form.means, trail)
    if told is False:
        return None
    return Expression(
        start=start,
        end=end,
        form=form,
        means=told,
        parts=parts,
        after=trail == "lasting",
        hedged=hedged,
    )


def _meaning(form: Form, cue: Means | None, trail: Means | None) -> Means | Literal[False] | None:
    """What cue and trail say together; False where the core says no time like this."""
    if form.sort != "span":
        told = cue or trail
        return told if told or form.bare else False
    if trail in ("ago", "earlier"):
        return trail if cue in (None, "start", "at", "lasting") else cue
    return "lasting" if cue == "start" else cue or trail or False


def _hedge(text: str, at: int, low: int, rules: TimeRules) -> tuple[int, bool]:
    match = rules.hedge.search(text[max(low, at - LEAD) : at])
    return (at - len(match[0]), True) if match else (at, False)


def _cue(text: str, at: int, low: int, form: Form, rules: TimeRules) -> tuple[Means | None, int]:
    """What the words before a core say, and where they begin; the longest words win."""
    before = text[max(low, at - LEAD) : at]
    best: tuple[int, Means] | None = None
    for cue, pattern in rules.cues:
        match = pattern.search(before) if form.sort in cue.of else None
        if match is not None and (best is None or len(match[0]) > best[0]):
            best = (len(match[0]), cue.means)
    return (best[1], at - best[0]) if best else (None, at)


def _trail(text: str, at: int, high: int, form: Form, rules: TimeRules) -> tuple[Means | None, int]:
    for trail, pattern in rules.trails:
        match = pattern.match(text, at, high) if form.sort in trail.of else None
        if match is not None:
            return trail.means, match.end()
    return None, at


def _compiled(language: str, table: TimeFile) -> TimeRules:
    units = {word: unit for unit, words in [*table.units.items(), *table.short.items()] for word in words}
    shorts = [word for words in table.short.values() for word in words]
    numeric = NUMERIC + (rf"|\d[ -]?(?:{in_text(shorts)})\b" if shorts else "")
    return TimeRules(
        language=language,
        table=table,
        anchors=_anchors(table),
        family_anchors=tuple({word for form in table.form if form.family for word in form.anchors}),
        anchored=re.compile(_anchored(table)),
        numeric=re.compile(numeric),
        core=re.compile(rf"(?<![\w.,/-])(?:{_forms(table)})(?!\w|[.,/-]\d)", re.IGNORECASE),
        cues=tuple((cue, _before(cue.words)) for cue in table.cue),
        trails=tuple((trail, _after(trail.words)) for trail in table.trail),
        hedge=_before(table.hedges),
        blocks=_word(table.blocks),
        finding_blocks=_before(table.finding_blocks),
        breaks=_word(table.breaks),
        then=_word(table.then),
        opens=_before(table.opens),
        skips=_word(table.skips),
        diagnosed=_before(table.diagnosed),
        joins=_word(table.joins),
        reasons=_before(table.reasons),
        numbers={small(word): number for word, number in table.numbers.items()},
        units=units,
        months={name: number for number, names in enumerate(table.months, 1) for name in names},
        weekdays={name: day for day, names in enumerate(table.weekdays) for name in names},
    )


def _forms(table: TimeFile) -> str:
    """All forms in order; those that begin alike are behind one look at the first letter, for speed."""
    written = [
        (_first(form.pattern), f"(?P<f{index}>{_written(form.pattern, index, table)})")
        for index, form in enumerate(table.form)
    ]
    groups = ((first, [form for _, form in own]) for first, own in groupby(written, key=lambda one: one[0]))
    return "|".join(f"{first}(?:{'|'.join(forms)})" for first, forms in groups)


def _first(pattern: str) -> str:
    """A look at the first letter, where the pattern tells what it must be."""
    if re.match(r"\{(?:y|m|d|a)\}|0", pattern):
        return r"(?=\d)"
    return r"(?=[^\W\d])" if re.match(r"[^\W\d]|\{(?:month|weekday)\}", pattern) else ""


def _written(pattern: str, index: int, table: TimeFile) -> str:
    """The pattern of a form as a regular expression whose groups bear its number."""
    long = [word for words in table.units.values() for word in words]
    shorts = [word for words in table.short.values() for word in words]
    count = rf"\d{{1,3}}|{in_text([*table.numbers, *table.vague])}"
    between = rf"\s?(?:{in_text(table.ranges)})\s?"
    parts = {
        **{name: rf"(?P<{name}_{index}>{part})" for name, part in PARTS.items()},
        "month": rf"(?P<month_{index}>{in_text([name for names in table.months for name in names])})",
        "weekday": rf"(?P<weekday_{index}>{in_text([name for names in table.weekdays for name in names])})",
        "n": rf"(?P<n_{index}>{count})(?:{between}(?P<to_{index}>{count}))?",
        "unit": rf"(?P<unit_{index}>{in_text(long)})",
        "short": rf"(?P<unit_{index}>{in_text(shorts)})\b\.?",
        "age": rf"(?P<age_{index}>1[01]\d|[1-9]?\d)",
    }
    return _spaced(re.sub(r"\{([a-z]+)\}", lambda match: parts[match[1]], pattern))


def _anchors(table: TimeFile) -> tuple[str, ...]:
    """As few words as possible, one of which is in every core that is not found by its digits."""
    words = {word for names in (*table.units.values(), *table.months, *table.weekdays) for word in names}
    words |= {word for form in table.form if not form.family for word in form.anchors}
    kept: list[str] = []
    for word in sorted(words, key=lambda one: (len(one), one)):
        if not any(word.startswith(short) for short in kept):
            kept.append(word)
    return tuple(kept)


def _anchored(table: TimeFile) -> str:
    """Units, months and weekdays as whole words; what forms name, as the beginning of one."""
    whole = [word for names in (*table.units.values(), *table.months, *table.weekdays) for word in names]
    begun = [word for form in table.form for word in form.anchors]
    return rf"(?:{in_text(whole)})(?!(?!\d)\w|-?old)|(?:{in_text(begun)})"


def _spaced(pattern: str) -> str:
    """A pattern in which a space is any white space; " ?" is none or one."""
    return pattern.replace(" ?", r"\s?").replace(" ", r"\s+")


def _before(words: Sequence[str]) -> re.Pattern[str]:
    """Patterns that end where a core begins."""
    return re.compile(rf"(?<!\w)(?:{_spaced('|'.join(words))})\s*$", re.IGNORECASE)


def _after(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{_spaced('|'.join(words))})(?!\w)", re.IGNORECASE)


def _word(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_spaced('|'.join(words))})(?!\w)", re.IGNORECASE)
