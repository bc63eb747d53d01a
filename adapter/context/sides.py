"""Findings -> the side they are on, where words in or beside them tell it: "left knee effusion".

The words of a language are data (`laterality` in mappings/context). Words inside a mention are its own;
others belong to what they stand right before or behind in their sentence, never past another mention. What is
said to be on one side and on another has none. Must not know codes.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapter.context.phrases import WITHIN, bare, by_first, either, expanded, spelled, tokens_of
from adapter.context.ranges import lowered
from adapter.context.tables import LateralityTable, SideTable
from adapter.model import Attribute, Finding, Note, Side, Span

FAR = 60  # characters between a side and what is on it
YEAR = r"(?:19|20)\d\d"
_WORDS = re.compile(r"(?<=\w)\\ (?=\w)")  # a space between words, in a pattern
_NUMBER = re.compile(r"(?<!\w)\d[\d.,]*\s?\Z")  # "3 L"
_LABEL = re.compile(r"(?:^| )[:,]")
SIGNED = r"[\w./'’-]"  # what no sign for a side stands behind
_SPACE = re.compile(r"\\ ")
MENTION = "\0"  # stands for a mention in what follows a side


@dataclass(frozen=True, slots=True)
class Told:
    """What words tell, and where what they tell it of stands."""

    side: Side | None  # none: they look like a side and are not one ("left ventricle")
    before: bool = False  # they stand before what is on it ("left knee")
    behind: bool = False  # they stand behind it ("Knie links")
    paired: bool = False  # they tell it of parts of the body alone ("both knees")
    of_eyes: bool = False  # they tell it of eyes alone ("OD")


@dataclass(frozen=True, slots=True, kw_only=True)
class SideRules:
    """The words for sides, and what may stand between them and what is on them."""

    kinds: frozenset[str]
    words: re.Pattern[str]  # in the text of a note, in lower case
    signs: re.Pattern[str]  # in the text as written
    told: Mapping[str, Told]  # by words joined by spaces, signs as written
    begun: Sequence[tuple[str, Told]]  # words of which only the beginning is known
    lead: re.Pattern[str]  # from a side to what it stands before
    behind: re.Pattern[str]  # from what is on a side to its words
    led: re.Pattern[str]  # the same, with a word that leads to them ("of the")
    close: re.Pattern[str]  # parts of the body, then the end of the clause
    parts: re.Pattern[str]  # begins with a part of the body
    part: re.Pattern[str]  # ends with one
    other: re.Pattern[str]  # from one side to another of the same thing
    sideless: re.Pattern[str]  # in the words of what has no side
    eyes: re.Pattern[str]  # in the words of what is of the eyes
    joins: frozenset[str]
    unaccented: bool

    def spelled(self, text: str) -> str:
        """The words of a text as the patterns have them."""
        return " ".join(spelled(tokens_of(text), unaccented=self.unaccented))


@dataclass(frozen=True, slots=True)
class _Word:
    """Words for a side, where they stand."""

    start: int
    end: int
    told: Told
    sign: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A note, its findings in text order, and the rules."""

    note: Note
    findings: Sequence[Finding]
    starts: Sequence[int]
    rules: SideRules

    def between(self, start: int, end: int) -> str:
        """What stands there, as the patterns have it."""
        return self.rules.spelled(self.note.text[start:end])

    def follows(self, word: _Word, within: Span) -> str:
        """What follows up to the end of the sentence or the next mention."""
        at = bisect_left(self.starts, word.end)
        roof = min(within.end, self.starts[at] if at < len(self.starts) else within.end)
        rest = self.between(word.end, min(roof, word.end + FAR))
        return f"{rest} {MENTION}" if roof < within.end else rest


