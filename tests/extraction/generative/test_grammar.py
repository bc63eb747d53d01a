"""What the grammar of a schema lets through, as llama.cpp reads it."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import EngineError
from adapter.extraction.generative import grammar
from adapter.extraction.generative.sampling import Grammar
from adapter.extraction.generative.weights import Weights

WORD = {"type": "string", "maxLength": 5}
STATUS = {"enum": ["present", "absent", "possible", "past", "family", "risk"]}


def accepts(weights: Weights, schema: dict[str, Any], text: str | bytes) -> bool:
    state = Grammar.parse(weights.vocabulary, grammar.from_schema(schema))
    try:
        for byte in text.encode() if isinstance(text, str) else text:
            token = np.array([byte], np.int32)  # in the vocabulary of the tiny model a byte is its own token
            if not state.allowed(token)[0]:
                return False
            state.accept(byte)
        return state.satisfied()
    finally:
        state.close()


def closed(**properties: Any) -> dict[str, Any]:
    required = [name for name in properties if not name.startswith("maybe")]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (
            WORD,
            ['""', '"abcde"', '"a\\"b"', '"\\n\\\\"', '"日本語"', '"💊"', '"a\'b"'],
            ['"abcdef"', "a", '"', '"\n"'],
        ),
        (WORD, [], ['"\\u0041"', '"\\x"', '"\x7f"', ' "a"', '"a" ', '"a"\n']),
        ({**WORD, "minLength": 2}, ['"ab"', '"a\\""'], ['"a"', '""']),
        (STATUS, ['"past"', '"present"', '"possible"'], ['"pas"', '"pasta"', "past", '"Past"']),
        ({"enum": ["", "a", "ab", "abc", "b", 'q"', "é"]}, ['""', '"ab"', '"q\\""', '"é"'], ['"ac"']),
        ({"enum": [1, None, True, "x"]}, ["1", "null", "true", '"x"'], ["2", "false"]),
        ({"const": {"a": [1]}}, ['{"a":[1]}'], ['{"a":[2]}']),
        ({"type": "boolean"}, ["true", "false"], ["True", "1"]),
        ({"type": "null"}, ["null"], ['""']),
        ({"type": "integer"}, ["0", "-1", "120"], ["01", "1.5", "", "-", "1e3", "+1"]),
        ({"type": "integer", "minimum": 0, "maximum": 10}, ["0", "7", "10"], ["11", "-1", "00"]),
        ({"type": "integer", "minimum": 0}, ["5", "123456"], ["-5"]),
        ({"type": "number"}, ["0", "-1.5", "37.25"], [".5", "1.", "1e5", "NaN"]),
        ({"type": "string", "format": "date", "maxLength": 10}, ['"2019-02-28"'], ['"2019-13-01"', '"2019"']),
        ({"type": ["string", "null"], "maxLength": 2}, ['"ab"', "null"], ["1"]),
        ({"anyOf": [WORD, {"type": "null"}]}, ['"ab"', "null"], ["true"]),
        (
            {"type": "array", "maxItems": 2, "items": WORD},
            ["[]", '["a"]', '["a","b"]'],
            ['["a","b","c"]', '["a",]'],
        ),
        ({"type": "array", "maxItems": 3, "minItems": 2, "items": WORD}, ['["a","b"]'], ["[]", '["a"]']),
        ({"type": "array", "maxItems": 0, "items": WORD}, ["[]"], ['["a"]']),
        (closed(), ["{}"], ['{"a":1}']),
        (
            closed(a=WORD, maybe=WORD, b=STATUS),
            ['{"a":"x","b":"past"}', '{"a":"","maybe":"y","b":"past"}'],
            ["{}"],
        ),
        (closed(a=WORD, b=WORD), ['{"a":"","b":""}'], ['{"b":"","a":""}', '{"a":""}', '{"a":"", "b":""}']),
        (
            closed(maybe1=WORD, maybe2=WORD, maybe3=WORD),
            ["{}", '{"maybe2":""}', '{"maybe1":"","maybe3":""}', '{"maybe1":"","maybe2":"","maybe3":""}'],
            ['{"maybe2":"","maybe1":""}', '{,"maybe2":""}', '{"maybe1":"",}'],
        ),
        (
            closed(maybe1=WORD, maybe2=WORD, a=WORD),
            ['{"a":""}', '{"maybe2":"","a":""}'],
            ["{}", '{"maybe1":""}'],
        ),
        (closed(**{'sch"lüssel\\': WORD}), ['{"sch\\"lüssel\\\\":"x"}'], ['{"schlüssel":"x"}']),
    ],
)
def test_exactly_what_the_schema_says(
    tiny_weights: Weights, schema: dict[str, Any], good: list[str], bad: list[str]
) -> None:
    assert [text for text in good if not accepts(tiny_weights, schema, text)] == []
    assert [text for text in bad if accepts(tiny_weights, schema, text)] == []


@pytest.mark.parametrize(
    "raw", [b'"\xc0\xa2"', b'"\xed\xa0\x80"', b'"\xff"', b'"\x80"', b'"\xe2\x82"', b'"\xf4\x90\x80\x80"']
)
def test_no_text_that_is_not_utf_8(tiny_weights: Weights, raw: bytes) -> None:
    assert not accepts(tiny_weights, WORD, raw)


def test_large_bounds_are_kept(tiny_weights: Weights) -> None:
    schema = {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 2500}}
    assert accepts(tiny_weights, schema, json.dumps(["x" * 2500, *["y"] * 49], separators=(",", ":")))
    assert not accepts(tiny_weights, schema, json.dumps(["x" * 2501]))
    assert not accepts(tiny_weights, schema, json.dumps([""] * 51, separators=(",", ":")))


VALUES = st.recursive(
    st.sampled_from(
        [WORD, STATUS, {"type": "integer"}, {"type": "boolean"}, {"type": "null"}, {"const": "é"}]
    ),
    lambda inner: st.one_of(
        st.builds(lambda item: {"type": "array", "maxItems": 3, "items": item}, inner),
        st.dictionaries(st.sampled_from(["a", "b", "maybe1", "maybe2"]), inner).map(lambda d: closed(**d)),
        st.builds(lambda one: {"anyOf": [one, {"type": "null"}]}, inner),
    ),
    max_leaves=8,
)


LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text('aé"\\日\n', max_size=5),
    "integer": st.integers(-(10**9), 10**9),
    "boolean": st.booleans(),
    "null": st.none(),
}


@st.composite
def answers(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """A value that follows the schema."""
    if "anyOf" in schema:
        return draw(answers(draw(st.sampled_from(schema["anyOf"]))))
    if "enum" in schema or "const" in schema:
        return draw(st.sampled_from(schema.get("enum") or [schema["const"]]))
    if schema["type"] == "array":
        return draw(st.lists(answers(schema["items"]), max_size=3))
    if schema["type"] == "object":
        there = [k for k in schema["properties"] if k in schema["required"] or draw(st.booleans())]
        return {name: draw(answers(schema["properties"][name])) for name in there}
    return draw(LEAVES[schema["type"]])


@settings(max_examples=40)
@given(data=st.data())
def test_every_answer_that_follows_the_schema_can_be_written(
    tiny_weights: Weights, data: st.DataObject
) -> None:
    schema = data.draw(VALUES)
    answer = data.draw(answers(schema))
    assert accepts(tiny_weights, schema, json.dumps(answer, ensure_ascii=False, separators=(",", ":")))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "string"}, "answer has no usable maxLength"),
        (closed(notes={"type": "array", "items": WORD}), "answer/notes has no usable maxItems"),
        (closed(x={"type": "array", "maxItems": 1, "items": {"$ref": "#"}}), "answer/x/items has no type"),
        (closed(x={"enum": []}), "answer/x has an empty enum"),
        ({"type": "array", "maxItems": 3}, "answer/items is not an object"),
    ],
)
def test_what_is_not_bounded_is_refused(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said) as caught:
        grammar.from_schema(schema)
    assert not caught.value.retryable
