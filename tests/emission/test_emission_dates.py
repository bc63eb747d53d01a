import pytest
from written import RULES, built, finding, only

from adapter.emission import dates


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
