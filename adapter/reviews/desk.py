"""The reviewers' desk: what is to be judged, what was found in a document, and verdicts on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapter.errors import InputError, UnknownResource
from adapter.ledger import Database, Transaction, readings, resources, verdicts, work
from adapter.ledger.readings import Reading
from adapter.ledger.verdicts import Place, Reviewer, Verdict
from adapter.model import KINDS, Coding, Finding, Note, Resource
from adapter.pipeline import Pipeline
from adapter.reviews import changing, judging, reviewing
from adapter.reviews.doubts import Doubt, Doubts
from adapter.reviews.judging import Item, Judgement
from adapter.reviews.standing import Standing, standing

KIND: Final = "DocumentReference"
LISTED: Final = 100  # findings of the queue that are shown
WORDS: Final = 40  # characters around a finding in the queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A finding with the doubt in it."""

    number: int  # in its document
    item: Item
    doubt: Doubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A finding that waits for somebody to judge it."""

    document: str
    case: Case
    before: str  # words of the note before it
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits, the most in doubt first."""

    waiting: tuple[Waiting, ...]
    documents: int  # that have something in doubt
    findings: int  # in doubt, in all of them
    unsent: tuple[str, ...]  # documents with verdicts that have not taken effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document with what was found in it and what was said of that."""

    document: str
    version: int
    notes: tuple[Note, ...]
    cases: tuple[Case, ...]  # in text order
    unplaced: tuple[Standing, ...]  # verdicts that have no effect
    verdicts: tuple[Verdict, ...]  # all of them, oldest first
    unsent: int  # verdicts that have not taken effect
    working: bool  # whether the document is being derived just now
    content: Resource  # the DocumentReference

    def case(self, key: str) -> Case:
        """The finding a key names. InputError where it is not there any more."""
        for one in self.cases:
            if key_of(one.item.place) == key:
                return one
        raise InputError("this finding is not there any more: open the document again", path="finding")


