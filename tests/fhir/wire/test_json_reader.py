"""JSON in and out: strict, exact, bounded, and quick."""

import copy
import json
import pickle
import time
import timeit
from decimal import Decimal

import pytest
from fhir.resources.R4B.quantity import Quantity
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.fhir.wire.json_reader import read_json
from adapter.fhir.wire.json_writer import write_json
from adapter.fhir.wire.limits import Limits
from adapter.fhir.wire.numbers import Exact

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def body(text):
    return ('{"resourceType":"Observation","a":' + text + "}").encode()


def refused(data, limits=None):
    with pytest.raises(InputError) as error:
        read_json(data, limits or Limits())
    return str(error.value), error.value.path


@given(value=VALUES)
def test_what_json_says_is_what_is_read(value):
    whole = {"resourceType": "Observation", "value": value}
    for written in (json.dumps(whole).encode(), json.dumps(whole, ensure_ascii=False, indent=1).encode()):
        read = read_json(written)
        assert read == whole
        assert read_json(write_json(read)) == whole
        assert read_json(write_json(read, pretty=True)) == whole


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "ignore")))
def test_any_bytes_give_an_object_or_an_input_error(data):
    try:
        assert read_json(data)["resourceType"]
    except InputError as error:
        assert str(error)


@given(data=st.data())
def test_a_broken_body_gives_an_object_or_an_input_error(data):
    whole = bytearray(body('{"b":[1.50,"\\u00e9",{"c":null}],"d":"é"}'))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_json(bytes(whole))
    except InputError as error:
        assert str(error)


def test_a_byte_order_mark_is_no_fault():
    assert read_json(b"\xef\xbb\xbf" + body("1"))["a"] == 1


@pytest.mark.parametrize(
    ("text", "message", "path"),
    [
        ('{"b": 1, "b": 2}', "the name b stands twice", "Observation.a"),
        ('[{"c": [{"b": 1, "b": 1}]}]', "the name b stands twice", "Observation.a[0].c[0]"),
        ('{"b b": 1, "b b": 2}', "the name (unnamed) stands twice", "Observation.a"),
        ('{"John Doe": {"b": NaN}}', "not a number of JSON", "Observation.a.(unnamed).b"),
        ("[1, 2, Infinity]", "not a number of JSON", "Observation.a[2]"),
        ("[1e999]", "a number is out of range", "Observation.a[0]"),
        ("9" * 65, "a number is too long", "Observation.a"),
        ('"\\u0000"', "a character that FHIR does not allow", "Observation.a"),
        ('["x", "\\ud800"]', "a character that FHIR does not allow", "Observation.a[1]"),
        ('{"\\u0001": 1}', "a name holds a character that FHIR does not allow", "Observation.a"),
        ("[" * 64 + "]" * 64, "nested more than 64 deep", "Observation.a" + "[0]" * 63),
        ("1" + "}" + "{", "not JSON: Extra data at line 1, column 37", None),
        ('1, "resourceType": "Patient"', "the name resourceType stands twice", "Observation"),
    ],
)
def test_a_fault_names_the_element_and_no_value(text, message, path):
    assert refused(body(text)) == (message, path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "the body is not an object"),
        (b"{}", "resourceType is missing or is no name of a type"),
        (b'{"resourceType": "\\u003cb>"}', "resourceType is missing or is no name of a type"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"", "not JSON: Expecting value at line 1, column 1"),
    ],
)
def test_what_is_no_resource(data, message):
    assert refused(data)[0] == message


def test_bounds_are_the_caller_s():
    assert refused(body('"xxxxxxxx"'), Limits(size=20))[0] == "larger than 20 bytes"
    assert refused(body("[[[]]]"), Limits(depth=3))[0] == "nested more than 3 deep"
    assert refused(body("12345"), Limits(digits=4))[0] == "a number is too long"
    assert read_json(body("[[]]"), Limits(depth=3))["a"] == [[]]


def test_escapes_that_look_suspicious_but_are_not():
    assert read_json(body('"\\ud83d\\ude00 \\\\u0000 \\\\b"'))["a"] == "\U0001f600 \\u0000 \\b"


def test_a_decimal_is_a_number_that_remembers_its_digits():
    value = read_json(body("1.50"))["a"]
    assert value == 1.5 and isinstance(value, float) and f"{value}" == "1.50"
    assert type(read_json(body("1.5"))["a"]) is float
    assert json.loads(json.dumps({"a": value})) == {"a": 1.5}
    for same in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert isinstance(same, Exact) and str(same) == "1.50"
    assert Quantity.model_validate({"value": value}).value == Decimal("1.50")
    assert str(Quantity.model_validate({"value": value}).value) == "1.50"


def test_decimals_are_written_exactly_wherever_they_stand():
    value = {"a": [Exact("1.50"), {"b": Decimal("0.10")}], "c": (Exact("2.0e3"),), "d": "1.50", "e": 1.5}
    assert write_json(value) == b'{"a":[1.50,{"b":0.10}],"c":[2.0e3],"d":"1.50","e":1.5}'
    assert b'"b": 0.10' in write_json(value, pretty=True)


def test_what_json_cannot_say_is_not_written():
    for value in (float("nan"), Decimal("NaN"), Decimal("Infinity")):
        with pytest.raises(ValueError, match=r"JSON"):
            write_json({"a": value})
    assert write_json({"a": "\ud800é"}) == b'{"a":"\\ud800\\u00e9"}'
    assert write_json({"a": "é"}) == '{"a":"é"}'.encode()


def test_a_large_bundle_costs_little_more_than_the_plain_parser():
    entry = {
        "fullUrl": "urn:uuid:0",
        "resource": {
            "resourceType": "Condition",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "Diabetes"}]},
            "extension": [{"url": "http://x.example", "valueDecimal": 0.25}, {"url": "u", "valueInteger": 1}],
        },
        "request": {"method": "POST", "url": "Condition", "ifNoneExist": "identifier=a|b"},
    }
    data = json.dumps({"resourceType": "Bundle", "entry": [entry] * 3000}).encode()
    assert len(data) > 1_000_000
    plain = min(timeit.repeat(lambda: json.loads(data), number=1, repeat=7, timer=time.process_time))
    ours = min(timeit.repeat(lambda: read_json(data), number=1, repeat=7, timer=time.process_time))
    assert ours < 8 * plain  # about 3 on a machine at rest
