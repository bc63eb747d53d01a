"""The grounded form: what a model is asked for, and the way back when some of what it said has no ground."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.tasks import Task, answers, grounded
from adapter.tasks.node import step, steps
from adapter.tasks.schema import parse
from mappings import MappingError
from tests.tasks import shapes

QUOTE = {"type": "string"}


def task(required=None, evidence="quote", **properties):
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }
    return Task(name="t", version="1", title="T", instruction="Do.", schema=schema, evidence=evidence)


def evidence_of(answer, at="", found=None):
    """Words for every value of an answer."""
    found = {} if found is None else found
    if isinstance(answer, dict):
        for name, value in answer.items():
            evidence_of(value, step(at, name), found)
    elif isinstance(answer, list):
        for index, value in enumerate(answer):
            evidence_of(value, step(at, index), found)
    else:
        found[at] = f"words of {at}"
    return found


@st.composite
def answered(draw):
    schema = draw(shapes.schemas())
    one = Task(
        name="t",
        version="1",
        title="T",
        instruction="Do.",
        schema=schema,
        evidence=draw(st.sampled_from(["quote", "none"])),
    )
    answer = draw(shapes.answers(parse(schema)))
    return one, answer, grounded.written(one, answer, evidence_of(answer))


@settings(max_examples=50)
@given(answered())
def test_with_everything_grounded_the_answer_comes_back(given_):
    one, answer, written = given_
    node = grounded.node(one)
    assert answers.problems(node, written) == ()
    leaves = grounded.leaves(one, written)
    rebuilt = grounded.rebuild(one, written, {leaf.pointer for leaf in leaves})
    assert rebuilt.answer == answer
    assert rebuilt.gaps == ()
    assert dict(rebuilt.places) == {leaf.pointer: leaf.pointer for leaf in leaves}


def value_at(answer, pointer):
    for part in steps(pointer):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer


@settings(max_examples=50)
@given(answered(), st.data())
def test_whatever_is_dropped_nothing_else_is_said(given_, data):
    one, _, written = given_
    leaves = {leaf.pointer: leaf for leaf in grounded.leaves(one, written)}
    kept = {pointer for pointer in leaves if data.draw(st.booleans())}
    rebuilt = grounded.rebuild(one, written, kept)
    assert rebuilt.places.keys() <= kept
    for old, new in rebuilt.places.items():
        assert value_at(rebuilt.answer, new) == leaves[old].value
    # only what is a gap may break the task's own schema, and every gap does
    wrong = {problem.pointer for problem in answers.problems(parse(one.schema), rebuilt.answer)}
    assert wrong == set(rebuilt.gaps)
    # the own form says no more than was kept
    again = grounded.written(one, rebuilt.answer, evidence_of(rebuilt.answer))
    assert {leaf.pointer for leaf in grounded.leaves(one, again)} == set(rebuilt.places.values())


@given(shapes.schemas(), st.sampled_from(["quote", "none"]))
def test_everything_is_bounded_and_closed(schema, evidence):
    one = Task(name="t", version="1", title="T", instruction="Do.", schema=schema, evidence=evidence)
    assert parse(grounded.schema(one)) == grounded.node(one)
    unbounded = []

    def look(part):
        part = part["anyOf"][0] if "anyOf" in part else part
        if part["type"] == "object":
            assert part["additionalProperties"] is False
            for inner in part["properties"].values():
                look(inner)
        elif part["type"] == "array":
            assert "maxItems" in part
            look(part["items"])
        elif part["type"] == "string" and not part.keys() & {"maxLength", "enum", "const"}:
            unbounded.append(part)

    look(grounded.schema(one))
    assert unbounded == []


def test_a_value_stands_beside_its_words():
    one = task(stage={"enum": ["I", "II"]}, seen={"type": "boolean"}, required=["stage"])
    shape = grounded.schema(one)["properties"]
    assert shape["stage"]["anyOf"][0]["properties"] == {
        "quote": {"type": "string", "maxLength": grounded.LENGTH},
        "value": {"type": "string", "enum": ["I", "II"]},
    }
    assert shape["stage"]["anyOf"][1] == {"type": "null"}  # nobody is made to guess
    assert shape["seen"]["type"] == "object"  # what may be left out needs no null


def test_what_stands_beside_a_quote_is_not_wrapped():
    item = {
        "type": "object",
        "properties": {
            "quote": QUOTE,
            "status": {"enum": ["yes", "no"]},
            "flags": {"type": "array", "items": {"type": "boolean"}},
        },
        "required": ["quote", "status"],
    }
    one = task(items={"type": "array", "items": item})
    answer = {"items": [{"quote": "fever", "status": "no", "flags": [True]}]}
    assert answers.problems(grounded.node(one), answer) == ()
    assert [
        (leaf.pointer, leaf.value, leaf.quote, leaf.is_quote) for leaf in grounded.leaves(one, answer)
    ] == [
        ("/items/0/quote", "fever", "fever", True),
        ("/items/0/status", "no", "fever", False),
        ("/items/0/flags/0", True, "fever", False),
    ]


def test_an_item_whose_quote_has_no_ground_disappears_and_the_rest_moves_up():
    item = {"type": "object", "properties": {"quote": QUOTE, "dose": QUOTE}, "required": ["quote"]}
    one = task(items={"type": "array", "items": item})
    answer = {"items": [{"quote": "a", "dose": "1"}, {"quote": "b", "dose": "2"}]}
    rebuilt = grounded.rebuild(one, answer, {"/items/0/dose", "/items/1/quote"})
    assert rebuilt.answer == {"items": [{"quote": "b"}]}
    assert dict(rebuilt.places) == {"/items/1/quote": "/items/0/quote"}


def test_the_places_of_an_array_of_fixed_length_stay():
    one = task(sizes={"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3})
    answer = {"sizes": [{"quote": "4 mm", "value": 4}, None, {"quote": "9 mm", "value": 9}]}
    assert answers.problems(grounded.node(one), answer) == ()
    rebuilt = grounded.rebuild(one, answer, {"/sizes/2"})
    assert rebuilt.answer == {"sizes": [None, None, 9]}
    assert rebuilt.gaps == ("/sizes/0", "/sizes/1")


def test_what_is_required_and_has_no_ground_is_null_and_told():
    inner = {"type": "object", "properties": {"t": {"enum": ["1", "2"]}, "note": QUOTE}, "required": ["t"]}
    one = task(
        age=QUOTE, tnm=inner, hand={"type": ["string", "null"]}, free=QUOTE, required=["age", "tnm", "hand"]
    )
    answer = {
        "age": "60",
        "tnm": {"t": {"quote": "T2", "value": "2"}, "note": "x"},
        "hand": "left",
        "free": "y",
    }
    rebuilt = grounded.rebuild(one, answer, set())
    assert rebuilt.answer == {"age": None, "tnm": {"t": None}, "hand": None}
    assert rebuilt.gaps == ("/age", "/tnm/t")


def test_too_few_items_are_told():
    one = task(names={"type": "array", "items": QUOTE, "minItems": 2})
    assert answers.problems(grounded.node(one), {"names": ["a"]}) == ()
    assert grounded.rebuild(one, {"names": ["a"]}, {"/names/0"}).gaps == ("/names",)


def test_an_answer_without_words_for_a_value_is_no_example():
    with pytest.raises(MappingError, match="/n"):
        grounded.written(task(n={"type": "number"}), {"n": 4}, {})


def test_without_evidence_nothing_is_wrapped_and_nothing_is_null():
    one = task(label={"enum": ["yes", "no"]}, evidence="none")
    assert grounded.schema(one)["properties"]["label"] == {"type": "string", "enum": ["yes", "no"]}
    (leaf,) = grounded.leaves(one, {"label": "no"})
    assert (leaf.value, leaf.quote, leaf.is_quote) == ("no", None, False)
