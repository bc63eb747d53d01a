"""Verdicts -> validated examples: texts with the findings that people say stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapter.ledger import Database, readings, verdicts
from adapter.model import Finding, Note
from adapter.reviews import judging, reviewing
from adapter.reviews.judging import Item
from adapter.reviews.standing import standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text and what stands in it."""

    id: str  # of the document, with the number of the text where it has several
    note: Note
    findings: tuple[Finding, ...]  # in text order
    whole: bool  # whether somebody has judged everything in it, and nobody disagrees
    reviewers: tuple[str, ...]  # their ids


def examples(database: Database, *, partial: bool = False) -> Iterator[Example]:
    """The texts in which everything is judged; with `partial`, of the others what is judged.

    By when a document was first judged.
    """
    with database.reading() as tx:
        listed = verdicts.documents(tx)
    for document in listed:
        yield from (one for one in _of(database, document) if one.whole or (partial and one.findings))


def _of(database: Database, document: str) -> Iterator[Example]:
    with database.reading() as tx:
        reading = readings.read(tx, document)
        said = standing(verdicts.of(tx, document))
    if reading is None:
        return
    found = reviewing.found_in(reading.content)
    judged = judging.judge(found, said)
    for number, (note, _) in enumerate(found, start=1):
        own = [one for one in judged.items if one.note is note]
        id = document if len(found) == 1 else f"{document}-{number}"
        yield _example(id, note, own)


def _example(id: str, note: Note, items: Sequence[Item]) -> Example:
    settled = [one for one in items if one.settled]
    people = (one.who.id for item in settled if item.standing for one in item.standing.verdicts)
    return Example(
        id=id,
        note=note,
        findings=tuple(one.stands for one in settled if one.stands is not None),
        whole=len(settled) == len(items) > 0,
        reviewers=tuple(dict.fromkeys(people)),
    )
