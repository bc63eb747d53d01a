"""Words of an answer that a task binds to the terminology: coded as findings are, within its value set."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import terminology
from adapter import coding
from adapter.coding import Coder
from adapter.model import Note, Span, Stretch
from adapter.tasks import Binding, Fact, Task, View
from tests.bound_store import BODY, BREAST, ICD, LIVER, SNOMED, small

WORDS = {"type": "string"}
TASK = Task(
    name="t",
    version="1",
    title="T",
    instruction="Do.",
    schema={
        "type": "object",
        "properties": {
            "1": {"type": "array", "items": {"type": "array", "items": WORDS}},
            "lesions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["site", "status"],
                    "properties": {"site": WORDS, "status": {"enum": ["now", "past"]}},
                },
            },
        },
    },
)
TEXT = "Mass in the  LIVER, cyst of the breast.\nBrustdrüse: Breast cancer; foo bar baz."


@pytest.fixture(scope="module")
def coder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coder]:
    with terminology.open_store(small(tmp_path_factory.mktemp("bound"))) as store:
        yield Coder(store, coding.load())


def fact(path: str, words: str, *more: str) -> Fact:
    spans = tuple(Span(start=TEXT.index(one), end=TEXT.index(one) + len(one)) for one in (words, *more))
    return Fact(path=path, value=words, spans=spans, confidence=0.9)


def codes(coder: Coder, facts: list[Fact], note: Note | None = None, **bindings: Binding) -> tuple:
    bound = {key.replace("_", "/"): one for key, one in bindings.items()}
    step = coding.bind(
        facts,
        replace(TASK, bindings=bound),
        note or Note(id="n", text=TEXT, language="en"),
        coder,
        lambda language: (language, "en"),
    )
    given = [one.codings and [(each.system, each.code) for each in one.codings] for one in step.kept]
    return given, [(one.reason, one.path) for one in step.left_out]


SITE = Binding(kind="body_site")


def test_the_words_of_a_bound_property_are_coded_and_no_others(coder: Coder) -> None:
    facts = [fact("/lesions/0/site", "LIVER"), fact("/1/0/3", "breast"), fact("/lesions/1/site", "foo bar")]
    given, said = codes(coder, facts, lesions_site=SITE)
    assert given == [[(SNOMED, LIVER)], None, ()]
    assert said == [("no-code", "/lesions/1/site")]
    assert codes(coder, facts, **{"1": SITE}) == ([None, [(SNOMED, BREAST)], None], [])
    assert codes(coder, facts) == ([None, None, None], [])


def test_what_else_is_known_of_a_value_stays(coder: Coder) -> None:
    one = fact("/lesions/0/site", "breast")
    task = replace(TASK, bindings={"lesions/site": SITE})
    (found,) = coding.bind([one], task, Note(id="n", text=TEXT), coder, lambda _: ("en",)).kept
    assert replace(found, codings=None) == one


@pytest.mark.parametrize(
    ("within", "given", "said"),
    [
        (f"<< {BODY}", [(SNOMED, LIVER)], []),
        (f"< {BODY} |Body structure|", [(SNOMED, LIVER)], []),
        (f"<< {BODY} MINUS {LIVER}", (), ["outside-value-set"]),
        (BREAST, (), ["outside-value-set"]),
        (f"{SNOMED}?fhir_vs=isa/{BODY}", [(SNOMED, LIVER)], []),
        (f"{SNOMED}?fhir_vs=ecl/%3C%3C%20{BODY}", [(SNOMED, LIVER)], []),
        (f"{SNOMED}?fhir_vs", [(SNOMED, LIVER)], []),
        (f"{SNOMED}?fhir_vs=refset/700043003", (), ["value-set-not-held"]),
        ("http://loinc.org/vs", (), ["value-set-not-held"]),
        ("https://hospital.example/ValueSet/sites", (), ["value-set-not-held"]),
        ("<< 138875005", (), ["outside-value-set"]),
    ],
)
def test_a_code_outside_the_value_set_is_not_given(
    coder: Coder, within: str, given: object, said: object
) -> None:
    found = codes(coder, [fact("/lesions/0/site", "LIVER")], lesions_site=replace(SITE, within=within))
    assert found == ([given], [(reason, "/lesions/0/site") for reason in said])  # type: ignore[attr-defined]


def test_a_store_without_a_hierarchy_says_so_and_gives_no_code(core_store: Path) -> None:
    with terminology.open_store(core_store) as store:
        own = Coder(store, coding.load())
        facts = [fact("/lesions/0/site", "LIVER")]
        assert codes(own, facts, lesions_site=SITE)[0] == [[(SNOMED, LIVER)]]
        within = replace(SITE, within=f"<< {BODY}")
        assert codes(own, facts, lesions_site=within) == ([()], [("value-set-not-held", "/lesions/0/site")])


def test_each_language_has_its_own_names(coder: Coder) -> None:
    facts = [fact("/lesions/0/site", "Brustdrüse"), fact("/lesions/1/site", "breast")]
    assert codes(coder, facts, lesions_site=SITE)[0] == [(), [(SNOMED, BREAST)]]
    at = TEXT.index("Brust")
    parts = (Stretch(start=0, end=at, language="en"), Stretch(start=at, end=len(TEXT), language="de"))
    note = Note(id="n", text=TEXT, language="en", stretches=parts)
    assert codes(coder, facts, note, lesions_site=SITE)[0] == [[(SNOMED, BREAST)]] * 2


def test_what_the_answer_says_is_past_gets_no_code_of_what_is_now(coder: Coder) -> None:
    view = View(
        path="lesions", kind="condition", quote="site", status="status", claims={"past": ("historical",)}
    )
    task = replace(TASK, views=(view,), bindings={"lesions/site": Binding(kind="condition")})

    def given(status: str) -> set[str]:
        facts = [fact("/lesions/0/site", "Breast cancer"), fact("/lesions/0/status", "Breast cancer")]
        facts[1] = replace(facts[1], value=status)
        step = coding.bind(facts, task, Note(id="n", text=TEXT), coder, lambda _: ("en",))
        return {one.system for one in step.kept[0].codings or ()}

    assert given("now") == {SNOMED, ICD}
    assert given("past") == {SNOMED}


def test_words_of_a_kind_that_is_not_coded_say_so(coder: Coder) -> None:
    found = codes(coder, [fact("/lesions/0/site", "LIVER")], lesions_site=Binding(kind="dose"))
    assert found == ([()], [("kind-not-coded", "/lesions/0/site")])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(1, 20))
def test_whatever_is_quoted_gets_the_codes_of_a_finding_or_none(
    coder: Coder, start: int, length: int
) -> None:
    end = min(start + length, len(TEXT))
    one = Fact(path="/1/0/0", value=TEXT[start:end], spans=(Span(start=start, end=end),))
    task = replace(TASK, bindings={"1": replace(SITE, within=f"<< {BODY}")})
    (found,) = coding.bind([one], task, Note(id="n", text=TEXT), coder, lambda _: ("en",)).kept
    assert {each.code for each in found.codings or ()} <= {BODY, BREAST, LIVER}
