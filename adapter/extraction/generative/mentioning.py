"""An answer -> mentions, as the task's views say: which array holds findings of which kind.

A quote in several places of the note is several mentions. Details such as a dose join the nearest mention.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.extraction.generative.answer import Answer, Fact
from adapter.model import Issue, Mention, Note, Span, Step
from adapter.tasks import Detail, Task, View
from adapter.tasks.node import step

UNKNOWN = 0.5  # confidence of a fact whose model tells no probabilities
AGAIN = frozenset({"reason"})  # details that may be a finding of their own at the same place
TRIM = " \t\r\n,;:(-–"


@dataclass(frozen=True, slots=True)
class _Item:
    """A finding of an answer with the facts about it."""

    view: View
    fact: Fact  # its quote
    claims: tuple[str, ...]
    details: tuple[tuple[Detail, Fact], ...]


def mentions(note: Note, answer: Answer, task: Task, source: str) -> Step[Mention]:
    """The mentions of an answer in text order, and the facts that became none."""
    items = [item for view in task.views for item in _items(answer, view)]
    heads, crossed = _apart(_heads(note, items, source))
    details, lost = _details(note, heads, items, source)
    kept = sorted([*heads, *details], key=lambda one: (one.start, one.end, one.kind))
    return Step(name="extraction", kept=tuple(kept), left_out=(*answer.left_out, *crossed, *lost))


def _items(answer: Answer, view: View) -> Iterator[_Item]:
    rows = answer.value.get(view.path) if isinstance(answer.value, dict) else None
    facts = {fact.path: fact for fact in answer.facts}
    for index, row in enumerate(rows or ()):
        base = step("", view.path, index)
        fact = facts.get(step(base, view.quote) if view.quote else base)
        if fact is not None:
            found = ((detail, facts.get(step(base, detail.key))) for detail in view.details)
            details = tuple((detail, said) for detail, said in found if said is not None)
            yield _Item(view, fact, _claims(view, row), details)


def _claims(view: View, row: Any) -> tuple[str, ...]:
    status = row.get(view.status) if view.status and isinstance(row, dict) else None
    return tuple(view.claims.get(status, ())) if isinstance(status, str) else ()


def _heads(note: Note, items: Sequence[_Item], source: str) -> list[Mention]:
    """A mention for every place of every item; items with the same words share the places in order."""
    same: dict[tuple[str, tuple[Span, ...]], list[_Item]] = defaultdict(list)
    for item in items:
        same[item.view.kind, item.fact.spans].append(item)
    found = []
    for (kind, spans), group in same.items():
        for index, span in enumerate(spans):
            mine = [group[index]] if len(group) == len(spans) else group
            claims = tuple(dict.fromkeys(claim for item in mine for claim in item.claims))
            words = _without_details(note, span, mine)
            found.append(_mention(note, words, kind, mine[0].fact, source, claims=claims))
    return found


def _without_details(note: Note, span: Span, group: Sequence[_Item]) -> Span:
    """A quote without the details at its end: "metformin" of "metformin 500 mg"."""
    end = span.end
    inside = sorted({place for item in group for _, fact in item.details for place in fact.spans}, key=_order)
    for place in reversed(inside):
        if span.start < place.start < end and not note.text[place.end : end].strip(TRIM + ".)"):
            end = place.start
    words = note.text[span.start : end].rstrip(TRIM)
    return Span(start=span.start, end=span.start + len(words))


def _order(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _apart(found: Sequence[Mention]) -> tuple[list[Mention], list[Issue]]:
    """Mentions that do not overlap: the longer one stands, then the surer."""
    kept: list[Mention] = []
    left_out: list[Issue] = []
    for one in sorted(found, key=lambda m: (m.start - m.end, -m.confidence, m.start, m.kind)):
        if any(one.start < other.end and other.start < one.end for other in kept):
            left_out.append(_issue("overlapping-mention", "Longer words say the same place.", one))
        else:
            kept.append(one)
    return kept, left_out


def _details(
    note: Note, heads: Sequence[Mention], items: Iterable[_Item], source: str
) -> tuple[list[Mention], list[Issue]]:
    found: dict[tuple[int, int, str], Mention] = {}
    lost: list[Issue] = []
    places: Mapping[tuple[str, int], Mention] = {(one.kind, one.start): one for one in heads}
    for item in items:
        mine = [places[key] for span in item.fact.spans if (key := (item.view.kind, span.start)) in places]
        for detail, fact in item.details if mine else ():
            head, span = min(
                ((head, span) for head in mine for span in fact.spans), key=lambda pair: _gap(*pair)
            )
            one = _mention(note, span, detail.kind, fact, source, head=Span(start=head.start, end=head.end))
            crossed = any(one.start < other.end and other.start < one.end for other in heads)
            if crossed and detail.kind not in AGAIN:
                lost.append(_issue("overlapping-mention", "A finding stands where a detail was named.", one))
            else:
                found.setdefault((one.start, one.end, one.kind), one)
    return list(found.values()), lost


def _gap(head: Mention, span: Span) -> tuple[int, int]:
    """How far a detail is from a mention; after it is nearer than before it."""
    return (span.start - head.end, 0) if span.start >= head.end else (abs(head.start - span.end), 1)


def _mention(
    note: Note,
    span: Span,
    kind: str,
    fact: Fact,
    source: str,
    *,
    claims: tuple[str, ...] = (),
    head: Span | None = None,
) -> Mention:
    sure = UNKNOWN if fact.confidence is None else fact.confidence
    return Mention(
        start=span.start,
        end=span.end,
        text=note.text[span.start : span.end],
        kind=kind,
        confidence=round(min(sure, 1.0), 4),
        sources=(source,),
        claims=claims,
        head=head,
    )


def _issue(reason: str, message: str, mention: Mention) -> Issue:
    return Issue(
        code="informational",
        reason=reason,
        message=message,
        severity="information",
        start=mention.start,
        end=mention.end,
        kind=mention.kind,
    )
