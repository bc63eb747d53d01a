from adapter.evaluation import spans, statements
from adapter.evaluation.record import AXES, Annotation, Case
from adapter.model import Attribute


def mark(start, said=None, details=()):
    told = None if said is None else {axis: axis in said for axis in AXES}
    return Annotation(
        kind="medication",
        places=((start, start + 5),),
        assertion=told,
        details=tuple(Attribute(kind=kind, start=at, end=at + 2, text="") for kind, at in details),
    )


def matches(gold, predicted):
    case = Case(id="a", text="x" * 100, gold=tuple(gold), predicted=tuple(predicted))
    return [spans.matched(case.gold, case.predicted)]


def test_axes_by_hand():
    gold = [
        mark(0, ["negated"]),
        mark(10, ["negated", "family"]),
        mark(20, []),
        mark(30, ["stopped"]),
        mark(40),
    ]
    predicted = [mark(0, ["negated"]), mark(10, ["family"]), mark(20, ["negated"]), mark(40, ["negated"])]
    counts = dict(zip([*AXES, "exact"], statements.axes(matches(gold, predicted))[0].tolist(), strict=True))
    assert counts["negated"] == [1, 2, 2]  # of what gold says nothing of, nothing counts
    assert counts["family"] == [1, 1, 1]
    assert counts["stopped"] == [0, 0, 0]  # not matched
    assert counts["exact"] == [1, 3, 3]


def test_what_is_ruled_out_is_negated_whether_or_not_it_is_said():
    found = matches([mark(0, ["ruled_out"])], [mark(0, ["ruled_out", "negated"])])
    counts = dict(zip([*AXES, "exact"], statements.axes(found)[0].tolist(), strict=True))
    assert counts["negated"] == counts["ruled_out"] == counts["exact"] == [1, 1, 1]


def test_a_prediction_that_says_nothing_says_that_nothing_holds():
    (found,) = matches([mark(0, ["negated"]), mark(10, [])], [mark(0), mark(10)])
    assert [statements.wrong_axes(pair) for pair in found.pairs] == [("negated",), ()]


def test_details_hang_on_the_mention_they_belong_to():
    gold = [mark(0, details=[("dose", 6), ("route", 8)]), mark(20, details=[("dose", 26)])]
    predicted = [mark(0, details=[("dose", 6), ("dose", 26)]), mark(20)]
    found = matches(gold, predicted)
    kinds = statements.detail_kinds(found)
    counts = dict(zip(["all", *kinds], statements.details(found, kinds)[0].tolist(), strict=True))
    assert counts == {"all": [1, 3, 2], "dose": [1, 2, 2], "route": [0, 1, 0]}
    assert statements.hosts(found) == ("medication",)
    assert statements.details(found, kinds, ("condition", "medication"))[0, 3:].tolist() == [
        [0, 0, 0],
        [1, 3, 2],
    ]
