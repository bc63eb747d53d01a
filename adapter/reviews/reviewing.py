"""The reviewers, as those who derive documents hear them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from adapter.fhir.systems import Version
from adapter.ledger import Database, Transaction, readings, verdicts
from adapter.ledger.readings import Reading
from adapter.model import Issue, Note, Resource, Section, Span
from adapter.pipeline import Pipeline, Understood
from adapter.reviews import doubts, forms, judging, writing
from adapter.reviews.doubts import Doubt, Doubts
from adapter.reviews.judging import Found, Item, Judgement
from adapter.reviews.standing import Standing, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was found in a document version, with what reviewers say of it."""

    document: str
    version: int
    understood: Understood
    judgement: Judgement
    pipeline: Pipeline
    rules: Doubts
    last: int  # number of the last verdict heard

    @property
    def issues(self) -> tuple[Issue, ...]:
        """The verdicts that have no effect, and why."""
        lost = [_issue(one, "verdict-not-placed", _LOST) for one in self.judgement.unplaced]
        disputed = [one for one in self.judgement.items if one.standing and one.standing.disputed]
        return (
            *lost,
            *(_issue(one.standing, "verdicts-differ", _DIFFER) for one in disputed if one.standing),
        )

    def bundle(self, fhir: Version, recorded: str) -> Resource:
        """The Bundle of what stands."""
        return writing.bundle(self.pipeline, self.understood, self.judgement, fhir, recorded)

    def keep(self, tx: Transaction) -> None:
        """What was found is kept for those who judge it; their verdicts so far count."""
        said = standing(verdicts.of(tx, self.document))
        told = tells(self.pipeline)
        left = doubted(judging.judge(self.understood.notes, said).open, self.rules, told)
        readings.keep(
            tx,
            Reading(
                document=self.document,
                version=self.version,
                risk=max((one.risk for _, one in left), default=0.0),
                open=len(left),
                verdicts=self.last,
                content=content(self.understood.notes, told),
            ),
        )


class Reviewers:
    """Hears the verdicts in a ledger."""

    def __init__(self, database: Database, pipeline: Pipeline, rules: Doubts) -> None:
        self._database, self._pipeline, self._rules = database, pipeline, rules

    def judged(self, document: str, version: int, understood: Understood) -> Judged:
        """What reviewers say of what was found in a document version."""
        with self._database.reading() as tx:
            said = verdicts.of(tx, document)
        return Judged(
            document=document,
            version=version,
            understood=understood,
            judgement=judging.judge(understood.notes, standing(said)),
            pipeline=self._pipeline,
            rules=self._rules,
            last=said[-1].number if said else 0,
        )

    def forget(self, tx: Transaction, document: str) -> None:
        """There is nothing to judge in a document any more; the verdicts stay."""
        readings.forget(tx, document)


def doubted(items: Sequence[Item], rules: Doubts, told: Collection[str]) -> list[tuple[Item, Doubt]]:
    """The findings in which there is doubt, the most first."""
    found = [(one, doubt_in(one, rules, told)) for one in items]
    return sorted((pair for pair in found if pair[1].risk > 0), key=lambda pair: -pair[1].risk)


def doubt_in(one: Item, rules: Doubts, told: Collection[str]) -> Doubt:
    """The doubt in a finding, of which reviewers may have said something."""
    disputed = one.standing is not None and one.standing.disputed
    return doubts.doubt(one.shown, rules, told, disputed=disputed)


def tells(pipeline: Pipeline) -> tuple[str, ...]:
    """The axes of an assertion on which the engine is known to have its own word."""
    return tuple(sorted(getattr(pipeline.engine, "tells", ())))


def content(found: Found, told: Collection[str]) -> Resource:
    """What was found, as JSON."""
    return {
        "tells": list(told),
        "notes": [_note(note) | {"findings": [forms.told(one) for one in own]} for note, own in found],
    }


def found_in(reading: Resource) -> Found:
    """What was found, of the JSON that `content` gave."""
    return [(_read(one), [forms.read(each) for each in one["findings"]]) for one in reading["notes"]]


def _note(note: Note) -> Resource:
    return {
        "id": note.id,
        "path": note.path,
        "language": note.language,
        "text": note.text,
        "sections": [
            [one.key, one.heading.start, one.heading.end, one.start, one.end] for one in note.sections
        ],
        "sentences": [[one.start, one.end] for one in note.sentences],
    }


def _read(form: Resource) -> Note:
    sections = (
        Section(key=key, heading=Span(start=low, end=high), start=start, end=end)
        for key, low, high, start, end in form["sections"]
    )
    return Note(
        id=form["id"],
        path=form["path"],
        language=form["language"],
        text=form["text"],
        sections=tuple(sections),
        sentences=tuple(Span(start=start, end=end) for start, end in form["sentences"]),
    )


_LOST = "A reviewer's verdict has no effect: the words it is about are not in the text as they were."
_DIFFER = "Reviewers' verdicts differ, so none of them has effect: what was found stands."


def _issue(one: Standing, reason: str, message: str) -> Issue:
    return Issue(
        code="conflict" if reason == "verdicts-differ" else "not-found",
        reason=reason,
        message=message,
        severity="warning",
        kind=one.place.kind,
    )
