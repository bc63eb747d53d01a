"""Lines that open a part of a note without a heading: a date stamp, or one letter of a scheme.

"di 7/5 lab belt: ..." begins the entry of another day, and what a heading said of the lines before it, such
as a list of allergies, says nothing of it. "S sinds 3 weken moe" is the complaint in a note whose lines
begin with S, O, E and P.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import mappings

LETTERED = 3  # letters of a scheme that open parts of a note that follows it
TITLED = 3  # lines of a note that may hold its own date
OPENING = re.compile(
    r"^[ \t]*(?:[-•*][ \t]+)?([^\W\d_])(?:[ \t]*[:/][ \t]*(?=[^\s:/])|:[ \t]*$|[ \t]+(?=[^\W\d_(]))",
    re.MULTILINE,
)
INLINE = re.compile(r"(?:[.;!?)][ \t]+|[ \t]{2,})([^\W\d_])[ \t]*[:/][ \t]+(?=\S)")
SLASHED = re.compile(r"(?:[.;!?)][ \t]+|[ \t]{2,})([^\W\d_]/)[ \t]*(?=[^\s/])(?![A-Z]\b)")


class StampTable(mappings.Table):
    """Date stamps at the start of a line, and what they end."""

    weekdays: tuple[str, ...]
    units: tuple[str, ...]  # behind two numbers they make an amount: "2-3 weken"
    ends: tuple[str, ...]  # sections that an entry of another day is no part of
    dated: tuple[str, ...] = ()  # of these only with a day of the week or after another entry
    timed: tuple[str, ...] = ()  # a time of day ends all but these, or after another entry


class LetterTable(mappings.Table):
    """A scheme of letters that open the parts of a note."""

    keys: dict[str, str]  # letter -> section key
    needs: str  # the letter that no note of the scheme is without
    without: tuple[str, ...] = ()  # letters of another scheme, such as ABCDE


@dataclass(frozen=True, slots=True)
class Stamps:
    """What a date stamp looks like in a language, and the sections it ends."""

    pattern: re.Pattern[str]
    ends: frozenset[str]
    dated: frozenset[str]
    timed: frozenset[str]

    def entry(self, text: str, line: tuple[int, int], current: str, count: int, nth: int) -> bool:
        """Whether a line is the beginning of an entry of a day.

        `count` is how many entries there were; the date of one of the first lines may be that of the note.
        """
        stamp = self.pattern.match(text, *line)
        if stamp is None or (stamp.group("year") and nth < TITLED):
            return False
        held = self.timed if stamp.group("time") else self.dated
        return count > 0 or stamp.group("day") is not None or current not in held

    def over(self, current: str) -> bool:
        """Whether an entry of another day ends this section."""
        return current in self.ends


def stamps(table: StampTable | None) -> Stamps | None:
    """The stamps of a language; none where it has no table of them."""
    if table is None:
        return None
    days, units = (
        "|".join(sorted(map(re.escape, words), key=len, reverse=True))
        for words in (table.weekdays, table.units)
    )
    day = rf"(?P<day>(?:{days})\b\.?,?[ \t]+)?[0-3]?\d[-/.][01]?\d(?P<year>[-/.](?:20)?\d\d)?\.?"
    time = r"(?P<time>[0-2]?\d[:.uh][0-5]\d(?:[ \t]?(?:u|uur|h)\b)?)"
    alone = r"[ \t]*:?[ \t]*(?:[\r\n]|\Z)"
    rest = rf"(?:{alone}|(?![\d%/.,-])(?:[ \t]*[:(|,–-])?[ \t]*(?!(?:{units})\b)[^\W\d_])"
    pattern = rf"[ \t]*(?:{time}|{day}){rest}"
    return Stamps(
        re.compile(pattern, re.IGNORECASE),
        frozenset(table.ends),
        frozenset(table.dated),
        frozenset(table.timed),
    )


def letters(text: str, start: int, end: int, schemes: Sequence[LetterTable]) -> Mapping[str, str]:
    """The letters that open parts in this stretch of a note, with their sections; none without a scheme."""
    if not schemes:
        return {}
    found = chain(OPENING.finditer(text, start, end), INLINE.finditer(text, start, end))
    seen = {match.group(1).lower() for match in found if match.group(1).isupper()}
    followed = [
        one for one in schemes if len(seen & one.keys.keys()) >= LETTERED and not seen & set(one.without)
    ]
    followed = [one for one in followed if one.needs in seen]
    best = max(followed, key=lambda one: len(seen & one.keys.keys()), default=None)
    return best.keys if best is not None else {}


def opened(text: str, first: int, end: int, keys: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """The parts that letters open in a line: section, where the letter stands, where its words begin."""
    patterns = (INLINE.finditer(text, first, end), SLASHED.finditer(text, first, end))
    found = [match for match in (OPENING.match(text, first, end), *chain(*patterns)) if match is not None]
    for match in sorted(found, key=lambda one: one.start(1)):
        letter = match.group(1)
        if letter[0].isupper() and (key := keys.get(letter.lower())) is not None:
            yield key, match.start(1), match.end()
