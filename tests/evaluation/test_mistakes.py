from adapter.evaluation import mistakes
from adapter.evaluation.mistakes import passage
from adapter.evaluation.record import AXES, Annotation, Case, Coded

TEXT = "Seen today. Denies severe fever\nand chills. Has asthma."


def mark(words, kind="condition", said=None, code=None):
    start = TEXT.index(words)
    return Annotation(
        kind=kind,
        places=((start, start + len(words)),),
        assertion=None if said is None else {axis: axis in said for axis in AXES},
        codes=() if code is None else (Coded(system="s", code=code),),
    )


def listed(gold, found, *, text=True):
    return mistakes.listed([Case(id="a", text=TEXT, gold=tuple(gold), predicted=tuple(found))], text=text)


def test_what_is_right_is_no_mistake():
    marks = [mark("fever", said=["negated"], code="R50"), mark("asthma", said=[])]
    assert listed(marks, marks) == []


def test_every_sort():
    gold = [mark("fever", said=["negated"], code="R50"), mark("asthma"), mark("chills")]
    found = [
        mark("severe fever", said=["family"], code="R51"),
        mark("asthma", "finding"),
        mark("today", "date"),
    ]
    told = {one.what: (one.gold, one.found) for one in listed(gold, found)}
    assert told == {
        "invented": ("", "date"),
        "bounds": ("condition 26-31", "condition 19-31"),
        "assertion": ("negated", "family"),
        "code": ("R50", "R51"),
        "missed": ("condition", ""),
        "kind": ("condition", "finding"),
    }


def test_the_passage_is_the_sentence_with_both_marks():
    parts = passage(TEXT, mark("fever"), mark("severe fever"))
    assert [(one.text, one.gold, one.found) for one in parts] == [
        ("Denies ", False, False),
        ("severe ", False, True),
        ("fever", True, True),
    ]


def test_without_text_nothing_of_the_note_is_kept():
    assert all(one.passage == () for one in listed([mark("fever")], [], text=False))
