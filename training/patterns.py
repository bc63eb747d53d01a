"""Patterns for what no word list can hold: doses, routes, frequencies, durations, forms, ages, results.

Each function takes the text and the spans known so far and gives back spans of its own kind; a number is only
labelled beside the drug or test that it belongs to.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from training.examples import Span

NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen"
    r"|fifteen|sixteen|seventeen|eighteen|nineteen"
    r"|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-(?:one|two|three|four|five"
    r"|six|seven|eight|nine))?)"
)
COUNT = rf"(?:\d+(?:\s?1/2|/\d|\.\d+)?|{NUMBER_WORD}|a half|half(?: a)?|one-half)"
AGE = re.compile(
    rf"\b(?:\d{{1,3}}|{NUMBER_WORD}(?:-and-a-half)?)(?:\s+1/2)?[\s-]{{1,2}}(?:year|yr|month|mo"
    rf"|week|wk|day)s?[\s-]{{1,2}}old\b"
    r"|\b\d{1,3}\s?-?(?:y/o|y\.o\.?|yo|yr/o|yrs?/o)(?!\w)"
    r"|(?<=aged )\d{1,3}\b(?! (?:mg|to|and))|\bage(?: of)? \d{1,3}\b(?=[,.; ] ?(?:male|female"
    r"|man|woman|who))",
    re.I,
)
GENDER = re.compile(
    r"[\s,-]{1,3}(?:(?:[A-Za-z]+(?:-[A-Za-z]+)?[\s,]{1,2}){0,4}?)(male|female|man|woman"
    r"|gentleman|lady|boy|girl|M|F)\b(?!')"
)
RELATIVE = re.compile(
    r"\b(?:mother|father|son|daughter|brother|sister|wife|husband|aunt|uncle|cousin|child"
    r"|children|siblings?|grand\w+|nephew|niece|mom|dad)\b"
    r"[^.]{0,30}$",
    re.I,
)
UNIT = (
    r"(?:mg(?:/(?:kg|day|hr|h|mL|m2))?|milligrams?|mcg(?:/(?:hr|kg|min|h))?|micrograms?|µg|ug|gm"
    r"|grams?|g|units?(?:/hr)?|IU|mEq|meq|milliequivalents|mL|ml|cc|mmol|%)"
)
AMOUNT = (
    r"(?:tablets?|tabs?|capsules?|caps?|caplets?|pills?|puffs?|drops?|gtts?|sprays?|patch(?:es)?"
    r"|vials?|teaspoons?|tsp|tablespoons?"
    r"|inhalations?|suppositor(?:y|ies)|ampules?|packets?|lozenges?|applications?)"
)
DOSE = re.compile(
    rf"(?<![\w./-])\d[\d,]*(?:\.\d+)?(?:\s?(?:-|to|/)\s?\d[\d,.]*)*(?:\s|-)?{UNIT}(?![\w])"
    rf"(?:/\d[\d.]*\s?{UNIT}(?!\w))?|\b{COUNT}(?:\s?(?:-|to)\s?{COUNT})?\s{AMOUNT}\b"
    rf"|(?<=\s)\d+(?:/\d+)\b(?=\s(?:p\.?o|one|\d|tab|q|b\.?i|daily))",
    re.I,
)
ROUTE = re.compile(
    r"(?<![\w.])(?:p\.\s?o\.|po\b|by mouth|orally|i\.v\.|IV(?:\s?(?:push|PB|drip|bolus))?\b"
    r"|intravenous(?:ly)?\b|i\.m\.|IM\b|intramuscular(?:ly)?\b"
    r"|subcutaneous(?:ly)?\b|sub-?q\b|s\.?c\.(?=\s)|SQ\b|SC\b|subcu\b|sublingual(?:ly)?\b|s\.l\."
    r"|SL\b|p\.r\.(?!n)|per rectum|rectally"
    r"|topical(?:ly)?\b|intranasal(?:ly)?\b|intrathecal(?:ly)?\b|inhaled\b|via nebulizer"
    r"|by nebulizer|nebulized\b|per (?:G|NG|PEG)[- ]?tube|via (?:G|NG|PEG)[- ]?tube"
    r"|transdermal(?:ly)?\b"
    r"|each nostril|in each nostril|to (?:the )?affected areas?|ophthalmic(?:ally)?\b)",
    re.I,
)
EVERY = (
    rf"(?:every|each|q\.?)\s?(?:{COUNT}(?:\s?(?:-|to)\s?{COUNT})?\s?-?)?\s?(?:hours?|hrs?|h|hs"
    rf"|days?|d|weeks?|wk|months?|minutes?|min|am|pm|morning|evening|night|noc|bedtime|a\.m|p\.m"
    rf"|other day|shift"
    rf"|{NUMBER_WORD} (?:to {NUMBER_WORD} )?hours)\b(?!\.\s?s\b)(?:\.(?=\s[a-z,]))?"
)
TIMES = (
    rf"(?:once|twice|{NUMBER_WORD}\stimes|\d+\s?(?:times|x)|once or twice|x\s?\d+)\s?(?:a|per"
    rf"|every|each|/)?\s?(?:day|daily|week|weekly|month|monthly|night)"
)
WHEN = (
    r"(?:at bedtime|at night|nightly|daily|once daily|weekly|once weekly|monthly|q\.\s?day\b"
    r"|q\.?\s?d\.(?!\w)|qd\b|qday\b|q\.?\s?h\.?\s?s\.?(?!\w)|qhs\b|q\.\s?a\.m\.|q\.\s?p\.m\."
    r"|qam\b|qpm\b|q\.o\.d\.|qod\b|b\.?\s?i\.?\s?d\b\.?|t\.?\s?i\.?\s?d\b\.?"
    r"|q\.?\s?i\.?\s?d\b\.?|q\.?\s?a\.?\s?c\b\.?|a\.c\.|before meals(?: and at bedtime)?"
    r"|with meals|after meals|in the (?:morning|evening)|every (?:morning|evening|night|day"
    r"|other day)|on call|stat\b)"
)
NEEDED = r"(?:as needed|p\.?\s?r\.?\s?n\b\.?|when necessary|as directed)"
FREQUENCY = re.compile(
    rf"(?<![\w.])(?:(?:{EVERY}|{TIMES}|{WHEN})(?:(?:\sand|,)?\s(?:{NEEDED}))?|{NEEDED})(?!\w)", re.I
)
CLEAR_FREQUENCY = re.compile(
    r"^(?:[bt]\.?\s?i\.?\s?d|q\.?\s?\d|q\.|qd|qhs|qam|qpm|qod|q\.?i\.?d|p\.?\s?r\.?\s?n)", re.I
)
DURATION = re.compile(
    rf"(?<!\w)(?:for|x|times)\s(?:a total of |the next |another |about )?(?:{COUNT}(?:\s?(?:-"
    rf"|to)\s?{COUNT})?|several|a)(?:\smore|\sadditional)?[\s-](?:days?|weeks?|months?)\b"
    rf"|\bx\d+\s?(?:days?|d|weeks?|wks?)\b",
    re.I,
)
FORM = re.compile(
    r"\b(?:tablets?|tabs?|capsules?|caps|inhaler|MDI|HFA|nebulizer|nebs?|patch(?:es)?|drops"
    r"|eye drops|ear drops|cream|ointment|gel|lotion|spray|nasal spray|nasal drops"
    r"|suspension|solution|syrup|elixir|suppositor(?:y|ies)|injection|drip|infusion|powder"
    r"|shampoo|lozenges?|mouthwash|foam|swish and swallow|pills?)\b",
    re.I,
)
LINK = (
    r"(?:\s?[:=]\s?|\s?,\s?|\s(?:level\s|count\s|today\s)?(?:(?:is|was|of|at|were|are|has been"
    r"|showed|came back|came back at|returned|measures|measured|on admission(?: was| is)?"
    r"|today(?: was| is)?"
    r"|down to|up to|around|about|approximately|in the)\s)+|\s-\s|\s)"
)
RESULT_UNIT = (
    r"(?:\s?(?:mg/dL|g/dL|gm/dL|mg/dl|mmol/L|mEq/L|ng/mL|pg/mL|U/L|IU/L|mIU/L|mm\s?Hg|mmHg|%"
    r"|percent|bpm|beats(?: per minute|/min)|degrees(?: (?:Fahrenheit|Celsius|F|C))?\b|°\s?[FC]?"
    r"|K/uL|seconds"
    r"|(?:on|at) room air|[FC]\b|lbs?\b|pounds|kg\b|kilograms|cm\b|inches|feet|mL/min(?!\w)|cc"
    r"|mL|ml|breaths(?: per minute|/min)|mm/hr|K\b))"
)
VALUE = (
    rf"(?:(?:[<>]\s?)?\d{{1,3}}(?:,\d{{3}})+"
    rf"|(?:[<>]\s?)?\d+(?:\.\d+)?(?:\s?/\s?\d+(?:\.\d+)?)?(?:\s?(?:-"
    rf"|to)\s?\d+(?:\.\d+)?)?){RESULT_UNIT}{{0,2}}"
)
RESULT = re.compile(
    rf"{LINK}((?:{VALUE})|(?:negative|positive|nonreactive|non-reactive)\b)(?!\s?(?:year|day|week"
    rf"|month|hour|minute|times|views?|degrees of|mg\b|,\d|/\d|-year|-\d|:\d|am\b|pm\b|x\s?\d"
    rf"|cm of|of the|on the|for|to the)|\d)",
    re.I,
)
BLOOD_PRESSURE = re.compile(r"(?<![\d/.])\d{2,3}/\d{2,3}(?![\d/])(?: mm\s?Hg)?")
BREAK = re.compile(r"\n\s*\n|(?<=[a-z)])[.;]\s|\n(?=[A-Z ]{5,}:)|\n\s*(?:\d+\.|[*•-])\s")


class Covered:
    """Which characters are taken, and where the nearest span of a kind lies."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = sorted(spans)
        self.starts = [span[0] for span in self.spans]

    def free(self, start: int, end: int) -> bool:
        """Whether no span touches the range."""
        at = bisect_right(self.starts, start) - 1
        near = self.spans[max(0, at) : at + 3]
        return all(end <= span[0] or start >= span[1] for span in near)

    def before(self, start: int, reach: int, kinds: set[str]) -> Span | None:
        """The last span of one of the kinds that ends within `reach` characters before `start`."""
        for span in reversed(self.spans[: bisect_right(self.starts, start)]):
            if span[1] <= start and start - span[1] > reach:
                return None
            if span[1] <= start and kinds & set(span[2]):
                return span
        return None

    def after(self, end: int, reach: int, kinds: set[str]) -> Span | None:
        """The first span of one of the kinds that begins within `reach` characters after `end`."""
        for span in self.spans[max(0, bisect_right(self.starts, end) - 1) :]:
            if span[0] >= end:
                return span if span[0] - end <= reach and kinds & set(span[2]) else None
        return None


