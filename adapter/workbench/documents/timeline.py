"""What happened to a document, newest first: from the rows of the ledger, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from adapter.ledger import deliveries, work
from adapter.ledger.deliveries import Attempt
from adapter.ledger.standings import Notice, Standing
from adapter.model import Resource

Tone = Literal["good", "bad", "open", "plain"]

LATER: Final = "{0} did not take it; it is tried again"
SAID: Final[Mapping[str, tuple[Tone, str]]] = {
    deliveries.SENT: ("good", "Delivered to {0}"),
    deliveries.DEAD: ("bad", "Not delivered to {0}: it refused, or all attempts are used up"),
    deliveries.DISCARDED: ("plain", "Somebody gave up the delivery to {0}"),
    deliveries.SUPERSEDED: ("plain", "Not sent to {0}: a newer version goes instead"),
    deliveries.WAITING: ("open", "Somebody asked for another attempt at {0}"),
}
NOTICED: Final[Mapping[str, tuple[Tone, str]]] = {
    "told": ("good", "Subscription {0} was told"),
    "waiting": ("open", "Subscription {0} is to be told"),
    "failing": ("bad", "Subscription {0} could not be told yet"),
    "stopped": ("bad", "Subscription {0} was not told: it is off, or in error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One issue of an OperationOutcome."""

    severity: str
    code: str
    places: str  # the elements it names
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened."""

    at: str  # instant
    version: int
    tone: Tone
    words: str
    more: str = ""
    due: str | None = None  # when it is tried again
    issues: tuple[Issue, ...] = ()


def timeline(
    standings: Sequence[Standing], attempts: Sequence[Attempt], outcomes: Mapping[int, Resource]
) -> tuple[Happening, ...]:
    """All that is known of a document, newest first."""
    found: list[Happening] = []
    for one in standings:
        found += _read(one, outcomes.get(one.version))
        found += _ended(one, attempts)
        found += (_noticed(notice) for notice in one.notices)
    found += (_attempted(one) for one in attempts)
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def issues(outcome: Any) -> tuple[Issue, ...]:
    """What an OperationOutcome says, whatever a server put into it."""
    listed = outcome.get("issue") if isinstance(outcome, dict) else None
    told = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(
        Issue(
            severity=_text(one.get("severity")),
            code=_text(one.get("code")),
            places=", ".join(map(_text, _list(one.get("expression")) or _list(one.get("location")))),
            words=" · ".join(filter(None, dict.fromkeys(_words(one)))),
        )
        for one in told
    )


def _read(one: Standing, outcome: Resource | None) -> Iterator[Happening]:
    if one.done is not None:
        yield _done(one, one.done, outcome)
    came = "came in: it says that the document no longer holds" if one.retracts else "came in and was stored"
    yield Happening(at=one.at, version=one.version, tone="plain", words=f"Version {one.version} {came}")


def _done(one: Standing, at: str, outcome: Resource | None) -> Happening:
    tones: dict[str, tuple[Tone, str]] = {
        work.EXTRACTED: ("good", "Read"),
        work.FAILED: ("bad", "Could not be read"),
        work.RETRACTED: ("plain", "Taken back: what was derived from it is withdrawn where it went"),
    }
    tone, words = tones.get(one.state, ("plain", one.state))
    took = f"{one.seconds:.2f} s" if one.seconds is not None else ""
    tried = f"{one.attempts} attempts" if one.attempts > 1 else ""
    more = ", ".join(filter(None, (took, tried)))
    told = (
        () if one.state == work.RETRACTED else tuple(i for i in issues(outcome) if i.code != "informational")
    )
    return Happening(at=at, version=one.version, tone=tone, words=words, more=more, issues=told)


def _attempted(one: Attempt) -> Happening:
    tone, words = SAID.get(one.state, ("plain", one.state))
    if one.state == deliveries.WAITING and one.outcome:
        tone, words = "bad", LATER
    return Happening(
        at=one.at,
        version=one.version,
        tone=tone,
        words=words.format(one.target),
        due=one.due,
        issues=issues(one.outcome),
    )


def _ended(one: Standing, attempts: Sequence[Attempt]) -> Iterator[Happening]:
    """Deliveries that ended before attempts were kept."""
    known = {(each.version, each.target) for each in attempts}
    for sent in one.deliveries:
        if sent.state in deliveries.ENDED and (one.version, sent.target) not in known:
            tone, words = SAID[sent.state]
            said = words.format(sent.target)
            yield Happening(at=sent.at, version=one.version, tone=tone, words=said)


def _noticed(one: Notice) -> Happening:
    tone, words = NOTICED[one.state]
    said, more = words.format(one.subscription), f"event {one.number}"
    return Happening(at=one.at, version=one.version, tone=tone, words=said, more=more)


def _words(issue: Mapping[str, Any]) -> Iterator[str]:
    details = issue.get("details")
    if isinstance(details, dict):
        yield _text(details.get("text"))
        for one in _list(details.get("coding")):
            yield _text(one.get("display") or one.get("code")) if isinstance(one, dict) else ""
    yield _text(issue.get("diagnostics"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
