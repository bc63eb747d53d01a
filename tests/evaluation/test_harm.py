"""What is denied or a relative's, and would be the patient's."""

import pytest

from adapter.evaluation import findings, harm, mistakes, spans
from adapter.evaluation.record import Annotation, Case


def mark(start, end, kind="condition", **said):
    return Annotation(kind=kind, places=((start, end),), assertion=said or None)


def harmed(gold, predicted):
    case = Case(id="a", text="x" * 99, gold=tuple(gold), predicted=tuple(predicted))
    return case, [
        (one.start, other.start) for one, other in harm.active(case, spans.matched(case.gold, case.predicted))
    ]


@pytest.mark.parametrize("axis", ["negated", "ruled_out", "family"])
def test_what_is_said_as_present_does_harm(axis):
    assert harmed([mark(0, 9, **{axis: True})], [mark(3, 5)])[1] == [(0, 3)]
    assert harmed([mark(0, 9, **{axis: True})], [mark(3, 5, uncertain=True)])[1] == [(0, 3)]
    assert harmed([mark(0, 9, "finding", **{axis: True})], [mark(0, 9)])[1] == [(0, 0)]


@pytest.mark.parametrize("axis", harm.NOT_ACTIVE)
def test_what_is_not_said_as_present_does_none(axis):
    assert harmed([mark(0, 9, negated=True)], [mark(0, 9, **{axis: True})])[1] == []


def test_other_kinds_and_places_do_none():
    assert harmed([mark(0, 9, negated=True)], [mark(0, 9, "medication"), mark(9, 12)])[1] == []
    assert harmed([mark(0, 9, "medication", negated=True)], [mark(0, 9)])[1] == []
    assert harmed([mark(0, 9, historical=True)], [mark(0, 9)])[1] == []


def test_what_was_taken_for_another_mention_does_none():
    """ "no stroke or stroke symptoms now": one denied, one not, in each other's words."""
    gold = [mark(0, 20, family=True), mark(5, 20, uncertain=True)]
    assert harmed(gold, [mark(5, 20)])[1] == []
    assert harmed(gold, [mark(5, 20), mark(0, 20)])[1] == [(0, 0)]


def test_the_figure_has_its_numbers():
    gold = [mark(0, 5, negated=True), mark(10, 15, family=True), mark(20, 25, "finding", negated=True)]
    case, _ = harmed(gold, [mark(0, 5), mark(10, 15, family=True), mark(20, 25, "finding")])
    found = findings.evaluate([case, case], resamples=10)
    told = findings.as_json(found)["harm"]["denied_or_family_active"]
    assert told == {
        "all": {"active": 4, "of": 6},
        "condition": {"active": 2, "of": 4},
        "finding": {"active": 2, "of": 2},
    }
    figures = findings.figures(found)
    assert figures["harm.denied_or_family_active"].value == pytest.approx(2 / 3)
    assert figures["harm.denied_or_family_active.condition"].value == 0.5
    assert [one.what for one in mistakes.listed([case], text=False)].count("harm") == 2


def test_the_mean_over_axes():
    gold = [mark(0, 5, negated=True), mark(10, 15, historical=True), mark(20, 25, historical=True)]
    run = [mark(0, 5, negated=True), mark(10, 15, historical=True), mark(20, 25, uncertain=True)]
    case, _ = harmed(gold, run)
    figures = {
        name: one.value for name, one in findings.figures(findings.evaluate([case], resamples=5)).items()
    }
    assert figures["assertion.historical.precision"] == 1
    assert figures["assertion.historical.recall"] == 0.5
    assert figures["assertion.historical.f1"] == pytest.approx(2 / 3)
    assert figures["assertion.uncertain.f1"] == 0
    assert figures["assertion.macro.f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert figures["assertion.macro.recall"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert figures["assertion.exact.f1"] == pytest.approx(2 / 3)
