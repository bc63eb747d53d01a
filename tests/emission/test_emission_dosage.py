import pytest
from written import RULES, built, code, finding, only

from adapter.emission import dosage

TABLE = RULES.dosage


def dose(text, *details, fhir="r4", name="aspirin", **given):
    medicine = finding(text, name, "medication", details=details)
    return only(built(text, medicine, fhir=fhir, **given)).get("dosage", [None])[0]


@pytest.mark.parametrize(
    ("words", "frequency", "period", "unit", "code"),
    [
        ("b.i.d.", 2, 1, "d", "BID"),
        ("BID", 2, 1, "d", "BID"),
        ("twice daily", 2, 1, "d", "BID"),
        ("daily", 1, 1, "d", "QD"),
        ("q.d.", 1, 1, "d", "QD"),
        ("once a day", 1, 1, "d", "QD"),
        ("t.i.d.", 3, 1, "d", "TID"),
        ("four times a day", 4, 1, "d", "QID"),
        ("every other day", 1, 2, "d", "QOD"),
        ("q6h", 1, 6, "h", "Q6H"),
        ("q. 6 h.", 1, 6, "h", "Q6H"),
        ("every 8 hours", 1, 8, "h", "Q8H"),
        ("every four hours", 1, 4, "h", "Q4H"),
        ("q12h", 1, 12, "h", None),
        ("every 12 hours", 1, 12, "h", None),
        ("five times a day", 5, 1, "d", None),
        ("weekly", 1, 1, "wk", "WK"),
        ("every 3 months", 1, 3, "mo", None),
    ],
)
def test_frequencies(words, frequency, period, unit, code):
    timing = dosage.timing(words, None, TABLE)
    repeat = timing["repeat"]
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == (frequency, period, unit)
    assert (timing["code"]["coding"][0]["code"] if timing["code"] else None) == code


@pytest.mark.parametrize(
    ("words", "when"), [("nightly", "NIGHT"), ("at bedtime", "HS"), ("q.a.m.", "MORN"), ("q.h.s.", "HS")]
)
def test_times_of_day(words, when):
    assert dosage.timing(words, None, TABLE)["repeat"]["when"] == [when]


def test_every_four_to_six_hours():
    timing = dosage.timing("q4-6h", None, TABLE)
    assert (timing["repeat"]["period"], timing["repeat"]["periodMax"], timing["code"]) == (4, 6, None)


@pytest.mark.parametrize(
    "words", ["od", "stat", "as directed", "with meals", "q", "every", "x1", "every 6-4 hours", "bid and hs"]
)
def test_frequencies_we_are_not_sure_of(words):
    timing = dosage.timing(words, None, TABLE)
    assert timing["repeat"] == {"boundsDuration": None}
    assert timing["code"] is None


@pytest.mark.parametrize(
    ("words", "needed", "left"),
    [
        ("q4h p.r.n.", True, "q4h"),
        ("PRN", True, None),
        ("as needed", True, None),
        ("twice daily as needed", True, "twice daily"),
        ("every 6 hours as needed for severe pain", True, "every 6 hours"),
        ("daily", False, "daily"),
        ("daily for pain", False, "daily for pain"),
    ],
)
def test_as_needed(words, needed, left):
    assert dosage.needed(words, TABLE) == (needed, left)


@pytest.mark.parametrize(
    ("words", "value", "unit"),
    [
        ("for 7 days", 7, "d"),
        ("x 10 days", 10, "d"),
        ("two weeks", 2, "wk"),
        ("14-day", 14, "d"),
        ("a while", None, None),
    ],
)
def test_durations(words, value, unit):
    told = dosage.duration(words, TABLE)
    assert (told["value"], told["code"]) == (value, unit) if value else told is None


def test_the_text_is_the_notes_own():
    text = "Start aspirin 81 mg by mouth once daily for 7 days."
    told = dose(
        text,
        ("dose", "81 mg"),
        ("route", "by mouth"),
        ("frequency", "once daily"),
        ("duration", "for 7 days"),
    )
    assert told["text"] == "81 mg by mouth once daily for 7 days"
    assert told["text"] in text
    assert told["doseAndRate"] == [
        {"doseQuantity": {"value": 81, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}
    ]
    assert (code(told["route"]), told["route"]["text"]) == ("26643006", "by mouth")
    assert told["timing"]["repeat"]["boundsDuration"]["value"] == 7
    assert "asNeededBoolean" not in told


def test_a_dose_before_the_name_keeps_the_name_in_the_text():
    text = "81 mg of aspirin daily"
    assert dose(text, ("dose", "81 mg"), ("frequency", "daily"))["text"] == "81 mg of aspirin daily"


def test_another_medicine_never_gets_into_the_text():
    text = "aspirin 81 mg, metoprolol 25 mg, both daily"
    told = dose(text, ("dose", "81 mg"), ("frequency", "daily"))
    assert told["text"] == "81 mg, daily"


def test_two_doses_are_not_one():
    text = "aspirin 81 mg then 325 mg"
    told = dose(text, ("dose", "81 mg"), ("dose", "325 mg"))
    assert "doseAndRate" not in told
    assert "81 mg" in told["text"]
    assert "325 mg" in told["text"]


def test_a_strength_of_two_is_text():
    text = "aspirin 875/125 mg"
    assert dose(text, ("dose", "875/125 mg")) == {"text": "875/125 mg"}


def test_a_range_of_tablets_as_needed_in_both_versions():
    text = "aspirin 1-2 tablets q4h prn"
    details = (("dose", "1-2 tablets"), ("frequency", "q4h prn"))
    r4, r5 = dose(text, *details), dose(text, *details, fhir="r5")
    assert r4["doseAndRate"][0]["doseRange"]["high"]["value"] == 2
    assert r4["asNeededBoolean"] is r5["asNeeded"] is True
    assert "asNeeded" not in r4
    assert "asNeededBoolean" not in r5


def test_an_unknown_route_is_its_words():
    text = "aspirin via g-tube"
    assert dose(text, ("route", "via g-tube"))["route"] == {"text": "via g-tube"}


def test_no_details_no_dosage():
    assert dose("aspirin") is None
