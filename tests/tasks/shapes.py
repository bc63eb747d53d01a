"""Strategies: schemas of the subset, and answers to them."""

import datetime

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "c/d", "e~f", "größe", "value", "quote"])
WORDS = st.text('abc é—\n"', max_size=8)


def _leaf():
    evidence = st.sampled_from([{}, {"x-evidence": "value"}, {"x-evidence": "quote"}])
    return st.one_of(
        evidence.map(lambda told: {"type": "string", **told}),
        st.just({"type": "string", "format": "date"}),
        st.lists(WORDS, min_size=1, max_size=3, unique=True).map(lambda words: {"enum": words}),
        st.just({"enum": [1, 2, 3]}),
        WORDS.map(lambda word: {"const": word}),
        st.just({"type": "integer", "minimum": -5, "maximum": 99}),
        st.just({"type": "number", "x-unit": "mm"}),
        st.just({"type": "boolean"}),
    )


def _nullable(part):
    return st.one_of(
        part,
        part,
        part.filter(lambda one: "anyOf" not in one).map(lambda one: {"anyOf": [one, {"type": "null"}]}),
    )


@st.composite
def _array(draw, inner):
    least, more = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    bounds = {"minItems": least, "maxItems": least + more} if draw(st.booleans()) else {}
    return {"type": "array", "items": draw(inner), **bounds}


@st.composite
def _object(draw, inner, *, top=False):
    properties = draw(st.dictionaries(NAMES, inner, min_size=1, max_size=4))
    if top or draw(st.booleans()):
        properties.pop("quote", None)
    elif "quote" in properties:
        properties["quote"] = {"type": "string"}
    properties = properties or {"a": {"type": "string"}}
    required = [name for name in properties if name == "quote" or draw(st.booleans())]
    return {"type": "object", "properties": properties, "required": required}


def schemas():
    """Schemas of the subset."""
    parts = st.recursive(
        _nullable(_leaf()), lambda inner: _nullable(st.one_of(_array(inner), _object(inner))), max_leaves=8
    )
    return _object(parts, top=True)


@st.composite
def answers(draw, node):
    """Valid answers to a node."""
    if node.nullable and draw(st.integers(0, 3)) == 0:
        return None
    if node.type == "object":
        return {
            name: draw(answers(part))
            for name, part in node.properties.items()
            if name in node.required or draw(st.booleans())
        }
    if node.type == "array":
        most = min(node.least + 2, node.most) if node.most is not None else node.least + 2
        return [draw(answers(node.item)) for _ in range(draw(st.integers(node.least, most)))]
    if node.choices is not None:
        return draw(st.sampled_from(node.choices))
    if node.date:
        return draw(st.dates(datetime.date(1900, 1, 1))).isoformat()
    return draw(
        {
            "string": WORDS,
            "boolean": st.booleans(),
            "integer": st.integers(-5, 99),
            "number": st.floats(allow_nan=False, allow_infinity=False),
        }[node.type]
    )
