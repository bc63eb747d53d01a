"""ELMTEX summaries -> how good they are, as ELMTEX scores them and strictly.

`elmtex.*` is what its own evaluation would say: an answer that is no object costs nothing, nor does text in a
field that gold leaves empty. `strict.*` is over all fifteen fields of all reports: an answer that is not
valid says nothing, text where gold has none scores 0, and so does nothing where gold has text.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from adapter.evaluation import resampling, scores, texts
from adapter.evaluation.readers.summaries import SummaryCase
from adapter.evaluation.resampling import Counts, Figure, Floats
from adapter.evaluation.scores import SEED, Score
from adapter.evaluation.texts import BERT, ROUGE, Embed, Rouge, Three
from adapter.tasks.elmtex import KEYS, LISTS

DEFAULT = "strict.items.micro.f1"
ENTITIES = (
    "signs_symptoms",
    "comorbidities",
    "diagnostic_techniques_procedures",
    "diagnosis",
    "pathology",
    "pharmacological_therapy",
    "interventional_therapy",
    "patient_outcome_assessment",
)
"""The fields of which ELMTEX compares entities; ROUGE and BERTScore are of LISTS, the strict ones of KEYS."""
PAIRS = 200  # of texts of other reports, for the baseline of a field
KNOWN = 1024  # texts whose vectors are kept
Concepts = Callable[[str, str], Counter[str]]  # of a field, and all that gold tells of its report
Both = Callable[["_Field"], tuple[Counter[str], Counter[str]]]  # the facts or concepts of gold and answer
Alike = Callable[[str, str], Sequence[float]]  # gold, given -> scores


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEvaluation:
    """What is measured of one run."""

    reports: int
    invalid: int  # answers that are not the fifteen texts, and those that are not there
    figures: Mapping[str, Score]
    baseline: Mapping[str, float]  # by field: BERTScore of what is true of another report
    compared: Mapping[str, Counts]  # what two runs are compared by, for each report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A field of a report: what is true, and what was answered."""

    report: int
    key: str
    gold: str
    given: str

    @property
    def told(self) -> bool:
        """Whether gold or the answer says anything."""
        return not (texts.is_nothing(self.gold) and texts.is_nothing(self.given))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Counts of a measure: report x key x (sum of scores or hits, wanted, given)."""

    name: str
    ending: str = ""  # of the names of its figures, after the key
    keys: tuple[str, ...]
    counts: Counts
    figure: Figure

    @property
    def whole(self) -> str:
        """The name of the figure over all fields."""
        return f"{self.name}.micro{self.ending}" if len(self.keys) > 1 else self.name


def evaluate(
    cases: Sequence[SummaryCase],
    *,
    rouge: Rouge | None = None,
    embed: Embed | None = None,
    concepts: Concepts | None = None,
    seed: int = SEED,
    resamples: int = resampling.RESAMPLES,
) -> AnswerEvaluation:
    """Everything that can be measured: ROUGE, BERTScore and concepts only with what they need."""
    lenient, strict = list(_answered(cases)), list(_strict(cases))
    size = len(cases)
    tables = [
        _Table(name="valid", keys=("",), counts=_valid(cases), figure=mean),
        *_absent(strict, size),
        *_entities("elmtex.entities", lenient, size, _items),
        *_things("strict.items", strict, size, _items),
    ]
    if concepts is not None:
        known = _coded(cases, concepts)
        tables += _entities("elmtex.concepts", lenient, size, known)
        tables += _things("strict.concepts", strict, size, known)
    if rouge is not None:
        tables += _rouge(lenient, strict, size, rouge)
    baseline: dict[str, float] = {}
    if embed is not None:
        alike = _bertscore(embed)
        baseline = _baseline(cases, alike, seed)
        tables += _bert(lenient, strict, size, alike, baseline)
    return AnswerEvaluation(
        reports=size,
        invalid=sum(not case.valid for case in cases),
        figures=dict(one for table in tables for one in _figures(table, seed, resamples)),
        baseline=baseline,
        compared={table.whole: table.counts.sum(1) for table in tables if table.whole in COMPARED},
    )


def as_json(found: AnswerEvaluation) -> dict[str, Any]:
    """The evaluation as JSON; a figure that is not known is null."""
    return {
        "reports": found.reports,
        "invalid": found.invalid,
        "figures": {name: scores.told(one) for name, one in sorted(found.figures.items())},
    }


def mean(counts: Floats) -> Floats:
    """The mean of scores, not known where there is none."""
    return resampling.share(counts[..., 0], counts[..., 1])


COMPARED = ("valid", DEFAULT, "strict.rougeL.micro", "strict.bertscore.micro.f1")
"""What two runs are compared by."""


def _answered(cases: Sequence[SummaryCase]) -> Iterator[_Field]:
    """The fields that ELMTEX looks at: those that are texts, of answers that are objects."""
    for at, case in enumerate(cases):
        for key in LISTS:
            if case.given is not None and key in case.given:
                yield _Field(report=at, key=key, gold=case.gold[key], given=case.given[key])


def _strict(cases: Sequence[SummaryCase]) -> Iterator[_Field]:
    """All fields; an answer that is not valid says nothing."""
    for at, case in enumerate(cases):
        given = case.given if case.valid and case.given is not None else {}
        for key in KEYS:
            yield _Field(report=at, key=key, gold=case.gold[key], given=given.get(key, ""))


def _valid(cases: Sequence[SummaryCase]) -> Counts:
    return np.array([[(case.valid, 1, 1)] for case in cases], np.int64).reshape(len(cases), 1, 3)


def _items(one: _Field) -> tuple[Counter[str], Counter[str]]:
    return texts.items(one.gold), texts.items(one.given)


def _coded(cases: Sequence[SummaryCase], concepts: Concepts) -> Both:
    """The concepts of both sides, each text once a report."""
    known = cache(concepts)

    def both(one: _Field) -> tuple[Counter[str], Counter[str]]:
        told = cases[one.report].told
        return known(one.gold, told), known(one.given, told)

    return both


def _things(name: str, fields: Sequence[_Field], size: int, both: Both) -> Iterator[_Table]:
    """Precision, recall and F1 of what a field holds, over all reports."""
    counts = np.zeros((size, len(KEYS), 3), np.int64)
    for one in fields:
        wanted, given = both(one)
        hits = (wanted & given).total()
        counts[one.report, KEYS.index(one.key)] = (hits, wanted.total(), given.total())
    for which, figure in scores.PRF.items():
        yield _Table(name=name, ending=f".{which}", keys=KEYS, counts=counts, figure=figure)


def _absent(fields: Sequence[_Field], size: int) -> Iterator[_Table]:
    """The share of empty fields in which something was written, and of full ones in which nothing was."""
    empty = [one for one in fields if texts.is_nothing(one.gold)]
    full = [one for one in fields if not texts.is_nothing(one.gold)]
    invented = [(one, [float(not texts.is_nothing(one.given))]) for one in empty]
    omitted = [(one, [float(texts.is_nothing(one.given))]) for one in full]
    yield from _means([("invented", "")], KEYS, invented, size)
    yield from _means([("omitted", "")], KEYS, omitted, size)


def _entities(name: str, fields: Sequence[_Field], size: int, both: Both) -> Iterator[_Table]:
    """Overlap of the sets of a report, then the mean over reports, as ELMTEX has it of concepts."""
    sets = [(one, *both(one)) for one in fields if one.key in ENTITIES]
    scored = [(one, _overlap(set(wanted), set(given))) for one, wanted, given in sets if wanted or given]
    yield from _means([(name, f".{which}") for which in BERT], ENTITIES, scored, size)


def _overlap(wanted: set[str], given: set[str]) -> Three:
    hits = len(wanted & given)
    return hits / max(len(given), 1), hits / max(len(wanted), 1), 2 * hits / (len(wanted) + len(given))


def _rouge(lenient: Sequence[_Field], strict: Sequence[_Field], size: int, rouge: Rouge) -> Iterator[_Table]:
    alike = cache(rouge)  # both ask for the same pairs

    def scored(one: _Field) -> list[float]:
        if texts.is_nothing(one.gold) or texts.is_nothing(one.given):
            return [0.0] * len(ROUGE)
        found = alike(one.gold, one.given)
        return [found[name] for name in ROUGE]

    full = [(one, scored(one)) for one in lenient if not texts.is_nothing(one.gold)]
    told = [(one, scored(one)) for one in strict if one.told]
    yield from _means([(f"elmtex.{name}", "") for name in ROUGE], LISTS, full, size)
    yield from _means([(f"strict.{name}", "") for name in ROUGE], KEYS, told, size)


def _bert(
    lenient: Sequence[_Field],
    strict: Sequence[_Field],
    size: int,
    alike: Alike,
    baseline: Mapping[str, float],
) -> Iterator[_Table]:
    def rescaled(key: str, f1: float, least: float) -> float:
        return max(least, (f1 - baseline[key]) / (1 - baseline[key]))

    def strictly(one: _Field) -> Sequence[float]:
        both = not (texts.is_nothing(one.gold) or texts.is_nothing(one.given))
        return alike(one.gold, one.given) if both else (0.0, 0.0, 0.0)

    all_ = [(one, alike(one.gold, one.given)) for one in lenient]
    told = [(one, strictly(one)) for one in strict if one.told]
    for name, keys, scored, least in (
        ("elmtex.bertscore", LISTS, all_, -math.inf),
        ("strict.bertscore", KEYS, told, 0.0),  # no worse than nothing
    ):
        yield from _means([(name, f".{measure}") for measure in BERT], keys, scored, size)
        known = [(one, [rescaled(one.key, three[2], least)]) for one, three in scored if one.key in baseline]
        yield from _means([(name, ".rescaled")], keys, known, size)


def _bertscore(embed: Embed) -> Alike:
    vectors = lru_cache(KNOWN)(embed)

    @cache
    def alike(gold: str, given: str) -> Three:
        if gold == given and gold.strip():
            return 1.0, 1.0, 1.0
        return texts.bertscore(vectors(gold), vectors(given))

    return alike


def _baseline(cases: Sequence[SummaryCase], alike: Alike, seed: int) -> dict[str, float]:
    """How alike what is true of two reports is, by field; fields that hardly differ are left out."""
    generator, found = np.random.default_rng(seed), {}
    for key in KEYS:
        full = [case.gold[key] for case in cases if not texts.is_nothing(case.gold[key])]
        some = [full[at] for at in generator.permutation(len(full))[: PAIRS + 1]]
        pairs = [alike(one, other)[2] for one, other in pairwise(some)]
        if pairs and np.mean(pairs) < 0.999:
            found[key] = float(np.mean(pairs))
    return found


def _means(
    names: Sequence[tuple[str, str]],
    keys: tuple[str, ...],
    scored: Sequence[tuple[_Field, Sequence[float]]],
    size: int,
) -> Iterator[_Table]:
    """A table of means for each of several measures; a name has a part before the key and one after it."""
    counts = np.zeros((len(names), size, len(keys), 3))
    for one, values in scored:
        counts[:, one.report, keys.index(one.key)] += [(value, 1, 1) for value in values]
    for at, (name, ending) in enumerate(names):
        yield _Table(name=name, ending=ending, keys=keys, counts=counts[at], figure=mean)


def _figures(table: _Table, seed: int, resamples: int) -> Iterator[tuple[str, Score]]:
    figure, total = table.figure, table.counts.sum(0).astype(float)
    sums = resampling.resampled(table.counts, seed=seed, resamples=resamples)
    yield table.whole, scores.score(figure, total.sum(0), sums.sum(1))
    if len(table.keys) > 1:
        macro = resampling.macro(figure)
        yield f"{table.name}.macro{table.ending}", scores.score(macro, total, sums)
        for at, key in enumerate(table.keys):
            if total[at].any():
                yield f"{table.name}.{key}{table.ending}", scores.score(figure, total[at], sums[:, at])