def rules(table: LateralityTable | None, *, unaccented: bool) -> SideRules | None:
    """The table of a language, ready to match; none where it has none."""
    if table is None:
        return None
    words, signs = _entries(table)

    def some(phrases: Iterable[str]) -> str:
        return either(phrases, unaccented=unaccented, written=_pattern)

    parts = some(table.parts)
    connect = some(table.connect)
    lead = some((*table.lead, *table.parts))
    joins = some((*table.joins, *table.connect, *table.parts))
    spoken = {
        one: told for phrase, told in words.items() for one in _spellings(phrase, unaccented=unaccented)
    }
    return SideRules(
        kinds=frozenset(table.kinds),
        words=re.compile(_alternatives(spoken, behind=WITHIN, ahead=r"\w")),
        signs=re.compile(_alternatives(signs, behind=SIGNED, ahead=r"[\w/'’-]|\.\w")),
        told={one: told for one, told in (spoken | signs).items() if not one.endswith("*")},
        begun=_begun(spoken),
        lead=re.compile(f"(?:{lead}(?: |$))*"),
        behind=re.compile(f"(?:(?:{connect}|{parts}|{YEAR})(?: |$))*"),
        led=re.compile(f"(?:{parts} )*{connect}(?: (?:{connect}|{parts}))*"),
        close=re.compile(rf"(?:{parts}(?: |$))*(?:$|[.,;:()\]!?–-]|\d)"),
        parts=re.compile(rf"{parts}(?: |$)"),
        part=re.compile(rf"(?:.* )?{parts}"),
        other=re.compile(f"(?:{joins}(?: |$))*"),
        sideless=re.compile(rf"(?:.* )?{some(table.sideless)}(?: .*)?"),
        eyes=re.compile(rf"(?:.* )?{some(table.eyes)}(?: .*)?"),
        joins=frozenset(table.joins),
        unaccented=unaccented,
    )


def sides(
    note: Note, findings: Sequence[Finding], rules: SideRules | None
) -> Mapping[int, Sequence[Attribute]]:
    """The words for the side of each finding that has one, by position; those of a body site are `of` it."""
    if rules is None or not findings:
        return {}
    place = _Place(note, findings, [finding.start for finding in findings], rules)
    found: dict[int, list[Attribute]] = defaultdict(list)
    doubtful: set[int] = set()
    last: tuple[_Word, int] | None = None
    for each in _words(note, rules):
        word = _fitted(place, each)
        home = _home(place, word)
        if home is not None:
            found[home].append(_attribute(note, findings[home], word))
        elif last is not None and _contradicts(place, word, last[0]):
            doubtful.add(last[1])
        last = (word, home) if home is not None else None
    one_side = {home for home, told in found.items() if len({one.side for one in told}) == 1}
    return {home: found[home] for home in sorted(one_side - doubtful)}


def _attribute(note: Note, finding: Finding, word: _Word) -> Attribute:
    site = Span(start=finding.start, end=finding.end) if finding.kind == "body_site" else None
    text = note.text[word.start : word.end]
    return Attribute(
        kind="laterality", start=word.start, end=word.end, text=text, side=word.told.side, of=site
    )


def _contradicts(place: _Place, word: _Word, last: _Word) -> bool:
    """Whether a side that is nothing's goes on from another: "of the left arm and the right leg"."""
    return word.told.side != last.told.side and bool(
        place.rules.other.fullmatch(place.between(last.end, word.start))
    )


def _words(note: Note, rules: SideRules) -> Iterator[_Word]:
    """The words for sides in a note, in text order."""
    spoken = rules.words.finditer(lowered(note.text))
    found = [_Word(*match.span(), _meant(match[0], rules), sign=False) for match in spoken]
    known = [word.start for word in found]
    for match in rules.signs.finditer(note.text):
        at = bisect_left(known, match.end()) - 1
        litres = len(match[0]) == 1 and _NUMBER.search(note.text, max(0, match.start() - 8), match.start())
        if not litres and (at < 0 or found[at].end <= match.start()):
            found.append(_Word(*match.span(), rules.told[" ".join(match[0].split())], sign=True))
    yield from sorted((word for word in found if word.told.side), key=lambda word: (word.start, word.end))


