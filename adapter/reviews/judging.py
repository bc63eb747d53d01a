"""What was found in a document, and what stands of it once reviewers have judged."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from adapter.ledger.verdicts import Place, Sentence, Verdict
from adapter.model import Attribute, Cue, Finding, Note, Span
from adapter.reviews import forms
from adapter.reviews.standing import Standing

Found = Sequence[tuple[Note, Sequence[Finding]]]
Key = tuple[int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A finding as it was found, what is said of it, and what stands."""

    note: Note
    place: Place  # by which verdicts on it are known
    found: Finding | None  # by the model; None where it finds no such thing
    stands: Finding | None
    standing: Standing | None = None

    @property
    def shown(self) -> Finding:
        """What there is to look at: what stands, else what was found, else what somebody proposed."""
        found = self.stands or self.found
        if found is not None:
            return found
        assert self.standing is not None
        told = next(form for one in self.standing.verdicts for form in (one.after, one.before) if form)
        return forms.read(told)

    @property
    def settled(self) -> bool:
        """Whether verdicts on it take effect."""
        return self.standing is not None and not self.standing.disputed


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The findings of a document with what reviewers say of them."""

    items: tuple[Item, ...]  # in text order, note by note
    unplaced: tuple[Standing, ...]  # whose words are not in the document any more

    def of(self, note: Note) -> tuple[Finding, ...]:
        """The findings of a note that stand."""
        return tuple(one.stands for one in self.items if one.note is note and one.stands is not None)

    @property
    def open(self) -> tuple[Item, ...]:
        """What nobody has judged, or reviewers disagree on."""
        return tuple(one for one in self.items if not one.settled)


def judge(found: Found, said: Sequence[Standing]) -> Judgement:
    """What stands of findings: what is said of the same words, taken for the same kind of thing, counts."""
    placed: set[Place] = set()
    items: list[Item] = []
    for note, findings in found:
        items += _items(note, findings, said, placed)
    return Judgement(items=tuple(items), unplaced=tuple(one for one in said if one.place not in placed))


def digest(note: Note) -> str:
    """SHA-256 of the text of a note."""
    return hashlib.sha256(note.text.encode("utf-8", "surrogatepass")).hexdigest()


def sentence(note: Note, start: int, end: int) -> Sentence:
    """The sentence a finding stands in, by which it is known again in a changed text."""
    inside = [one for one in note.sentences if one.start < end and start < one.end]
    first = min([start, *(one.start for one in inside)])
    last = max([end, *(one.end for one in inside)])
    return Sentence(text=note.text[first:last], start=start - first, section=note.section_at(start).key)


def _items(
    note: Note, findings: Sequence[Finding], said: Iterable[Standing], placed: set[Place]
) -> Iterator[Item]:
    own = digest(note)
    by_key: dict[Key, Finding] = {}
    for one in sorted(findings, key=lambda each: -each.confidence):
        by_key.setdefault((one.start, one.end, one.kind), one)
    stood: dict[Key, tuple[Standing, int]] = {}
    for each in said:
        start = _located(note, own, each)
        if start is not None:
            placed.add(each.place)
            size = each.place.end - each.place.start
            stood.setdefault((start, start + size, each.place.kind), (each, start))
    for key in sorted({*by_key, *stood}):
        place = Place(digest=own, start=key[0], end=key[1], kind=key[2])
        model = by_key.get(key)
        if key in stood:
            each, start = stood[key]
            yield Item(
                note=note,
                place=each.place,
                found=model,
                stands=_stands(note, model, each, start),
                standing=each,
            )
        else:
            yield Item(note=note, place=place, found=model, stands=model)


def _stands(note: Note, model: Finding | None, said: Standing, start: int) -> Finding | None:
    """What reviewers say; what was found where they disagree."""
    if said.disputed:
        return model
    after = said.latest.after
    return _moved(note, forms.read(after), start) if after is not None else None


def _located(note: Note, own: str, said: Standing) -> int | None:
    """Where the words of a verdict stand in a note; None where they do not, or it is not clear where."""
    place = said.place
    if place.digest == own:
        return place.start
    for one in reversed(said.verdicts):
        known = _sentence_at(note, one)
        if known is not None:
            return known
    return None


def _sentence_at(note: Note, one: Verdict) -> int | None:
    words = one.sentence
    if note.text.count(words.text) != 1:
        return None
    start = note.text.index(words.text) + words.start
    return start if note.section_at(start).key == words.section else None


def _moved(note: Note, one: Finding, start: int) -> Finding:
    """The finding where its words stand now, with those of its details and cues that stand there too."""
    by = start - one.start
    if not by:
        return one
    attributes = (_attribute_moved(each, by) for each in one.attributes)
    cues = (replace(each, start=each.start + by, end=each.end + by) for each in one.assertion.cues)
    return replace(
        one,
        start=one.start + by,
        end=one.end + by,
        attributes=tuple(each for each in attributes if _there(note, each)),
        assertion=replace(one.assertion, cues=tuple(each for each in cues if _there(note, each))),
    )


def _attribute_moved(one: Attribute, by: int) -> Attribute:
    of = Span(start=one.of.start + by, end=one.of.end + by) if one.of is not None else None
    return replace(one, start=one.start + by, end=one.end + by, of=of)


def _there(note: Note, each: Attribute | Cue) -> bool:
    return each.start >= 0 and note.text[each.start : each.end] == each.text
