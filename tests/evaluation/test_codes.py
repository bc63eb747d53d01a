import pytest

from adapter.evaluation import codes, spans
from adapter.evaluation.record import Annotation, Case, Coded
from terminology.systems import ICD10CM, SNOMED


def mark(start, *coded):
    return Annotation(kind="condition", places=((start, start + 5),), codes=coded)


def coded(code, score=None, system=ICD10CM, chosen=True):
    return Coded(system=system, code=code, score=score, chosen=chosen)


def asked(gold, predicted):
    case = Case(id="a", text="x" * 100, gold=tuple(gold), predicted=tuple(predicted))
    return codes.questions([case], [spans.matched(case.gold, case.predicted)])


def measured(gold, predicted, subsumes=None):
    counts = codes.count(asked(gold, predicted), 1, subsumes)[0].tolist()
    return dict(zip(codes.MEASURES, map(tuple, counts), strict=True))


GOLD = [
    mark(0, coded("J45.909")),
    mark(10, coded("E11.9")),
    mark(20, coded("I10")),
    mark(30, coded("R50.9")),
    mark(40, coded("K35.80")),
]
PREDICTED = [
    mark(0, coded("J45.909", 0.9)),  # right
    mark(10, coded("E11.65", 0.8), coded("E11.9", 0.4, chosen=False)),  # its category; gold's is the second
    mark(20, coded("I11", 0.5)),  # wrong
    mark(30, coded("R50.9", 0.2, chosen=False)),  # withheld
]  # the last is missed


def test_codes_by_hand():
    assert measured(GOLD, PREDICTED) == {
        "full": (1, 4, 3),
        "category": (2, 4, 3),
        "hierarchy": (1, 4, 3),
        "full_5": (3, 4, 4),
        "category_5": (3, 4, 4),
        "whole": (1, 5, 3),
    }


def test_a_code_above_or_below_is_half_a_hit():
    def subsumes(system, above, below):
        assert system == ICD10CM
        return (above, below) in {("E11", "E11.9"), ("I10", "I10.1")}

    predicted = [mark(10, coded("E11", 0.8)), mark(20, coded("I10.1", 0.5))]
    assert measured(GOLD, predicted, subsumes)["hierarchy"] == (1.0, 2, 2)


def test_a_classification_tells_what_is_above_though_the_store_does_not_know_it():
    def subsumes(_system, _above, _below):
        return False

    predicted = [
        mark(0, coded("J45")),
        mark(10, coded("E1")),
        mark(20, coded("I10.1")),
        mark(30, coded("R51")),
    ]
    assert measured(GOLD, predicted, subsumes)["hierarchy"] == (1.0, 4, 4)
    snomed = [mark(0, coded("1234", system=SNOMED))]
    given = [mark(0, coded("123", system=SNOMED))]
    assert measured(snomed, given, subsumes)["hierarchy"] == (0, 1, 1)


def test_systems_are_asked_apart_and_categories_are_icds_alone():
    gold = [mark(0, coded("J45.909"), coded("195967001", system=SNOMED))]
    predicted = [mark(0, coded("195967001", system=SNOMED))]
    found = measured(gold, predicted)
    assert found["full"] == (1, 2, 1)
    assert found["category"] == (0, 1, 0)


def test_any_of_golds_codes_is_right():
    assert measured([mark(0, coded("A01"), coded("B02"))], [mark(0, coded("B02"))])["full"] == (1, 1, 1)


def test_candidates_are_ranked_by_score_after_the_chosen_one():
    predicted = mark(
        0,
        coded("A", 0.1),
        *(coded(f"X{n}", n / 10, chosen=False) for n in range(1, 6)),
        coded("G", 0.05, chosen=False),
    )
    (one,) = asked([mark(0, coded("G"))], [predicted])
    assert one.ranked == ("A", "X5", "X4", "X3", "X2", "X1", "G")
    assert measured([mark(0, coded("G"))], [predicted])["full_5"] == (0, 1, 1)


def test_scores_are_held_against_truth():
    questions = asked(GOLD, PREDICTED)
    points = [(one.coverage, one.accuracy) for one in codes.abstention(questions)]
    assert points == [(1 / 4, 1.0), (2 / 4, 1 / 2), (3 / 4, 1 / 3)]
    assert codes.reliability(questions).error == pytest.approx((0.1 + 0.8 + 0.5) / 3)
