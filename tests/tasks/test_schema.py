"""The subset of JSON Schema: what is taken, what is refused and where, written as it was read."""

import json

import pytest
from hypothesis import given

from adapter.tasks.schema import MOST_ITEMS, parse, read, write
from mappings import MappingError
from tests.tasks.shapes import schemas

WORDS = {"type": "string"}


def root(**properties):
    return {"type": "object", "properties": properties}


def refused(document):
    return [(problem.pointer, problem.message.split(":")[0]) for problem in read(document)[1]]


@pytest.mark.parametrize(
    ("part", "keyword"),
    [
        ({"type": "string", "pattern": "a+"}, "pattern"),
        ({"type": "string", "default": "none"}, "default"),
        ({"type": "string", "format": "email"}, "format"),
        ({"type": "string", "minLength": 1}, "minLength"),
        ({"type": "string", "maxLength": -1}, "maxLength"),
        ({"type": "string", "minimum": 3}, "minimum"),
        ({"type": "string", "x-evidence": "guess"}, "x-evidence"),
        ({"enum": ["a"], "x-evidence": "quote"}, "x-evidence"),
        ({"type": "number", "x-evidence": "quote"}, "x-evidence"),
        ({"type": "number", "maximum": "3"}, "maximum"),
        ({"type": "number", "minimum": 3, "maximum": 2}, "minimum"),
        ({"type": "string", "enum": ["a", 1]}, "enum"),
        ({"enum": ["a", 1]}, "type"),
        ({"enum": []}, "type"),
        ({"type": "string", "enum": []}, "enum"),
        ({"type": "string", "enum": ["a", "a"]}, "enum"),
        ({"type": "string", "enum": ["a"], "const": "a"}, "const"),
        ({"enum": ["a"], "maxLength": 3}, "maxLength"),
        ({"enum": [1], "minimum": 1}, "minimum"),
        ({"type": ["string", "null"], "enum": ["a"]}, "enum"),
        ({"type": "string", "enum": ["a", None]}, "enum"),
        ({"type": "string", "enum": "a"}, "enum"),
        ({"const": None}, "type"),
        ({"type": "date"}, "type"),
        ({"type": ["string", "number"]}, "type"),
        ({}, "type"),
        ({"type": "null"}, "type"),
        ({"type": "array"}, "items"),
        ({"type": "array", "items": WORDS, "minItems": 3, "maxItems": 2}, "minItems"),
        ({"type": "array", "items": WORDS, "maxItems": MOST_ITEMS + 1}, "maxItems"),
        ({"type": "array", "items": WORDS, "maxItems": True}, "maxItems"),
        ({"type": "array", "items": WORDS, "uniqueItems": True}, "uniqueItems"),
        ({"type": "object"}, "properties"),
        (
            {"type": "object", "properties": {"a": WORDS}, "additionalProperties": True},
            "additionalProperties",
        ),
        ({"type": "object", "properties": {"a": WORDS}, "required": ["b"]}, "required"),
        ({"type": "object", "properties": {"a": WORDS}, "patternProperties": {}}, "patternProperties"),
        ({"anyOf": [WORDS, {"type": "number"}]}, "anyOf"),
        ({"anyOf": [WORDS]}, "anyOf"),
        ({"anyOf": [WORDS, {"type": "null"}], "maxLength": 3}, "maxLength"),
        ({"oneOf": [WORDS]}, "oneOf"),
        ({"$ref": "#/$defs/None"}, "$ref"),
        ({"$ref": "https://example.org/schema"}, "$ref"),
        ({"$ref": 3}, "$ref"),
        ({"type": "string", "$defs": {}}, "$defs"),
        ({"type": "string", "title": 3}, "title"),
        (True, "schema"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_place(part, keyword):
    assert ("/properties/a~1b", keyword) in refused(root(**{"a/b": part}))


@pytest.mark.parametrize("document", [[], None, 3, WORDS, {"anyOf": [root(a=WORDS), {"type": "null"}]}])
def test_an_answer_is_an_object(document):
    with pytest.raises(MappingError):
        parse(document)


def test_a_quote_is_required_and_stands_in_a_part():
    item = {"type": "object", "properties": {"quote": WORDS, "size": {"type": "number"}}}
    assert refused(root(item=item)) == [("/properties/item/properties/quote", "required")]
    assert refused(root(item=item | {"required": ["quote"]})) == []
    assert refused(root(quote=WORDS) | {"required": ["quote"]}) == [("/properties/quote", "quote")]


@pytest.mark.parametrize("part", [{"enum": ["a", None]}, {"type": ["string", "null"], "enum": [None, "a"]}])
def test_null_may_be_a_choice(part):
    node = parse(root(a=part)).properties["a"]
    assert (node.nullable, node.choices) == (True, ("a",))


def test_references_are_resolved_and_nearer_words_win():
    document = root(a={"$ref": "#/$defs/Size", "description": "of the tumour"}, b={"$ref": "#/$defs/Size"})
    document["$defs"] = {"Size": {"type": ["number", "null"], "description": "a size", "x-unit": "mm"}}
    node = parse(document)
    assert [node.properties[name].description for name in "ab"] == ["of the tumour", "a size"]
    assert node.properties["a"].nullable
    assert "$ref" not in json.dumps(write(node))


def test_a_reference_that_comes_back_to_itself_is_refused():
    tree = root(name=WORDS, inner={"$ref": "#/$defs/Tree"})
    assert refused(root(a={"$ref": "#/$defs/Tree"}) | {"$defs": {"Tree": tree}}) == [
        ("/$defs/Tree/properties/inner", "$ref")
    ]


def test_references_that_multiply_are_refused_in_bounded_time():
    level = {
        f"L{n}": root(a={"$ref": f"#/$defs/L{n + 1}"}, b={"$ref": f"#/$defs/L{n + 1}"}) for n in range(30)
    }
    document = root(a={"$ref": "#/$defs/L0"}) | {"$defs": level | {"L30": WORDS}}
    assert {message for _, message in refused(document)} == {"schema"}


def test_a_schema_nested_too_deeply_is_refused():
    part = WORDS
    for _ in range(3000):
        part = {"type": "array", "items": part}
    assert [message for _, message in refused(root(a=part))] == ["schema"]


@given(schemas())
def test_what_is_written_reads_the_same(document):
    node = parse(document)
    assert parse(write(node)) == node
