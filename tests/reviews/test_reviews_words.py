"""Verdicts without a model: what stands, what is in doubt, how alike people judge, and examples."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import notes
from adapter.errors import InputError
from adapter.ledger.verdicts import Place, Reviewer, Sentence, Verdict
from adapter.model import FLAGS, KINDS, Assertion, Attribute, Coding, Cue, Finding, Span, When
from adapter.reviews import Change, Words, changing, doubts, forms, judging, shots
from adapter.reviews.agreement import agreement, f1, kappa
from adapter.reviews.standing import standing
from adapter.tasks import library

ANN, BOB = Reviewer(id="a", name="Ann"), Reviewer(id="b", name="Bob")
TEXT = "History: asthma. Denies pain.\nMetformin 500 mg. Denies pain."
NOTE = notes.from_text("1", TEXT)


def finding(words, kind="condition", text=TEXT, **more):
    start = text.index(words)
    return Finding(start=start, end=start + len(words), text=words, kind=kind, confidence=0.9, **more)


def item(one, said=()):
    (found,) = [each for each in judging.judge([(NOTE, [one])], said).items if each.found == one]
    return found


def verdict(who, one, action, **more):
    return changing.verdict(who, "d", 1, item(one), Change(action=action, **more))


words = st.text(max_size=8)
whens = st.none() | st.builds(When, date=st.sampled_from(["2019", None]), age=st.none() | st.integers(0, 99))
sites = st.none() | st.builds(Span, start=st.integers(0, 9), end=st.integers(9, 19))
codings = st.lists(
    st.builds(Coding, system=words, code=words, display=words, score=st.floats(0, 1), match=words), max_size=2
)
findings = st.builds(
    Finding,
    start=st.integers(0, 9),
    end=st.integers(9, 19),
    text=words,
    kind=st.sampled_from(KINDS),
    confidence=st.floats(0, 1),
    sources=st.tuples(words.filter(bool)),
    section=words.filter(bool),
    assertion=st.builds(
        Assertion,
        negated=st.booleans(),
        experiencer=st.sampled_from(["patient", "family"]),
        cues=st.tuples(
            st.builds(
                Cue,
                axis=words.filter(bool),
                rule=words.filter(bool),
                start=st.integers(),
                end=st.integers(),
                text=words.filter(bool),
            )
        ),
    ),
    attributes=st.tuples(
        st.builds(
            Attribute,
            kind=words.filter(bool),
            start=st.integers(),
            end=st.integers(),
            text=words.filter(bool),
            when=whens,
            side=st.sampled_from(["left", None]),
            of=sites,
        )
    ),
    codings=codings.map(tuple),
)


@given(findings)
def test_a_finding_is_the_same_after_it_was_kept(one):
    told = forms.told(one)
    again = forms.read(told)
    assert forms.told(again) == told and again.attributes == one.attributes
    assert (again.start, again.end, again.kind, again.assertion.negated) == (
        one.start,
        one.end,
        one.kind,
        one.assertion.negated,
    )


def test_of_each_reviewer_the_last_word_counts_until_they_take_it_back():
    asthma = finding("asthma")
    no, yes = verdict(ANN, asthma, "reject"), verdict(ANN, asthma, "accept")
    (said,) = standing([no, yes])
    assert said.verdicts == (yes,) and not said.disputed
    assert item(asthma, standing([no])).stands is None
    assert item(asthma, standing([no, verdict(ANN, asthma, "withdraw")])).stands == asthma
    both = item(asthma, standing([no, verdict(BOB, asthma, "accept")]))
    assert both.stands == asthma and not both.settled


def test_what_a_person_said_stands_though_the_model_no_longer_finds_it():
    asthma = finding("asthma")
    said = standing([verdict(ANN, asthma, "change", axes=["historical"], experiencer="patient")])
    judged = judging.judge([(NOTE, [])], said)
    (found,) = judged.items
    assert found.found is None and found.stands.assertion.historical and judged.of(NOTE) == (found.stands,)


def test_a_verdict_goes_with_its_sentence_and_only_where_that_is_clear():
    asthma, pain = finding("asthma"), finding("pain", "finding")
    said = standing([verdict(ANN, asthma, "reject"), verdict(ANN, pain, "reject")])
    text = "Seen at home.\n\n" + TEXT
    moved = notes.from_text("1", text)
    both = [finding("asthma", text=text), finding("pain", "finding", text=text)]
    judged = judging.judge([(moved, both)], said)
    held = {one.text for one in judged.of(moved)}
    assert "pain" in held  # its sentence stands there twice, and it is not said which is meant
    assert [one.place.kind for one in judged.unplaced][-1] == "finding"


def test_a_side_goes_with_its_verdict_and_stays_with_its_site():
    text = "Fall.\n\nPain in the left knee."
    note, site = notes.from_text("1", text), text.index("knee")
    side = Attribute(kind="laterality", start=site - 5, end=site - 1, text="left", side="left")
    side = replace(side, of=Span(start=site, end=site + 4))
    pain = finding("Pain", "finding", text=text, attributes=(side,))
    (one,) = judging.judge([(note, [pain])], standing([])).items
    change = Change(action="change", axes=["historical"], experiencer="patient")
    said = standing([changing.verdict(ANN, "d", 1, one, change)])
    later = notes.from_text("1", "Seen.\n\n" + text)
    (found,) = judging.judge([(later, [])], said).of(later)
    (moved,) = found.attributes
    assert (later.text[moved.start : moved.end], later.text[moved.of.start : moved.of.end]) == (
        "left",
        "knee",
    )


def test_the_reasons_to_doubt_are_those_of_the_table():
    rules = doubts.load()
    drug = finding(
        "Metformin", "medication", attributes=(Attribute(kind="dose", start=40, end=46, text="500 mg"),)
    )
    assert doubts.doubt(drug, rules).reasons == ("drug with a dose", "uncoded")
    sure = Coding(system="s", code="c", display="", score=1.0, match="exact")
    denied = Cue(axis="negated", rule="denies", start=0, end=1, text="D")
    claimed = replace(denied, rule="engine")
    asthma = finding("asthma", codings=(sure,))
    by_rules = replace(asthma, assertion=Assertion(negated=True, cues=(denied,)))
    by_model = replace(asthma, assertion=Assertion(negated=True, cues=(claimed,)))
    assert doubts.doubt(asthma, rules).risk == 0
    assert (
        doubts.doubt(by_rules, rules).risk == 0
    )  # a model that says nothing of assertions contradicts nobody
    assert doubts.doubt(by_rules, rules, ["negated"]).reasons == ("rule says negated, model does not",)
    assert doubts.doubt(replace(by_rules, claims=("negated",)), rules, ["negated"]).risk == 0
    assert doubts.doubt(by_model, rules, ["negated"]).reasons == ("model says negated, rules do not",)
    low = doubts.doubt(replace(asthma, confidence=0.3), rules)
    assert low.reasons == ("below 0.6",) and 0 < low.risk < doubts.doubt(drug, rules).risk < 1


def test_words_are_found_where_they_were_selected_and_else_by_their_occurrence():
    first = TEXT.index("pain")
    second = TEXT.index("pain", first + 1)
    assert changing.located([NOTE], Words(text="pain", start=second))[1] == second
    assert changing.located([NOTE], Words(text=" pain ", start=first - 1))[1] == first
    assert changing.located([NOTE], Words(text="pain", occurrence=2))[1] == second
    for wrong in (
        Words(text="pain", occurrence=3),
        Words(text="gout"),
        Words(text=" "),
        Words(text="pain", note=1),
    ):
        with pytest.raises(InputError) as error:
            changing.located([NOTE], wrong)
        assert "gout" not in str(error.value)


@given(st.lists(st.sampled_from([*FLAGS]), unique=True), st.sampled_from(["patient", "family", "other"]))
def test_an_assertion_is_what_was_chosen(axes, whose):
    asthma = finding("asthma")
    said = changing.changed(asthma, Change(action="change", axes=axes, experiencer=whose)).assertion
    held = {flag for flag in FLAGS if getattr(said, flag)}
    assert held == {*axes, *(["negated"] if "ruled_out" in axes else [])} and said.experiencer == whose


def test_kappa_is_that_of_the_textbook():
    table = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert kappa(table) == pytest.approx(0.4)
    assert kappa([("a", "a")] * 3) is None and kappa([]) is None
    assert f1(frozenset("abc"), frozenset("bcde")) == pytest.approx(4 / 7, abs=1e-4)


def test_agreement_is_of_what_both_have_judged():
    asthma, pain, drug = finding("asthma"), finding("pain", "finding"), finding("Metformin", "medication")
    said = [
        verdict(ANN, asthma, "accept"), verdict(BOB, asthma, "accept"),
        verdict(ANN, pain, "accept"), verdict(BOB, pain, "reject"),
        verdict(ANN, drug, "reject"), verdict(BOB, drug, "reject"),
        verdict(ANN, drug, "withdraw"),
    ]  # fmt: skip
    (pair,) = agreement(said)
    assert (pair.documents, pair.findings, pair.same) == (1, 2, 1)
    assert pair.kappa == 0.0 and pair.spans == pair.whole == pytest.approx(2 / 3, abs=1e-4)
    assert agreement(said[:1]) == ()


def test_examples_for_a_language_model_are_answers_of_its_task():
    task = library.find("problems-medications-procedures", None)
    denied = finding("pain", "finding", assertion=Assertion(negated=True))
    dose = Attribute(kind="dose", start=TEXT.index("500"), end=TEXT.index("500") + 6, text="500 mg")
    told = shots.answer(
        [denied, finding("asthma"), finding("Metformin", "medication", attributes=(dose,))], task
    )
    assert told["problems"] == [
        {"quote": "asthma", "status": "present"},
        {"quote": "pain", "status": "absent"},
    ]
    assert told["medications"][0]["quote"] == "Metformin" and told["medications"][0]["dose"] == "500 mg"
    assert told["procedures"] == []


def test_places_are_told_apart_by_text_place_and_kind():
    place = Place(digest="d", start=1, end=2, kind="condition")
    one = Verdict(
        who=ANN, document="d", version=1, action="reject", place=place, before={"kind": "condition"},
        sentence=Sentence(text="x", start=0, section="unknown"), after=None,
    )  # fmt: skip
    assert len(standing([one, replace(one, place=replace(place, kind="finding"))])) == 2