def _meant(words: str, rules: SideRules) -> Told:
    name = rules.spelled(words)
    known = rules.told.get(name)
    return known or next(told for begin, told in rules.begun if name.startswith(begin))


def _fitted(place: _Place, word: _Word) -> _Word:
    """The part of a word that a mention holds, without its preposition or full stop: "on the [left knee]"."""
    at = bisect_left(place.starts, word.end) - 1
    if at < 0:
        return word
    finding, rules = place.findings[at], place.rules
    if word.start < finding.start < word.end <= finding.end:
        leads = rules.behind.fullmatch(place.between(word.start, finding.start))
        return replace(word, start=finding.start) if leads else word
    if finding.start <= word.start < finding.end < word.end:
        rest = any(map(str.isalnum, place.note.text[finding.end : word.end]))
        return word if rest else replace(word, end=finding.end)
    return word


def _home(place: _Place, word: _Word) -> int | None:
    """The finding that is on the side a word tells."""
    note, findings, told = place.note, place.findings, word.told
    within = _within(note, word)
    after = bisect_left(place.starts, word.end)
    around = [one for one in range(max(0, after - 4), after) if findings[one].end > word.start]
    if around:
        return _inside(place, word, around)
    behind = _behind(place, word, after - 1, within) if told.behind or told.of_eyes else None
    if behind is not None or not (told.before or told.of_eyes or told.paired):
        return behind
    ahead = _ahead(place, word, after, within)
    return ahead if ahead is not None or told.of_eyes else _led(place, word, after - 1, within)


def _within(note: Note, word: _Word) -> Span:
    """The sentence of a word; the full stop of an abbreviation that opens it does not end it: "Bds. RG"."""
    within = note.sentence_at(word.start)
    rest = note.text[word.end :].lstrip(" ")
    if word.start > within.start or word.end < within.end or not rest or rest[0] == "\n":
        return within
    return Span(start=within.start, end=note.sentence_at(len(note.text) - len(rest)).end)


def _inside(place: _Place, word: _Word, around: Sequence[int]) -> int | None:
    """The shortest mention around a word; none that names several things, of which it may be said of one."""
    findings, rules = place.findings, place.rules
    whole = [one for one in around if findings[one].start <= word.start and word.end <= findings[one].end]
    home = min(whole, key=lambda one: findings[one].end - findings[one].start, default=None)
    if home is None or findings[home].kind not in rules.kinds:
        return None
    finding = findings[home]
    if rules.joins & set(rules.spelled(finding.text).split()):
        return None
    return home if finding.kind == "body_site" or _clear(place, word, finding) else None


def _clear(place: _Place, word: _Word, finding: Finding) -> bool:
    """Whether a word inside a name tells the side of what else it names, where it may mean something else."""
    rules = place.rules
    if (finding.start, finding.end) == (word.start, word.end):
        return False
    if word.told.of_eyes:
        return rules.eyes.fullmatch(rules.spelled(finding.text)) is not None
    if not (word.sign or word.told.paired):
        return True
    part_after = rules.parts.match(place.between(word.end, finding.end)) is not None
    part_before = rules.part.fullmatch(place.between(finding.start, word.start)) is not None
    return part_after or (part_before and not word.told.paired)


def _fits(place: _Place, at: int, word: _Word) -> bool:
    """Whether a finding can have a side, and the one that these words tell."""
    finding, rules = place.findings[at], place.rules
    name = rules.spelled(finding.text)
    if finding.kind not in rules.kinds or rules.sideless.fullmatch(name):
        return False
    return not word.told.of_eyes or rules.eyes.fullmatch(name) is not None


def _before(place: _Place, word: _Word, at: int, within: Span) -> bool:
    """Whether a finding stands before a word and ends in its sentence, which "Dig. II" may seem to begin."""
    if at < 0:
        return False
    finding = place.findings[at]
    return finding.end > within.start and word.start - finding.end <= FAR and _fits(place, at, word)


