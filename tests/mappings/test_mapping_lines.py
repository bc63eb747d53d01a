"""Lines are found without a parser that tells them, so they are compared with what the parser reads."""

import tomllib

import pytest

from mappings import SHIPPED, lines

TEXT = '''# [[rule]] in a comment
version = 1
words = [
  "a = 1", # ]
  """b
[table]
c = 2""",
]

[axes]
negated.kinds = ["x"]
"quo ted" = 'v'

[[rule]]
id = "first"

[[rule]]
id = "second"
phrases = ["p", "[", "{"]
table = { a = 1, b = "}" }

[rule.sub]
key = """
x = 1
"""

[[rule.inner]]
z = 1
[[rule.inner]]
z = 2
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("version",), 2),
        (("words", 1), 3),
        (("axes",), 10),
        (("axes", "negated", "kinds"), 11),
        (("axes", "quo ted"), 12),
        (("rule", 0, "id"), 15),
        (("rule", 1, "id"), 18),
        (("rule", 1, "phrases", 2), 19),
        (("rule", 1, "missing"), 17),
        (("rule", 1, "table", "b"), 20),
        (("rule", 1, "sub", "key"), 23),
        (("rule", 1, "inner", 1, "z"), 30),
        (("c",), None),
        (("rule", 7), None),
        ((), None),
    ],
)
def test_a_place_has_its_line(place, line):
    tomllib.loads(TEXT)
    assert lines.line(lines.places(TEXT), place) == line


@pytest.mark.parametrize("name", [name for name in SHIPPED.every() if name.endswith(".toml")])
def test_every_key_that_ships_is_found(name):
    """Each top table's keys stand in a line that begins with them."""
    text = SHIPPED.text(name)
    rows, places = text.splitlines(), lines.places(text)
    for key, value in tomllib.loads(text).items():
        for number, row in enumerate(value) if isinstance(value, list) else ():
            if isinstance(row, dict) and f"[[{key}]]" in text:
                found = lines.line(places, (key, number))
                assert found and rows[found - 1].startswith(f"[[{key}]]")
                for inner in row:
                    assert lines.line(places, (key, number, inner)) >= found
        found = lines.line(places, (key,))
        assert found is None or key in rows[found - 1]


@pytest.mark.parametrize(
    "text", ["", "[", "a = [", 'a = """', "= 1\n[[", "]]]]\n" * 50, "a" * 100_000, "[" * 50_000]
)
def test_what_is_not_toml_has_lines_or_none(text):
    assert lines.line(lines.places(text), ("a",)) in (None, 1)
