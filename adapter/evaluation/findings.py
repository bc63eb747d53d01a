"""Cases -> everything that is measured of findings, as one value and as JSON.

`figures` gives every figure a name, so that a gate can ask for it: `strict.micro.f1`,
`overlapping.condition.recall`, `assertion.negated.f1`, `codes.all.full.accuracy`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from adapter.evaluation import calibration, codes, harm, resampling, scores, spans, statements
from adapter.evaluation.calibration import Point, Reliability
from adapter.evaluation.codes import Question, Subsumes
from adapter.evaluation.record import AXES, Annotation, Case
from adapter.evaluation.resampling import Counts, Figure
from adapter.evaluation.scores import SEED, Prf, Score, SpanScores
from terminology.systems import SHORT

DEFAULT = "strict.micro.f1"
Confusion = Mapping[tuple[str | None, str | None], int]
Scored = dict[str, Prf]
Named = Callable[[Sequence[str], Counts, Mapping[str, Figure]], Scored]  # names, counts, figures -> scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is measured of one run."""

    documents: int
    missing: int  # documents the run said nothing of
    not_measured: Mapping[str, int]  # by kind: mentions of the run whose kind is left out
    discontinuous: int  # gold mentions whose words do not stand together
    spans: tuple[SpanScores, ...]  # by level
    confusion: Confusion  # (gold's kind, the run's kind), None: not there
    assertions: Mapping[str, Prf]  # by axis; empty where gold tells none
    assertion_mean: Mapping[str, Score]  # over axes: by precision, recall, f1
    harm: Mapping[str, Prf]  # by kind: what is denied or family, and would be written as the patient's
    details: Mapping[str, Prf]  # by kind, and by that of the mention they hang on
    codes: Mapping[str, Mapping[str, Prf]]  # by system, then measure
    confidence: Reliability | None  # of mentions
    code_confidence: Reliability | None
    abstention: tuple[Point, ...]
    compared: Mapping[str, Counts]  # what two runs are compared by, for each document

    @property
    def not_given(self) -> list[str]:
        """The code systems of gold that no mention found has a code of: the run may give others."""
        asked = ((name, one.get("full_5")) for name, one in self.codes.items() if name != "all")
        return [name for name, one in asked if one is not None and not one.given]


def evaluate(
    cases: Sequence[Case],
    *,
    subsumes: Subsumes | None = None,
    seed: int = SEED,
    resamples: int = resampling.RESAMPLES,
) -> Evaluation:
    """Everything that is measured."""
    matches = [spans.matched(case.gold, case.predicted) for case in cases]
    counted = spans.count(cases)
    asked = codes.questions(cases, matches)

    def named(names: Sequence[str], counts: Counts, figures: Mapping[str, Figure] = scores.PRF) -> Scored:
        return _there(scores.by_name(counts, names, figures=figures, seed=seed, resamples=resamples))

    kinds, hosts = statements.detail_kinds(matches), statements.hosts(matches)
    said = statements.axes(matches)
    return Evaluation(
        documents=len(cases),
        missing=sum(case.missing for case in cases),
        not_measured=Counter(kind for case in cases for kind in case.others),
        discontinuous=sum(len(one.places) > 1 for case in cases for one in case.gold),
        spans=scores.of_spans(counted, seed=seed, resamples=resamples),
        confusion=_confusion(cases),
        assertions=named([*AXES, statements.EXACT], said),
        assertion_mean=_means(said[:, :-1], seed, resamples) if said.any() else {},
        harm=named([harm.ALL, *harm.KINDS], harm.count(cases, matches)),
        details=named(
            [statements.ALL, *kinds, *(f"on_{host}" for host in hosts)],
            statements.details(matches, kinds, hosts),
        ),
        codes=_codes(asked, len(cases), subsumes, named),
        confidence=_confidence(cases),
        code_confidence=codes.reliability(asked),
        abstention=codes.abstention(asked),
        compared=_compared(counted, said[:, -1], asked),
    )


def figures(found: Evaluation) -> dict[str, Score]:
    """Every figure by its name."""
    return dict(_figures(found))


