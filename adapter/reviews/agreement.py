"""How alike reviewers judge: Cohen's kappa of their verdicts, F1 of what they say stands.

Kappa: Cohen 1960, "A Coefficient of Agreement for Nominal Scales", https://doi.org/10.1177/001316446002000104,
over the findings that both have judged. F1: Hripcsak and Rothschild 2005, "Agreement, the F-Measure, and
Reliability in Information Retrieval", https://doi.org/10.1197/jamia.M1733, over the documents that both have
judged something in, since there is no count of what neither has marked.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from adapter.ledger.verdicts import Place, Reviewer, Verdict
from adapter.reviews.standing import essence

Words = Mapping[tuple[str, Place], Verdict]
"""The last word of a reviewer on each finding, by document and place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """How alike two reviewers judge."""

    one: Reviewer
    other: Reviewer
    documents: int  # in which both have judged
    findings: int  # that both have judged
    same: int  # of these, with the very same in the end
    kappa: float | None  # of accept, reject, change; None: there is no telling
    spans: float | None  # F1: the same words as the same kind of thing
    whole: float | None  # F1: with the same assertion and codes


def agreement(verdicts: Iterable[Verdict]) -> tuple[Pair, ...]:
    """How alike every two reviewers judge who have documents in common; verdicts in order."""
    words: dict[str, dict[tuple[str, Place], Verdict]] = {}
    people: dict[str, Reviewer] = {}
    for one in verdicts:
        people[one.who.id] = one.who
        own = words.setdefault(one.who.id, {})
        own.pop((one.document, one.place), None)
        if one.action != "withdraw":
            own[one.document, one.place] = one
    pairs = (_pair(people[a], people[b], words[a], words[b]) for a, b in combinations(sorted(words), 2))
    return tuple(pair for pair in pairs if pair.documents)


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two people's labels; None where there are none, or never but one.

    >>> kappa([("a", "a"), ("a", "b"), ("b", "b"), ("b", "b")])
    0.5
    """
    if not pairs:
        return None
    size = len(pairs)
    seen = sum(one == other for one, other in pairs) / size
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    by_chance = sum(first[label] * second[label] for label in first) / size**2
    return None if by_chance == 1 else round((seen - by_chance) / (1 - by_chance), 4)


def f1(one: frozenset[Hashable], other: frozenset[Hashable]) -> float | None:
    """The harmonic mean of precision and recall, whoever of the two is right; None where neither has any."""
    return round(2 * len(one & other) / (len(one) + len(other)), 4) if one or other else None


def _pair(one: Reviewer, other: Reviewer, first: Words, second: Words) -> Pair:
    documents = {document for document, _ in first} & {document for document, _ in second}
    both = [key for key in first if key in second]
    labels = [(_label(first[key]), _label(second[key])) for key in both]
    return Pair(
        one=one,
        other=other,
        documents=len(documents),
        findings=len(both),
        same=sum(essence(first[key].after) == essence(second[key].after) for key in both),
        kappa=kappa(labels),
        spans=f1(_standing(first, documents, whole=False), _standing(second, documents, whole=False)),
        whole=f1(_standing(first, documents, whole=True), _standing(second, documents, whole=True)),
    )


def _label(one: Verdict) -> str:
    """Verdict by what it says: who proposes a finding and who accepts it say the same."""
    return "accept" if one.action == "add" else one.action


def _standing(words: Words, documents: set[str], *, whole: bool) -> frozenset[Hashable]:
    """What stands by one reviewer's word."""
    return frozenset(
        (key, essence(one.after) if whole else one.after["kind"])
        for key, one in words.items()
        if key[0] in documents and one.after is not None
    )
