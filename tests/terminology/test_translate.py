"""What a code is in ICD-10: by rule, by the nearest mapped ancestor, or undecided."""

import pytest

from terminology import Source, build, open_store
from terminology.maprules import Age, Patient
from terminology.systems import ICD10, SNOMED
from terminology.translate import translate
from tests.terminology import rf2_release
from tests.terminology.rf2_release import Shape, identifier

SHAPE = Shape(concepts=60, inactive=4)


def code(number: int) -> str:
    return identifier(10_000 + number)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translate")
    build([Source(kind="rf2", path=rf2_release.write(folder, SHAPE))], folder / "store.sqlite")
    with open_store(folder / "store.sqlite") as opened:
        yield opened


def told(found):
    return [(one.code, one.how) for one in found.targets]


def test_a_rule_that_always_holds_decides(store):
    assert told(translate(store, SNOMED, code(3), ICD10)) == [("A13.3", "rule")]


@pytest.mark.parametrize(
    ("patient", "targets"),
    [
        (Patient(sex="male"), [("N19", "rule")]),
        (Patient(sex="female", age=Age(value=30)), [("A19.9", "rule")]),
    ],
)
def test_a_rule_about_the_patient_needs_the_patient(store, patient, targets):
    assert told(translate(store, SNOMED, code(9), ICD10, patient)) == targets


def test_what_is_not_known_leaves_candidates(store):
    found = translate(store, SNOMED, code(9), ICD10)
    assert found.targets == ()
    assert [one.code for one in found.candidates] == ["N19", "A19.9"]
    assert [one.state for one in found.advised] == ["undecided"]


def test_without_a_map_the_nearest_mapped_ancestor_is_broader(store):
    # 16 is under 3 (every fifth), which has a map of its own
    found = translate(store, SNOMED, code(16), ICD10)
    assert [(one.code, one.how, one.source) for one in found.targets] == [("A13.3", "broader", code(3))]


def test_an_inactive_code_is_translated_by_what_replaced_it_only(store):
    for number in range(SHAPE.concepts - SHAPE.inactive, SHAPE.concepts):
        found = translate(store, SNOMED, code(number), ICD10)
        replaced = translate(store, SNOMED, code(number % 10), ICD10)
        (association,) = store.replacements(SNOMED, code(number))
        assert found.targets == (replaced.targets if association.kind == "same-as" else ())


def test_an_unknown_code_is_nothing(store):
    found = translate(store, SNOMED, "404684003", ICD10)
    assert (found.targets, found.candidates) == ((), ())
