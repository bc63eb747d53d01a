from dataclasses import replace

import pytest
from written import RULES, built, finding, only

from adapter.emission import dates
from adapter.fhir import systems
from adapter.model import Assertion, Attribute, When


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("2019", "2019"),
        ("in 2019", "2019"),
        ("2019-03-07", "2019-03-07"),
        ("March 2019", "2019-03"),
        ("Mar. 7, 2019", "2019-03-07"),
        ("7th of March 2019", "2019-03-07"),
        ("7. März 2019", "2019-03-07"),
        ("le 1er février 2020", "2020-02-01"),
        ("12 mei 2021", "2021-05-12"),
        ("07.03.2019", "2019-03-07"),
        ("03/2019", "2019-03"),
        ("25/4/2021", "2021-04-25"),
        ("4/25/2021", "2021-04-25"),
        ("3/3/2021", "2021-03-03"),
        ("3/4/2021", None),
        ("30 February 2021", None),
        ("31.02.2021", None),
        ("last spring", None),
        ("Friday 2021", None),
        ("at 2019 mg", None),
        ("3/14", None),
    ],
)
def test_a_date_is_read_when_it_can_be_read_in_one_way(words, moment):
    assert dates.read(words, RULES.dates) == moment


@pytest.mark.parametrize(("fhir", "element"), [("r4", "performed"), ("r5", "occurrence")])
def test_when_and_why_something_was_done(fhir, element):
    text = "Appendectomy in March 2019 for appendicitis."
    done = finding(
        text, "Appendectomy", "procedure", details=[("date", "March 2019"), ("reason", "appendicitis")]
    )
    resource = only(built(text, done, fhir=fhir))
    assert resource[f"{element}DateTime"] == "2019-03"
    told = resource["reasonCode"] if fhir == "r4" else [one["concept"] for one in resource["reason"]]
    assert told == [{"text": "appendicitis"}]


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_an_onset_that_is_no_date_is_said_in_the_words_of_the_note(fhir):
    text = "Asthma since childhood."
    asthma = finding(text, "Asthma", "condition", details=[("date", "since childhood")])
    assert only(built(text, asthma, fhir=fhir))["onsetString"] == "since childhood"


def test_mentions_that_say_different_dates_say_none():
    text = "Asthma since 2001. Asthma since 2003."
    first = finding(text, "Asthma", "condition", details=[("date", "2001")])
    second = finding(text, "Asthma", "condition", nth=1, details=[("date", "2003")])
    assert not any(key.startswith("onset") for key in only(built(text, first, second)))


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_why_a_medicine_is_taken(fhir):
    text = "Metformin for diabetes."
    drug = finding(text, "Metformin", "medication", details=[("reason", "diabetes")])
    resource = only(built(text, drug, fhir=fhir))
    told = resource["reasonCode"] if fhir == "r4" else [one["concept"] for one in resource["reason"]]
    assert told == [{"text": "diabetes"}]


def timed(text, words, kind, said, *, nth=0, **when):
    one = finding(text, words, kind, nth=nth, details=[("date", said)])
    return replace(one, attributes=tuple(replace(each, when=When(**when)) for each in one.attributes))


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_a_time_bears_its_words_and_their_place(fhir):
    text = "Asthma since March 2019."
    resource = only(
        built(
            text,
            timed(text, "Asthma", "condition", "since March 2019", role="start", date="2019-03"),
            fhir=fhir,
        )
    )
    assert resource["onsetDateTime"] == "2019-03"
    words, place = resource["_onsetDateTime"]["extension"]
    assert words["valueString"] == "since March 2019"
    assert [part["valueInteger"] for part in place["extension"] if "valueInteger" in part] == [7, 16]


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_a_diagnosis_is_no_onset(fhir):
    text = "Asthma diagnosed in 2019."
    one = timed(text, "Asthma", "condition", "diagnosed in 2019", role="diagnosed", date="2019")
    resource = only(built(text, one, fhir=fhir))
    assert "onsetDateTime" not in resource
    assert {"url": systems.ASSERTED, "valueDateTime": "2019"} in resource["extension"]


@pytest.mark.parametrize(("fhir", "element"), [("r4", "performedAge"), ("r5", "occurrenceAge")])
def test_an_age_is_an_age(fhir, element):
    text = "Hysterectomy at age 38."
    resource = only(built(text, timed(text, "Hysterectomy", "procedure", "at age 38", age=38), fhir=fhir))
    assert (resource[element]["value"], resource[element]["code"]) == (38, "a")


@pytest.mark.parametrize(("fhir", "element"), [("r4", "performedPeriod"), ("r5", "occurrencePeriod")])
def test_what_goes_on_since_then_is_a_period(fhir, element):
    text = "Dialysis since 2018."
    one = timed(text, "Dialysis", "procedure", "since 2018", role="start", date="2018")
    assert only(built(text, one, fhir=fhir))[element]["start"] == "2018"


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_a_medicine_has_a_start_and_an_end(fhir):
    text = "Warfarin since 2018. Aspirin stopped in 2019."
    first = timed(text, "Warfarin", "medication", "since 2018", role="start", date="2018")
    last = timed(text, "Aspirin", "medication", "stopped in 2019", role="end", date="2019")
    periods = [one["effectivePeriod"] for one in built(text, first, last, fhir=fhir).kept]
    assert (periods[0]["start"], periods[1]["end"]) == ("2018", "2019")


def test_what_is_done_twice_is_two_things_and_a_year_is_a_day_in_it():
    text = "Colonoscopy in 2015. Colonoscopy in 2019. Colonoscopy on 2019-03-04."
    told = [
        timed(text, "Colonoscopy", "procedure", "in 2015", date="2015"),
        timed(text, "Colonoscopy", "procedure", "in 2019", nth=1, date="2019"),
        timed(text, "Colonoscopy", "procedure", "on 2019-03-04", nth=2, date="2019-03-04"),
    ]
    assert [one["performedDateTime"] for one in built(text, *told).kept] == ["2015", "2019-03-04"]


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_a_test_is_of_its_day_and_never_of_words(fhir):
    text = "Hemoglobin 13 g/dL in March 2019. Sodium 140 some years ago."
    first = timed(text, "Hemoglobin", "test", "in March 2019", date="2019-03")
    second = timed(text, "Sodium", "test", "some years ago")
    results = [
        replace(
            one,
            attributes=(
                Attribute(kind="result", start=at, end=at + 2, text=text[at : at + 2]),
                *one.attributes,
            ),
        )
        for one, at in ((first, text.index("13")), (second, text.index("14")))
    ]
    kept = built(text, *results, fhir=fhir).kept
    assert [one.get("effectiveDateTime") for one in kept] == ["2019-03", None]
    assert not any("effectiveString" in one for one in kept)


def test_a_relative_has_an_age():
    text = "Mother had gout at age 52."
    one = replace(
        timed(text, "gout", "condition", "at age 52", age=52),
        assertion=Assertion(experiencer="family", relative="MTH"),
    )
    assert only(built(text, one))["condition"][0]["onsetAge"]["value"] == 52
