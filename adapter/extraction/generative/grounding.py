"""Where a quote stands in a note: the hard gate every fact passes.

A quote is looked for letter by letter; then with white space, case, hyphenation at line ends, and the forms
of dashes, quotation marks and accents set aside. It must begin and end with a word: "MI" is not in "MILD".
In several places it is found several times. What is not found is never given a place.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from adapter.extraction.orders import inside
from adapter.model import Span

DASHES = "‐‑‒–—―−﹘﹣－"
MARKS = {"‘": "'", "’": "'", "‚": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"'}
UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"  # soft hyphen, zero-width characters
EDGES = " \t\r\n.,;:"
UNSPACED = (  # letters of scripts that write words without spaces between them
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0xA4CF),  # CJK, kana, Yi
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


@dataclass(frozen=True, slots=True)
class _Folded:
    """A text with what does not matter set aside, and the place each of its characters came from."""

    text: str
    places: Sequence[int]


class Ground:
    """A stretch of a note in which quotes are looked for. Spans are those of the whole text."""

    def __init__(self, text: str, start: int = 0, end: int | None = None, apart: Sequence[Span] = ()) -> None:
        """The stretch from `start` to `end`, without what is `apart` from it: in order, not overlapping."""
        self._text, self._start, self._end = text, start, len(text) if end is None else end
        self._apart = apart
        self._folded: dict[bool, _Folded] = {}

    def find(self, quote: str) -> tuple[Span, ...]:
        """Every place of a quote, in text order, not overlapping; none when the words are not there."""
        words = quote.strip(EDGES)
        if not any(letter.isalnum() for letter in words):
            return ()
        ways = (self._exact, partial(self._tolerant, joined=True), partial(self._tolerant, joined=False))
        found = (tuple(span for span in way(words) if self._counts(span)) for way in ways)
        return next((spans for spans in found if spans), ())

    def _counts(self, span: Span) -> bool:
        return not inside(self._apart, span.start, span.end)

    def _exact(self, words: str) -> tuple[Span, ...]:
        at = _occurrences(self._text, words, self._start, self._end)
        return tuple(
            Span(start=start, end=start + len(words))
            for start in at
            if _is_whole(self._text, start, start + len(words))
        )

    def _tolerant(self, words: str, *, joined: bool) -> tuple[Span, ...]:
        if joined not in self._folded:
            self._folded[joined] = _fold(self._text, self._start, self._end, joined)
        folded, wanted = self._folded[joined], _fold(words, 0, len(words), joined).text.strip()
        if not wanted:
            return ()
        found = []
        for at in _occurrences(folded.text, wanted, 0, len(folded.text)):
            start, end = folded.places[at], folded.places[at + len(wanted) - 1] + 1
            while end < self._end and unicodedata.combining(self._text[end]):
                end += 1
            if _is_whole(self._text, start, end):
                found.append(Span(start=start, end=end))
        return tuple(found)


def _occurrences(text: str, words: str, start: int, end: int) -> Iterator[int]:
    at = text.find(words, start, end)
    while at >= 0:
        yield at
        at = text.find(words, at + len(words), end)


def _fold(text: str, start: int, end: int, joined: bool) -> _Folded:
    """The folded form; `joined` takes a hyphen at a line's end for hyphenation, else for a real hyphen."""
    letters: list[str] = []
    places: list[int] = []
    at = start
    while at < end:
        letter, step = text[at], 1
        if letter in UNSEEN:
            form = ""
        elif letter == "-" or letter in DASHES:
            gap = _line_end(text, at + 1, end)
            form, step = ("" if joined and gap else "-"), 1 + gap
        elif letter.isspace():
            form = "" if letters and letters[-1] == " " else " "
        else:
            form = _plain(letter)
        letters += form
        places += [at] * len(form)
        at += step
    return _Folded("".join(letters), places)


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    plain = unicodedata.normalize("NFKD", MARKS.get(letter, letter)).casefold()
    return "".join(part for part in plain if not unicodedata.combining(part))


def _line_end(text: str, at: int, end: int) -> int:
    """How many characters of white space with a line end in it follow, up to the next letter; 0 for none."""
    stop = at
    while stop < end and text[stop].isspace():
        stop += 1
    return stop - at if stop < end and "\n" in text[at:stop] and text[stop].isalpha() else 0


def _is_whole(text: str, start: int, end: int) -> bool:
    return _is_edge(text, start) and _is_edge(text, end)


def _is_edge(text: str, at: int) -> bool:
    """Whether a word may begin or end here."""
    if at in (0, len(text)):
        return True
    before, after = text[at - 1], text[at]
    if not _in_word(before) or not _in_word(after):
        return True
    if before.isdigit() != after.isdigit():
        return True  # "500mg"
    return _unspaced(before) or _unspaced(after)


def _in_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.combining(letter) != 0


def _unspaced(letter: str) -> bool:
    return any(low <= ord(letter) <= high for low, high in UNSPACED)
