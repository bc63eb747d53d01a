"""Answers are checked by the schema, and what is wrong is named without being quoted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.tasks import answers
from adapter.tasks.schema import parse
from tests.tasks import shapes

NODE = parse(
    {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "maxLength": 4},
            "age": {"type": ["integer", "null"], "minimum": 0, "maximum": 120},
            "size": {"type": "number"},
            "seen": {"type": "boolean"},
            "side": {"enum": ["left", "right"]},
            "one": {"enum": [1, 2]},
            "day": {"type": "string", "format": "date"},
            "list": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
        },
    }
)


@pytest.mark.parametrize(
    "part",
    [{}, {"age": None}, {"age": 4.0}, {"size": 4}, {"day": "2024-02-29"}, {"list": ["a"]}, {"seen": False}],
)
def test_what_is_allowed(part):
    assert answers.problems(NODE, {"name": "Ada"} | part) == ()


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"name": "Secret"}, "/name"),
        ({"name": None}, "/name"),
        ({"age": -1}, "/age"),
        ({"age": 121}, "/age"),
        ({"age": 4.5}, "/age"),
        ({"age": True}, "/age"),
        ({"age": "4"}, "/age"),
        ({"size": float("nan")}, "/size"),
        ({"size": float("inf")}, "/size"),
        ({"seen": 1}, "/seen"),
        ({"side": "Secret"}, "/side"),
        ({"one": True}, "/one"),
        ({"day": "2023-02-29"}, "/day"),
        ({"day": "20240229"}, "/day"),
        ({"list": []}, "/list"),
        ({"list": ["a", "b", "c"]}, "/list"),
        ({"list": ["a", 3]}, "/list/1"),
        ({"list": {"0": "a"}}, "/list"),
        ({"Secret": 1}, ""),
    ],
)
def test_what_is_not(part, pointer):
    (problem,) = answers.problems(NODE, {"name": "Ada"} | part)
    assert problem.pointer == pointer
    assert "Secret" not in str(problem)


def test_what_is_required_is_missed():
    assert [problem.pointer for problem in answers.problems(NODE, {})] == ["/name"]
    assert [problem.pointer for problem in answers.problems(NODE, [])] == [""]


@given(shapes.schemas().flatmap(lambda schema: shapes.answers(parse(schema)).map(lambda one: (schema, one))))
def test_a_valid_answer_is_valid(pair):
    schema, answer = pair
    assert answers.problems(parse(schema), answer) == ()


@given(
    shapes.schemas(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(shapes.NAMES, inner, max_size=3),
        max_leaves=6,
    ),
)
def test_anything_can_be_checked(schema, value):
    assert isinstance(answers.problems(parse(schema), value), tuple)