def joined(text: str, start: int, end: int) -> bool:
    """Whether no sentence, item or heading ends between the two offsets."""
    return not BREAK.search(text, start, end)


def ages(text: str) -> Iterator[Span]:
    """Ages of the patient and the gender word that follows them."""
    for match in AGE.finditer(text):
        if RELATIVE.search(text[max(0, match.start() - 50) : match.start()]):
            continue
        yield (match.start(), match.end(), ("age",))
        if gender := GENDER.match(text, match.end()):
            yield (gender.start(1), gender.end(1), ("gender",))


def doses(text: str, known: Covered) -> Iterator[Span]:
    """Amounts that follow a drug, or stand right before one ("2 mg of Versed")."""
    for match in DOSE.finditer(text):
        start, end = match.span()
        before = known.before(start, 45, {"medication"})
        after = known.after(end, 22, {"medication"})
        following = before is not None and joined(text, before[1], start)
        leading = after is not None and re.fullmatch(
            r"\s(?:of\s)?(?:IV\s|oral\s|plain\s|the\s)?", text[end : after[0]]
        )
        if known.free(start, end) and (following or leading):
            yield (start, end, ("dose",))


def directions(text: str, known: Covered) -> Iterator[Span]:
    """Routes, frequencies, durations and forms in the words after a drug or its dose."""
    anchors = {"medication", "dose", "route", "form", "frequency"}
    for kind, pattern, reach in (("form", FORM, 3), ("route", ROUTE, 25), ("frequency", FREQUENCY, 40)):
        found = list(_beside(text, known, pattern=pattern, reach=reach, anchors=anchors, kind=kind))
        known = Covered([*known.spans, *found])
        yield from found
    anchors = anchors - {"medication", "form"}
    yield from _beside(text, known, pattern=DURATION, reach=12, anchors=anchors, kind="duration")


def _beside(
    text: str, known: Covered, *, pattern: re.Pattern, reach: int, anchors: set[str], kind: str
) -> Iterator[Span]:
    for match in pattern.finditer(text):
        start, end = match.span()
        before = known.before(start, reach, anchors)
        near = before is not None and joined(text, before[1], start)
        if kind == "form":
            near = near and text[before[1] : start].isspace()
        after = known.after(end, 1, {"medication", "dose"}) if kind in ("form", "route") else None
        sure = kind == "frequency" and CLEAR_FREQUENCY.match(match[0])
        if known.free(start, end) and (near or (sure and before) or (after and kind == "route")):
            yield (start, end, (kind,))


def results(text: str, known: Covered) -> Iterator[Span]:
    """The value right after a test."""
    for start, end, kinds in known.spans:
        if "test" not in kinds or (end - start < 3 and text[max(0, start - 1) : start] in ("-", "/")):
            continue
        match = RESULT.match(text, end)
        if match and known.free(match.start(1), match.end(1)) and "\n\n" not in text[end : match.start(1)]:
            first, last = match.span(1)
            yield (first, last - (len(match[1]) - len(match[1].rstrip())), ("result",))
