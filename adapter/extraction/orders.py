"""Where a note speaks to a machine instead of about the patient.

A note may hold what is meant for whoever reads it by machine: orders, control tokens, an answer written
beforehand. Such words are in the note, so that a quote of them is found; but they state nothing about the
patient. The patterns are data, `mappings/extraction/orders.toml`. No engine decides about this, so none can
be talked out of it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import field_validator

import mappings
from adapter.model import Issue, Note, Span

HIDDEN = re.compile("[\u00ad\u200b\u200c\u200d\u2060\ufeff]")
LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t"}
DISGUISED = re.compile(r"(?<=[^\W\d])[013457](?=[^\W\d])")  # "instructi0ns"
PAYLOAD = 3  # words after an order that make it whole
SPACED = re.compile(r"(?<!\w)(?:\w[ \t]){4,}\w(?!\w)")


class Order(mappings.Table):
    """Patterns of one sort of order."""

    id: str
    having: tuple[str, ...]  # the patterns are tried on a note that has one of these
    patterns: tuple[str, ...]
    next: bool = False  # where the order is all the sentence says, the sentence after it belongs to it

    @field_validator("patterns")
    @classmethod
    def _readable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return patterns


class OrderRules(mappings.Table):
    """The whole file."""

    version: int
    order: tuple[Order, ...]


def load(files: mappings.Files = mappings.SHIPPED) -> "Orders":
    """The patterns.

    Raises mappings.MappingError naming file and key.
    """
    return Orders(files.read("extraction/orders.toml", OrderRules))


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text as the patterns read it, and where each of its characters came from."""

    text: str
    places: Sequence[int]


class Orders:
    """Finds the stretches of notes that speak to a machine."""

    def __init__(self, rules: OrderRules) -> None:
        self._orders = [
            (order.having, re.compile("|".join(f"(?:{pattern})" for pattern in order.patterns)), order.next)
            for order in rules.order
        ]

    def spans(self, note: Note) -> tuple[Span, ...]:
        """The stretches, in order, not overlapping: whole sentences and whole lines."""
        plain = _plain(note.text)
        found = [
            _widened(note, plain.places[match.start()], plain.places[match.end() - 1] + 1, and_next)
            for having, pattern, and_next in self._orders
            if any(words in plain.text for words in having)
            for match in pattern.finditer(plain.text)
        ]
        return tuple(_merged(sorted(found, key=lambda span: span.start)))


def inside(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether a stretch touches one of these, which are in order."""
    at = bisect_right(spans, start, key=lambda span: span.end)
    return at < len(spans) and spans[at].start < end


def issue(start: int, end: int, kind: str | None = None) -> Issue:
    """What is reported of words left out for where they stand."""
    return Issue(
        code="business-rule",
        reason="addressed-to-a-machine",
        message="The words stand where the note gives orders to whoever reads it; they state nothing.",
        start=start,
        end=end,
        kind=kind,
    )


def _plain(text: str) -> _Plain:
    """Lower case, nothing invisible, s p a c e d words closed up, digits among letters read as letters."""
    small = _lower(text)
    read = DISGUISED.sub(lambda match: LETTERS[match[0]], small)
    hidden = {run.start() for run in HIDDEN.finditer(text)}
    hidden.update(at for run in SPACED.finditer(text) for at in range(run.start() + 1, run.end(), 2))
    if not hidden:
        return _Plain(read, range(len(read)))
    places = [at for at in range(len(read)) if at not in hidden]
    return _Plain("".join(read[at] for at in places), places)


def _lower(text: str) -> str:
    """Lower case, letter by letter: as long as the text."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(letter.lower()[0] for letter in text)


def _widened(note: Note, start: int, end: int, and_next: bool) -> Span:
    """The sentences and lines a match touches; with the sentence after it in the same paragraph if asked."""
    low = min(start, _line_start(note.text, start) if _is_markup(note.text, start, end) else start)
    high = max(end, _line_end(note.text, end) if _is_markup(note.text, start, end) else end)
    first = bisect_right(note.sentences, low, key=lambda span: span.end)
    last = first
    while last < len(note.sentences) and note.sentences[last].start < high:
        low, high = min(low, note.sentences[last].start), max(high, note.sentences[last].end)
        last += 1
    said = len(note.text[end:high].split())
    if and_next and said < PAYLOAD and last < len(note.sentences) and _same_paragraph(note, high, last):
        high = note.sentences[last].end
    return Span(start=low, end=high)


def _same_paragraph(note: Note, end: int, last: int) -> bool:
    start = note.sentences[last].start
    heading = note.section_at(start).heading
    return note.text.count("\n", end, start) < 2 and not heading.start <= start < max(heading.end, 1)


def _is_markup(text: str, start: int, end: int) -> bool:
    return any(letter in '<>{}[]"`#' for letter in text[start:end])


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _merged(spans: Sequence[Span]) -> Iterator[Span]:
    held: Span | None = None
    for span in spans:
        if held is not None and span.start <= held.end:
            held = Span(start=held.start, end=max(held.end, span.end))
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held
