import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative import places
from adapter.extraction.generative.backend import Token

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def looked_up(value, pointer):
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


@given(JSON, st.sampled_from([None, 1, 2]))
def test_every_value_is_where_it_is_said_to_be(value, indent):
    text = json.dumps(value, indent=indent)
    for pointer, span in places.of(text).items():
        assert json.loads(text[span.start : span.end]) == looked_up(value, pointer)


def test_what_is_not_json_is_refused():
    with pytest.raises(json.JSONDecodeError):
        places.of('{"a": ')


def test_probability_of_words_is_a_mean_and_of_a_choice_the_whole():
    text = '{"q":"ab","n":12}'
    tokens = [
        Token(start=0, end=5, logprob=0.0),
        Token(start=5, end=7, logprob=math.log(0.5)),
        Token(start=7, end=9, logprob=math.log(0.125)),
        Token(start=14, end=15, logprob=math.log(0.5)),
        Token(start=15, end=16, logprob=math.log(0.5)),
    ]
    scores = places.Scores(text, tokens)
    assert scores.probability("/q", "ab") == pytest.approx(0.25)
    assert scores.probability("/n", 12) == pytest.approx(0.25)
    assert scores.probability("/none", "x") is None
    assert places.Scores(text, ()).probability("/q", "ab") is None
