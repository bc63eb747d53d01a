"""What coding tells of itself is what it did."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import terminology
from adapter import coding
from adapter.model import Assertion, Attribute, Finding

TEXTS = (
    "asthma",
    "astma",
    "severe COPD",
    "left knee pain",
    "breast cancer",
    "metoprolol 50 mg",
    "zebra stripes",
    "",
)


@pytest.fixture(scope="module")
def coder(core_store):
    with terminology.open_store(core_store) as store:
        yield coding.Coder(store, coding.load())


def finding(text, kind="condition", *, past=False, site=""):
    sites = (Attribute(kind="body_site", start=0, end=len(site), text=site),) if site else ()
    said = Assertion(historical=past)
    return Finding(
        start=0, end=len(text), text=text, kind=kind, confidence=1.0, attributes=sites, assertion=said
    )


@given(
    st.sampled_from(TEXTS) | st.text(max_size=30),
    st.sampled_from(["condition", "finding", "medication", "dose", "nothing"]),
    st.booleans(),
    st.sampled_from(["", "left knee"]),
)
def test_what_is_told_is_what_is_given(coder, text, kind, past, site):
    one = finding(text, kind, past=past, site=site)
    told = coder.explained(one, ("en",))
    assert told.finding == coder.code(one, languages=("en",))
    given = {(each.system, each.code) for each in told.finding.codings}
    for each in told.candidates:
        taken = (each.hit.system, each.hit.code) in given
        assert taken is (each.fate in ("chosen", "given too"))
        assert taken or (each.fate in ("below", "beyond")) is (each.score < told.threshold)
        parts = each.hit.score - each.kind_penalty - each.broader_penalty
        assert each.score == pytest.approx(max(0, parts), abs=0.0001)
    scores = [each.score for each in told.candidates]
    assert scores == sorted(scores, reverse=True)
    assert not given & {(each.system, each.code) for each in told.withheld}


def test_wordings_after_the_one_that_was_found_are_not_looked_for(coder):
    told = coder.explained(finding("mild asthma"), ("en",))
    texts = [(one.wording.text, one.wording.broader, one.found is None) for one in told.searched]
    assert texts[0] == ("mild asthma", False, False)
    assert ("asthma", True) in [text[:2] for text in texts]
    exact = coder.explained(finding("asthma", site="lung"), ("en",))
    assert exact.searched[-1].found is not None


def test_what_is_withheld_for_the_past_is_told(coder):
    now = coder.explained(finding("breast cancer"), ("en",))
    then = coder.explained(finding("breast cancer", past=True), ("en",))
    assert not now.withheld
    assert {one.code for one in then.withheld} == {
        one.code for one in now.finding.codings if one not in then.finding.codings
    }
    assert then.withheld


def test_without_a_chooser_nothing_is_offered_to_one(coder):
    assert not any(one.offered for one in coder.explained(finding("astma"), ("en",)).candidates)
    assert replace(finding("astma")) == finding("astma")
