"""Which values of an answer are bound, and what is wrong with a value set as it is written."""

import pytest

from adapter.tasks import Binding, Fact, Task, bound

WORDS = {"type": "string"}
ITEM = {"type": "object", "properties": {"a/b": WORDS, "0": WORDS, "many": {"type": "array", "items": WORDS}}}
TASK = Task(
    name="t",
    version="1",
    title="T",
    instruction="Do.",
    schema={"type": "object", "properties": {"items": {"type": "array", "items": ITEM}, "one": ITEM}},
    bindings={
        "items/a~1b": Binding(kind="condition"),
        "items/0": Binding(kind="finding"),
        "items/many": Binding(kind="body_site"),
        "one/many": Binding(kind="test"),
    },
)


@pytest.mark.parametrize(
    ("pointer", "kind"),
    [
        ("/items/3/a~1b", "condition"),
        ("/items/0/0", "finding"),
        ("/items/0/many/0", "body_site"),
        ("/one/many/12", "test"),
        ("/one/0", None),
        ("/one/a~1b", None),
    ],
)
def test_the_path_of_a_property_is_that_of_every_value_it_holds(pointer, kind):
    facts = [Fact(path="/one/0", value="x", spans=()), Fact(path=pointer, value="x", spans=())]
    assert [(place, one.kind) for place, one in bound.bound(TASK, facts)] == ([(1, kind)] if kind else [])


@pytest.mark.parametrize(
    "within",
    [
        "<< 123037004",
        "<< 123037004 |Body structure| MINUS (76752008 OR 80248007)",
        "^ 700043003",
        "http://snomed.info/sct?fhir_vs",
        "http://snomed.info/sct?fhir_vs=isa/123037004",
        "http://snomed.info/sct?fhir_vs=refset/700043003",
        "http://snomed.info/sct?fhir_vs=ecl/%3C%3C%20123037004",
        "http://hl7.org/fhir/sid/icd-10-cm?fhir_vs",
        "http://loinc.org/vs",
    ],
)
def test_value_sets_that_a_store_may_hold_are_sound(within):
    assert bound.fault(within) == ""


@pytest.mark.parametrize(
    ("within", "told"),
    [
        ("<< breast", "line 1, column 4"),
        ("<< 123037004 AND", "line 1, column 17"),
        ("<< 123037004 : 363698007 = *", "attribute"),
        ("http://snomed.info/sct?fhir_vs=ecl/%3C%3C%20breast", "line 1"),
        ("http://snomed.info/sct?fhir_vs=isa/", "no value set"),
        ("http://snomed.info/sct?fhir_vs=isa", "no value set"),
        ("http://loinc.org?fhir_vs=isa/1234-5", "no value set"),
        ("https://hospital.example/ValueSet/sites", "no value set"),
        ("urn:oid:1.2.3", "no value set"),
    ],
)
def test_what_is_wrong_with_a_value_set_is_said(within, told):
    assert told in bound.fault(within)