def _behind(place: _Place, word: _Word, at: int, within: Span) -> int | None:
    """The finding before words that stand behind what they speak of; after a comma they end the clause."""
    if not _before(place, word, at, within):
        return None
    gap = place.between(place.findings[at].end, word.start)
    closed = not gap.startswith(",") or place.rules.close.match(place.follows(word, within))
    return at if closed and place.rules.behind.fullmatch(gap.lstrip(", ")) else None


def _ahead(place: _Place, word: _Word, at: int, within: Span) -> int | None:
    """The finding that words stand before."""
    if at >= len(place.findings) or place.starts[at] > min(within.end, word.end + FAR):
        return None
    finding, rules = place.findings[at], place.rules
    gap = place.between(word.end, finding.start)
    if not any(
        map(str.isalnum, place.note.text[within.start : word.start])
    ):  # a label: "Right knee: swollen"
        gap = _LABEL.sub("", gap)
    if not rules.lead.fullmatch(gap) or not _fits(place, at, word):
        return None
    named = finding.kind == "body_site" or rules.parts.match(place.between(word.end, finding.end))
    return at if named or not word.told.paired else None


def _led(place: _Place, word: _Word, at: int, within: Span) -> int | None:
    """The finding that leads to words before a part of the body, or is closed by them: "tear, left knee"."""
    if not _before(place, word, at, within):
        return None
    rules, follows = place.rules, place.follows(word, within)
    if word.told.paired and not rules.parts.match(follows):
        return None
    gap = place.between(place.findings[at].end, word.start)
    if gap in ("", ","):
        return at if rules.close.match(follows) else None
    goes_on = follows[:1].isalpha() and follows.split()[0] not in rules.joins
    return at if goes_on and rules.led.fullmatch(gap.lstrip(", ")) else None


def _entries(table: LateralityTable) -> tuple[dict[str, Told], dict[str, Told]]:
    """What each phrase tells, and each sign, which is all capitals."""
    words: dict[str, Told] = {}
    signs: dict[str, Told] = {}
    listed: dict[Side, SideTable] = {"right": table.right, "left": table.left, "both": table.both}
    for side, told in listed.items():
        for phrase in dict.fromkeys((*told.before, *told.behind, *told.paired, *told.eyes)):
            entry = Told(
                side,
                before=phrase in told.before,
                behind=phrase in told.behind,
                paired=phrase in told.paired,
                of_eyes=phrase in told.eyes,
            )
            (signs if phrase.isupper() else words)[phrase] = entry
    return words | dict.fromkeys(table.no, Told(None)), signs


def _spellings(phrase: str, *, unaccented: bool) -> set[str]:
    """The wordings of a phrase, words joined by spaces."""
    found = {" ".join(tokens) for tokens in expanded(phrase)}
    return found | {bare(one) for one in found} if unaccented else found


def _begun(words: Mapping[str, Told]) -> list[tuple[str, Told]]:
    """Words of which only the beginning is known, the longest first."""
    begun = [(one[:-1].strip(), told) for one, told in words.items() if one.endswith("*")]
    return sorted(begun, key=lambda one: (-len(one[0]), one[0]))


def _alternatives(phrases: Iterable[str], *, behind: str, ahead: str) -> str:
    """Finds one of these, the longest first, with any space between words; a letter not before a number."""
    listed = sorted(phrases, key=lambda one: (-len(one), one))
    told = (_spaced(one) + (r"(?!\s?\d)" if len(one) == 1 else "") for one in listed)
    return by_first(told, behind=behind, ahead=ahead)


def _spaced(phrase: str) -> str:
    return _SPACE.sub(r"\\s*", _WORDS.sub(r"\\s+", _pattern(phrase)))


def _pattern(phrase: str) -> str:
    anywhere = re.escape(phrase).replace("\\ \\*", r"\w*").replace("\\*\\ ", r"\w*")
    return anywhere.replace("'", "['’]")
