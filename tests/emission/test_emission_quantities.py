import pytest
from hypothesis import given
from hypothesis import strategies as st
from written import RULES

from adapter.emission import quantities

UCUM = "http://unitsofmeasure.org"


def measure(text, **options):
    return quantities.measure(text, RULES.units, words=RULES.dosage.numbers, **options)


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("88 G/l", 88, "10*9/L"),
        ("9,8 g/dl", 9.8, "g/dL"),
        ("128 g/l", 128, "g/L"),
        ("2,4 mU/l", 2.4, "m[IU]/L"),
        ("21,3 pmol/l", 21.3, "pmol/L"),
        ("48,3 µg/l", 48.3, "ug/L"),
        ("3 IE", 3, "[IU]"),
        ("1 Kps.", 1, "{capsule}"),
        ("90 mg", 90, "mg"),
    ],
)
def test_units_of_the_continent(text, value, code):
    quantity = measure(text, language="de").quantity()
    assert (quantity["value"], quantity["code"]) == (value, code)


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("40 mg", 40, "mg"),
        ("40mg", 40, "mg"),
        ("12.3 g/dL", 12.3, "g/dL"),
        ("0.5 mcg", 0.5, "ug"),
        (".5 mg", 0.5, "mg"),
        ("1,000 mg", 1000, "mg"),
        ("10,000 units", 10000, "[IU]"),
        ("two tablets", 2, "{tablet}"),
        ("1/2 tablet", 0.5, "{tablet}"),
        ("1 1/2 tabs", 1.5, "{tablet}"),
        ("95%", 95, "%"),
        ("5 mg/kg", 5, "mg/kg"),
        ("140 mEq/L", 140, "meq/L"),
        ("98.6 F", 98.6, "[degF]"),
        ("7.2 K/uL.", 7.2, "10*3/uL"),
    ],
)
def test_one_number(text, value, code):
    quantity = measure(text).quantity()
    assert (quantity["value"], quantity["system"], quantity["code"]) == (value, UCUM, code)
    assert isinstance(quantity["value"], int) == isinstance(value, int)


@pytest.mark.parametrize(
    ("text", "low", "high", "code"),
    [
        ("70% to 75%", 70, 75, "%"),
        ("0.5-1 mg", 0.5, 1, "mg"),
        ("1 to 2 tablets", 1, 2, "{tablet}"),
        ("5–10 mL", 5, 10, "mL"),
    ],
)
def test_a_range(text, low, high, code):
    told = measure(text).range()
    assert (told["low"]["value"], told["high"]["value"], told["high"]["code"]) == (low, high, code)


@pytest.mark.parametrize(
    ("text", "comparator", "value"),
    [("<0.01", "<", 0.01), (">= 60 mL/min", ">=", 60), ("≤ 5 mg/dL", "<=", 5)],
)
def test_a_comparator(text, comparator, value):
    quantity = measure(text).quantity()
    assert (quantity["comparator"], quantity["value"]) == (comparator, value)


@pytest.mark.parametrize(
    "text",
    [
        "875/125 mg",
        "120/80",
        "about 40 mg",
        "40 mg daily",
        "325 mg tablet",
        "40 u",
        "10-5 mg",
        "5-5 mg",
        "<5-10 mg",
        "1,00 mg",
        "1.2.3 mg",
        "positive",
        "mg",
        "",
        "-5 mg",
        "4 / 5",
        "1/7 tablet",
    ],
)
def test_text_stays_text_when_in_doubt(text):
    assert measure(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("2,5 mg", 2.5), ("0,125 mg", 0.125), ("40 mg", 40), ("1.000 mg", None), ("1,000 mg", None)],
)
def test_the_comma_of_other_languages(text, value):
    told = measure(text, language="de")
    assert (told.low if told else None) == value


def test_a_bare_number_has_no_unit():
    assert measure("12.3").quantity() == {"value": 12.3}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("120/80", (120, 80)),
        ("134 / 76 mmHg", (134, 76)),
        ("80/120", None),
        ("1/2", None),
        ("120", None),
        ("999/20", None),
        ("120/80/60", None),
    ],
)
def test_blood_pressure(text, expected):
    assert quantities.pressure(text) == expected


@given(st.decimals(0, 100000, places=2, allow_nan=False), st.sampled_from(sorted(RULES.units.folded)))
def test_every_unit_reads_with_every_number(number, unit):
    told = measure(f"{number} {unit}")
    assert told.low == float(number)
    assert told.ucum == RULES.units.ucum(unit)


@given(st.text(max_size=30))
def test_any_text_is_read_or_left(text):
    told = measure(text)
    assert told is None or told.low >= 0
