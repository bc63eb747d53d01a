"""Expression Constraint Language: what is meant, the same from both sides, and refusals by name."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminology import ecl
from terminology.ecl_text import (
    DEEPEST,
    LONGEST,
    Both,
    Code,
    Either,
    Everything,
    Members,
    Related,
    Without,
    parse,
)
from terminology.errors import TerminologyError


class Graph:
    """A hierarchy from the parents of each concept, walked in the plainest way."""

    def __init__(self, parents, sets=None):
        self._parents, self._sets = parents, sets or {}
        self.listed = 0  # how often everything was asked for

    def has(self, code):
        return code in self._parents

    def all(self):
        self.listed += 1
        return list(self._parents)

    def parents(self, code):
        return self._parents.get(code, ())

    def children(self, code):
        return [child for child, parents in self._parents.items() if code in parents]

    def ancestors(self, code):
        found = set(self.parents(code))
        for parent in self.parents(code):
            found |= self.ancestors(parent)
        return found

    def descendants(self, code):
        return {each for each in self._parents if code in self.ancestors(each)}

    def is_a(self, code, other):
        return code == other or other in self.ancestors(code)

    def members(self, set_id):
        return self._sets.get(set_id, ())


ROOT, DISEASE, LUNG, ASTHMA, ALLERGIC, HAY, SET = (
    "138875005",
    "64572001",
    "19829001",
    "195967001",
    "389145006",
    "21719001",
    "700043003",
)
SMALL = Graph(
    {ROOT: (), DISEASE: (ROOT,), LUNG: (DISEASE,), HAY: (DISEASE,), ASTHMA: (LUNG,), ALLERGIC: (ASTHMA, HAY)},
    {SET: (HAY, ROOT, "999999999")},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", {ROOT, DISEASE, LUNG, ASTHMA, ALLERGIC, HAY}),
        (ASTHMA, {ASTHMA}),
        ("999999999", set()),
        (f"{ASTHMA} |Asthma (disorder)|", {ASTHMA}),
        (f"< {LUNG}", {ASTHMA, ALLERGIC}),
        (f"<<{LUNG}|Lung disease|", {LUNG, ASTHMA, ALLERGIC}),
        (f"<! {DISEASE}", {LUNG, HAY}),
        (f"<<! {DISEASE}", {DISEASE, LUNG, HAY}),
        (f"> {ALLERGIC}", {ASTHMA, HAY, LUNG, DISEASE, ROOT}),
        (f">> {LUNG}", {LUNG, DISEASE, ROOT}),
        (f">! {ALLERGIC}", {ASTHMA, HAY}),
        (f">>! {ALLERGIC}", {ALLERGIC, ASTHMA, HAY}),
        (f"^ {SET} |A set|", {HAY, ROOT, "999999999"}),
        (f"^ ({SET} OR {ASTHMA})", {HAY, ROOT, "999999999"}),
        (f"< ^ {SET}", {DISEASE, LUNG, ASTHMA, ALLERGIC, HAY}),
        (f"<< {LUNG} AND << {HAY}", {ALLERGIC}),
        (f"<< {LUNG}, << {HAY} and *", {ALLERGIC}),
        (f"{ASTHMA} Or {HAY} oR {ROOT}", {ASTHMA, HAY, ROOT}),
        (f"<< {DISEASE} minus << {LUNG}", {DISEASE, HAY}),
        (f"<< {DISEASE} MINUS (<< {LUNG} MINUS << {ASTHMA})", {DISEASE, HAY, ASTHMA, ALLERGIC}),
        (f"< ({LUNG} OR {HAY})", {ASTHMA, ALLERGIC}),
        (f">! ({LUNG} OR {ALLERGIC})", {DISEASE, ASTHMA, HAY}),
        (f"> (< {LUNG})", {ROOT, DISEASE, LUNG, HAY, ASTHMA}),
        ("< *", {DISEASE, LUNG, ASTHMA, ALLERGIC, HAY}),
        (">! *", {ROOT, DISEASE, LUNG, ASTHMA, HAY}),
        ("* MINUS > *", {ALLERGIC}),
        (f"/* lungs */<</**/{LUNG}\r\n\t/* * / ** */", {LUNG, ASTHMA, ALLERGIC}),
        (f"(({LUNG}))AND({LUNG})", {LUNG}),
    ],
)
def test_what_an_expression_means(text, expected):
    expression = ecl.parse(text)
    assert ecl.members(expression, SMALL) == expected
    everybody = {ROOT, DISEASE, LUNG, ASTHMA, ALLERGIC, HAY, SET, "999999999"}
    assert {code for code in everybody if ecl.holds(expression, code, SMALL)} == expected


@pytest.mark.parametrize(
    ("text", "column", "names"),
    [
        (f"< {LUNG} : 363698007 = *", 12, "attribute refinement"),
        (f"{LUNG}.363698007", 9, "dot notation"),
        (f'{LUNG} {{{{ term = "lung" }}}}', 10, "filters"),
        (f"{LUNG} {{{{ + HISTORY-MIN }}}}", 10, "history supplements"),
        (f"{LUNG} {{ 363698007 = * }}", 10, "attribute groups"),
        (f"{LUNG} [0..1]", 10, "cardinality"),
        (f"^ [targetComponentId] {SET}", 1, "reference set fields"),
        (f"^R {ASTHMA}", 1, "reference sets containing"),
        ("^ *", 3, "any reference set"),
        ("^ (*)", 3, "any reference set"),
        (f"!!> {LUNG}", 1, "top and bottom"),
        ("LOINC#54486-6", 1, "alternate identifiers"),
        (f"{LUNG} != 3", 10, "comparison"),
        (f"{LUNG} AND {ASTHMA} OR {HAY}", 24, "AND and OR need brackets"),
        (f"{LUNG} , {ASTHMA} MINUS {HAY}", 22, "AND and MINUS need brackets"),
        (f"{LUNG} MINUS {ASTHMA} MINUS {HAY}", 26, "MINUS after MINUS"),
        (f"{LUNG} {ASTHMA}", 10, "AND, OR, MINUS or the end"),
        (f"({LUNG}", 10, "')' is expected"),
        (f"{LUNG})", 9, "the end is expected"),
        (f"{LUNG} AND", 13, "a concept id"),
        (f"< < {LUNG}", 3, "a concept id"),
        (f"<<< {LUNG}", 1, "comparison"),
        ("", 1, "a concept id"),
        ("descendantOf 123456", 1, "a concept id"),
        ("* |Any|", 3, "the end is expected"),
        ("12345", 1, "6 to 18 digits"),
        ("0123456", 1, "6 to 18 digits"),
        ("1234567890123456789", 1, "6 to 18 digits"),
        (f"{LUNG} |Lung", 10, "a term without its second"),
        (f"{LUNG} /* lung", 10, "a comment without an end"),
        (f"{LUNG} & {HAY}", 10, "U+0026"),
        ("٣٣٣٣٣٣", 1, "U+0663"),
    ],
)
def test_what_is_not_supported_is_refused_by_name_and_place(text, column, names):
    with pytest.raises(TerminologyError, match=rf"^ECL: line 1, column {column}: .*{re.escape(names)}"):
        ecl.parse(text)


def test_places_are_counted_by_line():
    with pytest.raises(TerminologyError, match="line 3, column 5"):
        ecl.parse(f"{LUNG}\n/* x\n */ .")


def test_brackets_and_length_are_bounded():
    assert ecl.parse("(" * DEEPEST + LUNG + ")" * DEEPEST) == Code(code=LUNG)
    for text in ("(" * (DEEPEST + 1) + LUNG, "(" * 100_000, "< (" * 60_000):
        with pytest.raises(TerminologyError, match=f"more than {DEEPEST} brackets"):
            ecl.parse(text)
    with pytest.raises(TerminologyError, match="characters"):
        ecl.parse("*" * (LONGEST + 1))


@pytest.mark.parametrize(
    "text",
    [
        " OR ".join([LUNG] * 15_000),
        f"/*{'*' * 190_000}*/ {LUNG}",
        "/**/" * 49_000 + LUNG,
        f"{' ' * 190_000}{LUNG}",
        f"{LUNG} |{'x' * 190_000}|",
    ],
)
def test_long_texts_are_read_in_one_go(text):
    begun = time.process_time()
    expression = ecl.parse(text)
    assert ecl.holds(expression, LUNG, SMALL)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "text", ["/*" * 99_000, "|" + "x" * 190_000, "a" * 190_000, "a " * 99_000, "^" * 190_000]
)
def test_long_nonsense_is_refused_in_one_go(text):
    begun = time.process_time()
    with pytest.raises(TerminologyError):
        ecl.parse(text)
    assert time.process_time() - begun < 5


PIECES = st.sampled_from(
    [
        "(",
        ")",
        "*",
        "^",
        "<",
        "<<!",
        ">",
        "AND",
        "or",
        ",",
        "MINUS",
        "|",
        LUNG,
        SET,
        " ",
        "/*",
        "*/",
        ":",
        "{{",
        "x",
        ".",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join)))
def test_any_text_is_read_or_refused(text):
    try:
        expression = ecl.parse(text)
    except TerminologyError:
        return
    found = ecl.members(expression, SMALL)
    assert all(ecl.holds(expression, code, SMALL) for code in found)


# Against a slow reading over a random hierarchy.

CODES = [str(100_000 + number) for number in range(8)]
SETS = ["200000", "200001", CODES[3]]


@st.composite
def graphs(draw):
    parents = {
        code: tuple(draw(st.lists(st.sampled_from(CODES[:at]), unique=True, max_size=3))) if at else ()
        for at, code in enumerate(CODES)
    }
    sets = {each: tuple(draw(st.lists(st.sampled_from([*CODES, "300000"]), max_size=4))) for each in SETS}
    return Graph(parents, sets)


def joined(parts):
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Both, parts=several),
        st.builds(Either, parts=several),
        st.builds(Without, of=parts, but=parts),
        st.builds(Members, of=parts.filter(lambda part: part != Everything())),
        st.builds(Related, of=parts, below=st.booleans(), near=st.booleans(), itself=st.booleans()),
    )


EXPRESSIONS = st.recursive(
    st.one_of(st.just(Everything()), st.builds(Code, code=st.sampled_from([*CODES, *SETS, "300000"]))),
    joined,
    max_leaves=6,
)


def written(expression):  # noqa: PLR0911 (one for each kind of expression)
    """The text of an expression, everything in brackets."""
    match expression:
        case Everything():
            return "*"
        case Code(code=code):
            return f"{code} |x|"
        case Both(parts=parts):
            return "(" + " AND ".join(map(written, parts)) + ")"
        case Either(parts=parts):
            return "(" + " OR ".join(map(written, parts)) + ")"
        case Without(of=of, but=but):
            return f"({written(of)} MINUS {written(but)})"
        case Members(of=of):
            return f"(^ {written(of)})"
        case Related(of=of):
            sign = ("<" if expression.below else ">") * (1 + expression.itself) + "!" * expression.near
            return f"({sign} {written(of)})"


def above(graph, code):
    """A concept and everything it is a kind of, by walking up."""
    found = {code}
    for parent in graph.parents(code):
        found |= above(graph, parent)
    return found


def slow(expression, graph, code):  # noqa: PLR0911 (one for each kind of expression)
    """Whether an expression means a concept, by the words of the specification."""
    ask = lambda part, other: slow(part, graph, other)  # noqa: E731
    match expression:
        case Everything():
            return code in CODES
        case Code(code=one):
            return code == one and code in CODES
        case Both(parts=parts):
            return all(ask(part, code) for part in parts)
        case Either(parts=parts):
            return any(ask(part, code) for part in parts)
        case Without(of=of, but=but):
            return ask(of, code) and not ask(but, code)
        case Members(of=of):
            named = {each for each in SETS if ask(of, each) or each in literally(of)}
            return any(code in graph.members(each) for each in named)
    meant = [other for other in [*CODES, *SETS, "300000"] if ask(expression.of, other)]
    for other in meant:
        lower, upper = (code, other) if expression.below else (other, code)
        reached = graph.parents(lower) if expression.near else above(graph, lower) - {lower}
        if upper in reached or (expression.itself and code == other):
            return True
    return False


def literally(expression):
    """The ids that name reference sets by themselves."""
    if isinstance(expression, Either):
        return {code for part in expression.parts for code in literally(part)}
    return {expression.code} if isinstance(expression, Code) else set()


@given(graphs(), EXPRESSIONS)
def test_both_ways_agree_with_a_slow_reading(graph, expression):
    everybody = [*CODES, *SETS, "300000"]
    expected = {code for code in everybody if slow(expression, graph, code)}
    assert ecl.members(expression, graph) == expected
    assert {code for code in everybody if ecl.holds(expression, code, graph)} == expected


@given(EXPRESSIONS)
def test_a_written_expression_is_read_back(expression):
    assert parse(written(expression)) == expression


@given(
    graphs(), EXPRESSIONS.filter(lambda expression: "^" not in written(expression)), st.sampled_from(CODES)
)
def test_a_single_question_never_lists_everything(graph, expression, code):
    ecl.holds(expression, code, graph)
    assert graph.listed == 0


def test_brackets_within_brackets_are_judged_once_for_each_concept():
    chain = [str(100_000 + number) for number in range(40)]
    graph = Graph({code: tuple(chain[at - 1 : at]) if at else () for at, code in enumerate(chain)})
    expression = ecl.parse("< (> (" * 20 + chain[20] + "))" * 20)
    begun = time.process_time()
    assert not ecl.holds(expression, chain[0], graph)
    assert ecl.holds(expression, chain[39], graph)
    assert time.process_time() - begun < 5