def as_json(found: Evaluation) -> dict[str, Any]:
    """The evaluation as JSON; a figure that is not known is null."""
    return {
        "documents": found.documents,
        "missing": found.missing,
        "discontinuous": found.discontinuous,
        "not_measured": dict(sorted(found.not_measured.items())),
        "systems_not_given": found.not_given,
        "figures": {name: scores.told(one) for name, one in sorted(figures(found).items())},
        "harm": {
            harm.NAME: {kind: {"active": int(one.hits), "of": one.wanted} for kind, one in found.harm.items()}
        },
        "confusion": [
            {"gold": gold, "predicted": predicted, "count": count}
            for (gold, predicted), count in sorted(found.confusion.items(), key=str)
        ],
        "calibration": found.confidence and asdict(found.confidence),
        "code_calibration": found.code_confidence and asdict(found.code_confidence),
        "abstention": [asdict(point) for point in found.abstention],
    }


def short(system: str) -> str:
    """The short name of a code system, or its URI."""
    return next((name for name, uri in SHORT.items() if uri == system), system)


def _confusion(cases: Sequence[Case]) -> Confusion:
    pairs = (pair for case in cases for pair in spans.confused(case))
    return Counter((_kind(gold), _kind(predicted)) for gold, predicted in pairs)


def _kind(one: Annotation | None) -> str | None:
    return None if one is None else one.kind


def _confidence(cases: Sequence[Case]) -> Reliability | None:
    """How sure the run was of its mentions against whether gold has the very same."""
    sure, right = [], []
    for case in cases:
        true = {one.key for one in case.gold}
        told = [(one.confidence, one.key in true) for one in case.predicted]
        sure += [confidence for confidence, _ in told if confidence is not None]
        right += [is_right for confidence, is_right in told if confidence is not None]
    return calibration.reliability(sure, right)


def _codes(
    asked: Sequence[Question], documents: int, subsumes: Subsumes | None, named: Named
) -> dict[str, dict[str, Prf]]:
    systems = sorted({one.system for one in asked})
    figures = {**scores.PRF, "precision": resampling.when_given}
    groups = {"all": asked} | {short(one): [q for q in asked if q.system == one] for one in systems}
    return {
        name: named(codes.MEASURES, codes.count(group, documents, subsumes), figures)
        for name, group in groups.items()
        if asked
    }


def _compared(counted: spans.Counted, exact: Counts, asked: Sequence[Question]) -> dict[str, Counts]:
    totals = counted.counts.sum(2)
    found: dict[str, Counts] = {f"{level}.micro.f1": totals[:, at] for at, level in enumerate(spans.LEVELS)}
    if exact.any():
        found["assertion.exact.f1"] = exact
    if asked:
        whole = codes.count(asked, len(exact))[:, codes.MEASURES.index("whole")].copy()
        whole[:, 2] = whole[:, 1]  # accuracy: F1 when every question counts as answered
        found["codes.all.whole.accuracy"] = whole
    return found


def _means(counts: Counts, seed: int, resamples: int) -> dict[str, Score]:
    """The mean of a figure over what is there at all."""
    total = counts.sum(0).astype(float)
    sums = resampling.resampled(counts, seed=seed, resamples=resamples)
    return {name: scores.score(resampling.macro(one), total, sums) for name, one in scores.PRF.items()}


def _there(found: Mapping[str, Prf]) -> dict[str, Prf]:
    """The scores of what is there at all."""
    return {name: one for name, one in found.items() if one.wanted or one.given}


def _figures(found: Evaluation) -> Iterator[tuple[str, Score]]:
    yield from scores.named_spans(found.spans).items()
    for name, prf in found.assertions.items():
        yield from scores.named(f"assertion.{name}", prf).items()
    yield from ((f"assertion.macro.{name}", one) for name, one in found.assertion_mean.items())
    for kind, prf in found.harm.items():
        yield f"harm.{harm.NAME}" if kind == harm.ALL else f"harm.{harm.NAME}.{kind}", prf.recall
    for name, prf in found.details.items():
        yield from scores.named(f"details.{name}", prf).items()
    for system, measures in found.codes.items():
        for name, prf in measures.items():
            yield f"codes.{system}.{name}.accuracy", prf.recall
            yield f"codes.{system}.{name}.when_given", prf.precision
