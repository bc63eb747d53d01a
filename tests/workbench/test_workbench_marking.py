"""Wherever findings begin, end and overlap: the text stays the text, every mark stands on its own words."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.model import Assertion, Attribute, Cue, Finding, Issue, Note
from adapter.workbench.marking import marks, pieces

TEXT = st.text(max_size=60)


def finding(text, start, end, **more):
    given = {"text": text[start:end], "kind": "condition", "confidence": 1.0} | more
    return Finding(start=start, end=end, **given)


@st.composite
def marked(draw):
    text = draw(TEXT)
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
    return text, draw(st.lists(places, max_size=12)), draw(st.lists(places, max_size=4))


@given(marked())
def test_pieces_are_the_text_with_every_mark_on_its_words(case):
    text, found, left = case
    numbered = [(number, finding(text, start, end)) for number, (start, end) in enumerate(found)]
    out = [
        (number, Issue(code="x", reason="x", message="x", start=start, end=end))
        for number, (start, end) in enumerate(left)
    ]
    cut = pieces(Note(id="n", text=text), marks(numbered, out), frozenset())
    assert "".join(piece.text for piece in cut) == text
    for number, (start, end) in enumerate(found):
        assert "".join(piece.text for piece in cut if number in piece.findings) == text[start:end]
    for number, (start, end) in enumerate(left):
        assert "".join(piece.text for piece in cut if number in piece.left) == text[start:end]


def test_what_decided_and_details_are_tied_to_their_finding():
    text = "no severe asthma"
    cue = Cue(axis="negated", rule="no", start=0, end=2, text="no")
    detail = Attribute(kind="reason", start=3, end=9, text="severe")
    one = finding(text, 10, 16, assertion=Assertion(negated=True, cues=(cue,)), attributes=(detail,))
    cut = pieces(Note(id="n", text=text), marks([(7, one)], []), frozenset({7}))
    assert [(piece.text, piece.findings, piece.details) for piece in cut] == [
        ("no", (), (7,)),
        (" ", (), ()),
        ("severe", (), (7,)),
        (" ", (), ()),
        ("asthma", (7,), ()),
    ]
    assert cut[-1].denied and cut[-1].ends


def test_the_shortest_of_overlapping_findings_gives_the_colour():
    text = "asthma attack"
    whole, inner = finding(text, 0, 13), finding(text, 0, 6, kind="finding")
    cut = pieces(Note(id="n", text=text), marks([(0, whole), (1, inner)], []), frozenset())
    assert [(piece.text, piece.kind, piece.findings) for piece in cut] == [
        ("asthma", "finding", (1, 0)),
        (" attack", "condition", (0,)),
    ]