class Desk:
    """Where verdicts are given. `start` has a document version worked on, `read` has one read for reviewers.

    Safe to use from several threads.
    """

    def __init__(
        self,
        database: Database,
        pipeline: Pipeline,
        rules: Doubts,
        *,
        start: Callable[[str, int], None],
        read: Callable[[str], None],
    ) -> None:
        self._database, self._pipeline, self._rules = database, pipeline, rules
        self._start, self._read = start, read

    def queue(self, most: int = LISTED) -> Queue:
        """What waits to be judged, the most in doubt first."""
        with self._database.reading() as tx:
            listed = readings.riskiest(tx, most)
            unsent = readings.unsent(tx, most)
            documents, findings = readings.count(tx)
            said = {one.document: standing(verdicts.of(tx, one.document)) for one in listed}
        found = [each for one in listed for each in self._waiting(one, said[one.document])]
        found.sort(key=lambda each: -each.case.doubt.risk)
        return Queue(
            waiting=tuple(found[:most]),
            documents=documents,
            findings=findings,
            unsent=tuple(one.document for one in unsent),
        )

    def opened(self, document: str) -> Opened:
        """A document as it stands. Raises UnknownResource or Gone."""
        with self._database.reading() as tx:
            resources.read(tx, KIND, document)
            known = readings.read(tx, document)
        if known is None:
            self._read(document)
        with self._database.reading() as tx:
            return self._opened(tx, document)

    def say(self, who: Reviewer, document: str, key: str, change: changing.Change) -> Opened:
        """A verdict on a finding; the document as it stands then. Raises InputError."""

        def said(opened: Opened) -> Verdict:
            case = opened.case(key)
            return changing.verdict(who, document, opened.version, case.item, change)

        return self._kept(document, lambda opened: [said(opened)])

    def add(self, who: Reviewer, document: str, words: changing.Words, kind: str) -> Opened:
        """A finding that was missed, with the code the search is sure of. Raises InputError."""
        if kind not in KINDS:
            raise InputError("not a kind of finding", path="kind")

        def said(opened: Opened) -> Verdict:
            note, start, end = changing.located(opened.notes, words)
            known = [one for one in opened.cases if one.item.note is note]
            if any(
                (one.item.shown.start, one.item.shown.end, one.item.place.kind) == (start, end, kind)
                for one in known
            ):
                raise InputError("these words are listed as such a finding already", path="words")
            bare = Finding(start=start, end=end, text=note.text[start:end], kind=kind, confidence=1.0)
            section = note.section_at(start).key
            coded = self._pipeline.coder.code(
                replace(bare, section=section), None, note.languages, note, _standing(opened, note)
            )
            return changing.added(who, document, opened.version, note, replace(coded, alternatives=()))

        return self._kept(document, lambda opened: [said(opened)])

    def accept_rest(self, who: Reviewer, document: str) -> Opened:
        """Everything that this person has not judged is accepted as it stands."""

        def said(opened: Opened) -> list[Verdict]:
            return [
                changing.verdict(who, document, opened.version, one.item, changing.Change(action="accept"))
                for one in opened.cases
                if not judged_by(one.item, who) and one.item.stands is not None
            ]

        return self._kept(document, said)

    def send(self, document: str) -> int:
        """The verdicts take effect: a new version of the document with the same content is derived.

        Its number. Raises UnknownResource or Gone, and InputError where there is nothing to send.
        """
        with self._database.writing() as tx:
            if not self._unsent(tx, document):
                raise InputError("no verdict on this document waits to be sent")
            stored = resources.again(tx, KIND, document)
            work.add(
                tx, document, stored.version, retracts=stored.content.get("status") == "entered-in-error"
            )
        self._start(document, stored.version)
        return stored.version

    def candidates(self, words: str, one: Finding, note: Note) -> tuple[Coding, ...]:
        """The concepts a search finds for words, for a finding, best first."""
        asked = replace(one, text=words, codings=(), alternatives=(), choice=None)
        found = self._pipeline.coder.code(asked, changing.OFFERED, note.languages)
        together = sorted((*found.codings, *found.alternatives), key=lambda each: -each.score)
        return tuple({(each.system, each.code): each for each in reversed(together)}.values())[::-1]

    def coded(self, chosen: Coding, item: Item, opened: Opened) -> tuple[Coding, ...]:
        """A chosen concept, with what it is in other systems and the note does not contradict."""
        one, note = item.shown, item.note
        asked = replace(one, text=chosen.term or chosen.display, codings=(), alternatives=(), choice=None)
        found = self._pipeline.coder.code(asked, 0, note.languages, note, _standing(opened, note)).codings
        same = any((each.system, each.code) == (chosen.system, chosen.code) for each in found)
        first = tuple(each for each in found if (each.system, each.code) == (chosen.system, chosen.code))
        others = tuple(each for each in found if each.system != chosen.system)
        return (*first, *others) if same else (chosen,)

    def _kept(self, document: str, said: Callable[[Opened], Sequence[Verdict]]) -> Opened:
        """The document once verdicts that depend on how it stands are kept."""
        with self._database.writing() as tx:
            tx.lock(f"review/{document}")
            for one in said(self._opened(tx, document)):
                verdicts.append(tx, one)
            opened = self._opened(tx, document)
            left = [one for one in opened.cases if not one.item.settled and one.doubt.risk > 0]
            risk = max((one.doubt.risk for one in left), default=0.0)
            readings.judged(tx, document, risk=risk, open=len(left))
            return opened

    def _opened(self, tx: Transaction, document: str) -> Opened:
        reading = readings.read(tx, document)
        if reading is None:
            raise UnknownResource("nothing was read in this document")
        listed = verdicts.of(tx, document)
        found = reviewing.found_in(reading.content)
        judgement = judging.judge(found, standing(listed))
        return Opened(
            document=document,
            version=reading.version,
            notes=tuple(note for note, _ in found),
            cases=self._cases(judgement, reading),
            unplaced=judgement.unplaced,
            verdicts=listed,
            unsent=sum(one.number > reading.verdicts for one in listed),
            working=any(one.state == work.ACCEPTED for one in work.versions(tx, document)),
            content=resources.read(tx, KIND, document).content,
        )

    def _cases(self, judgement: Judgement, reading: Reading) -> tuple[Case, ...]:
        told = reading.content["tells"]
        return tuple(
            Case(number=number, item=one, doubt=reviewing.doubt_in(one, self._rules, told))
            for number, one in enumerate(judgement.items)
        )

    def _waiting(self, reading: Reading, said: Sequence[Standing]) -> list[Waiting]:
        cases = self._cases(judging.judge(reviewing.found_in(reading.content), said), reading)
        return [
            Waiting(document=reading.document, case=one, before=_before(one.item), after=_after(one.item))
            for one in cases
            if one.doubt.risk > 0 and not one.item.settled
        ]

    def _unsent(self, tx: Transaction, document: str) -> bool:
        reading, last = readings.read(tx, document), verdicts.last(tx, [document]).get(document, 0)
        return reading is not None and last > reading.verdicts


def key_of(place: Place) -> str:
    """The name of a finding in forms: where it stands and as what, and nothing of its words."""
    return f"{place.digest[:16]}-{place.start}-{place.end}-{place.kind}"


def judged_by(one: Item, who: Reviewer) -> bool:
    """Whether a person has judged a finding."""
    return one.standing is not None and any(each.who.id == who.id for each in one.standing.verdicts)


def _standing(opened: Opened, note: Note) -> list[Finding]:
    """The findings of a note as they stand."""
    return [one.item.stands for one in opened.cases if one.item.note is note and one.item.stands is not None]


def _before(one: Item) -> str:
    words = one.note.text[max(0, one.shown.start - WORDS) : one.shown.start]
    return " ".join(words.split())


def _after(one: Item) -> str:
    return " ".join(one.note.text[one.shown.end : one.shown.end + WORDS].split())
