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


@pytest.mark.parametrize(
    ("words", "frequency", "period", "unit", "when"),
    [
        ("1-0-1", 2, 1, "d", ["MORN", "EVE"]),
        ("1 – 0 – 0 – 1", 2, 1, "d", ["MORN", "NIGHT"]),
        ("2x tgl.", 2, 1, "d", None),
        ("dreimal täglich", 3, 1, "d", None),
        ("alle 8 Std.", 1, 8, "h", None),
        ("abends", 1, 1, "d", ["EVE"]),
        ("1 fois par jour", 1, 1, "d", None),
        ("3/j", 3, 1, "d", None),
        ("toutes les 6 heures", 1, 6, "h", None),
        ("le matin", 1, 1, "d", ["MORN"]),
        ("2dd", 2, 1, "d", None),
        ("vijf maal daags", 5, 1, "d", None),
        ("elke 8 weken", 1, 8, "wk", None),
        ("'s avonds", 1, 1, "d", ["EVE"]),
    ],
)
def test_frequencies_of_the_continent(words, frequency, period, unit, when):
    repeat = dosage.timing(words, None, TABLE)["repeat"]
    assert (repeat["frequency"], repeat["period"], repeat["periodUnit"]) == (frequency, period, unit)
    assert repeat.get("when") == when


@pytest.mark.parametrize("words", ["1-½-0", "2-0-2", "0-0-0", "bis 3x tgl.", "x 3", "1-0"])
def test_schemes_we_are_not_sure_of(words):
    assert dosage.timing(words, None, TABLE)["repeat"] == {"boundsDuration": None}


@pytest.mark.parametrize(
    ("words", "value", "unit"),
    [("für 6 Monate", 6, "mo"), ("7 dgn", 7, "d"), ("pendant 5 jours", 5, "d"), ("max. 14 Tage", 14, "d")],
)
def test_durations_of_the_continent(words, value, unit):
    told = dosage.duration(words, TABLE)
    assert (told["value"], told["code"]) == (value, unit)


@pytest.mark.parametrize("words", ["b. Bed.", "bei Bedarf", "si besoin", "zo nodig"])
def test_as_needed_on_the_continent(words):
    assert dosage.needed(words, TABLE) == (True, None)


def test_a_schedule_and_as_needed_told_apart_are_one():
    text = "aspirin 5 mg every 6 to 8 hours as needed for pain"
    told = dose(text, ("dose", "5 mg"), ("frequency", "every 6 to 8 hours"), ("frequency", "as needed"))
    assert told["asNeededBoolean"] is True
    assert (told["timing"]["repeat"]["period"], told["timing"]["repeat"]["periodMax"]) == (6, 8)


@pytest.mark.parametrize(
    "text",
    [
        "aspirin 2 puffs every 4 hours for 2 days and then as needed",
        "aspirin 2 puffs every 4 hours and 3 times daily",
    ],
)
def test_two_schedules_are_none(text):
    second = "as needed" if "needed" in text else "3 times daily"
    told = dose(text, ("dose", "2 puffs"), ("frequency", "every 4 hours"), ("frequency", second))
    assert "timing" not in told
    assert "asNeededBoolean" not in told
    assert second in told["text"]


@pytest.mark.parametrize(
    ("text", "doses", "value", "code"),
    [
        ("aspirin 2%", ["2%"], None, None),
        ("10 cc of aspirin 0.25%", ["10 cc", "0.25%"], 10, "mL"),
        ("aspirin 40, 2 puffs", ["40", "2 puffs"], 2, "{puff}"),
        ("20 mg, 10 mg aspirin", ["20 mg", "10 mg"], None, None),
        ("aspirin 1:200,000", ["1:200,000"], None, None),
    ],
)
def test_a_strength_is_no_dose(text, doses, value, code):
    told = dose(text, *(("dose", one) for one in doses))
    quantity = told.get("doseAndRate", [{}])[0].get("doseQuantity", {})
    assert (quantity.get("value"), quantity.get("code")) == (value, code)


def test_uneven_tablets_are_no_dose():
    even = dose("aspirin 20 mg 1-0-1", ("dose", "20 mg"), ("frequency", "1-0-1"), language="de")
    assert even["doseAndRate"][0]["doseQuantity"]["value"] == 20
    uneven = dose("aspirin 20 mg 2-0-2", ("dose", "20 mg"), ("frequency", "2-0-2"), language="de")
    assert uneven == {"text": "20 mg 2-0-2"}


def test_what_flows_is_a_rate():
    told = dose("oxygen 2 L/min", ("dose", "2 L/min"), name="oxygen")
    assert told["doseAndRate"][0]["rateQuantity"]["code"] == "L/min"
