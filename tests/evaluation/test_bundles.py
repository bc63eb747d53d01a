import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.evaluation import bundles
from adapter.evaluation.bundles import BundleCase
from adapter.evaluation.readers import fhir
from tests.conftest import ROOT

NOTES = sorted((ROOT / "fixtures" / "notes").glob("*/bundle.json"))


def bundle(*resources):
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}


def condition(code, *, status="active", onset=None, offset=0, words="asthma"):
    place = [{"url": "offset", "valueInteger": offset}, {"url": "length", "valueInteger": 5}]
    return {
        "resourceType": "Condition",
        "id": f"{code}-{offset}",
        "meta": {"lastUpdated": "2026-01-01T00:00:00Z"},
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/derivation-reference", "extension": place}
        ],
        "clinicalStatus": {"coding": [{"system": "c", "code": status}]},
        "code": {"coding": [{"system": "s", "code": code}], "text": words},
        "recordedDate": "2026-01-01",
    } | ({"onsetDateTime": onset} if onset else {})


def counts(expected, emitted, name="all"):
    found = bundles.evaluate([BundleCase(name="a", expected=expected, emitted=emitted)], resamples=5)
    return {measure: (one.hits, one.wanted, one.given) for measure, one in found.scores[name].items()}


def test_measures_by_hand():
    expected = bundle(
        condition("J45", onset="2020"),
        condition("E11", offset=10, words="diabetes"),
        condition("I10", offset=20),
    )
    emitted = bundle(
        condition("J45", onset="2021"),  # another date
        condition("E14", offset=10, words="diabetes", status="inactive"),  # another code and status
        condition("R50", offset=40, words="fever"),  # about something else
    )
    assert counts(expected, emitted) == {
        "resource": (2, 3, 3),
        "status": (1, 2, 2),
        "code": (1, 2, 2),
        "date": (0, 1, 1),
        "exact": (0, 3, 3),
    }


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.parent.name)
def test_a_bundle_is_like_itself_with_other_ids_times_and_order(path):
    expected = json.loads(path.read_text("utf-8"))
    other = copy.deepcopy(expected)
    for entry in other["entry"]:
        entry["fullUrl"] = "urn:uuid:else"
        entry["resource"] |= {"id": "else", "meta": {"versionId": "2"}}
        entry["resource"].pop("identifier", None)
        entry["resource"].pop("recordedDate", None)
    other["entry"].reverse()
    for hits, wanted, given_ in counts(expected, other).values():
        assert hits == wanted == given_
    assert list(bundles.diff(BundleCase(name="a", expected=expected, emitted=other))) == []


def test_nothing_emitted_is_missed_and_says_so():
    assert counts(bundle(condition("J45")), None)["resource"] == (0, 1, 0)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 3)), max_size=5))
def test_turning_both_round_turns_precision_and_recall_round(drawn):
    one = bundle(*(condition(code, offset=10 * at) for code, at in drawn))
    other = bundle(condition("A"), condition("B", offset=10, words="else"))
    found, turned = counts(one, other), counts(other, one)
    assert found["resource"][1:] == turned["resource"][:0:-1]
    assert all(one[0] <= min(one[1:]) for one in found.values())


def test_the_diff_shows_what_differs_and_nothing_else():
    expected = bundle(condition("J45"), condition("I10", offset=20, words="hypertension"))
    emitted = bundle(condition("J45", status="inactive"), condition("I10", offset=20, words="hypertension"))
    lines = list(bundles.diff(BundleCase(name="7", expected=expected, emitted=emitted)))
    assert lines[:2] == ["--- expected/7/Condition", "+++ emitted/7/Condition"]
    changed = [line for line in lines[2:] if line[0] in "+-"]
    assert [line.split() for line in changed] == [
        ["-", '"code":', '"active",'],
        ["+", '"code":', '"inactive",'],
    ]


def test_files_are_paired_by_line_or_name(tmp_path):
    one, other = tmp_path / "one.ndjson", tmp_path / "other.ndjson"
    rows = [bundle(condition("A")), bundle(condition("B"))]
    one.write_text("\n".join(json.dumps(row) for row in rows))
    other.write_text(
        json.dumps(rows[0]) + "\n" + json.dumps({"resourceType": "OperationOutcome", "issue": []})
    )
    cases = fhir.paired(one, other)
    assert [(case.name, case.emitted is None) for case in cases] == [("1", False), ("2", True)]
    other.write_text("\n".join(json.dumps(row) for row in [*rows, rows[0]]))
    with pytest.raises(InputError, match="expected of: 1, the first is 3"):
        fhir.paired(one, other)


@pytest.mark.parametrize(
    "data", ["{", "[]", '{"resourceType": "Patient"}', '{"resourceType": "Bundle", "entry": [3]}']
)
def test_what_is_no_bundle_is_refused_by_name(tmp_path, data):
    path = tmp_path / "one.ndjson"
    path.write_text(json.dumps(bundle()) + "\n" + data)
    with pytest.raises(InputError, match=r"one.ndjson: 2"):
        fhir.read(path)


def test_what_is_no_fhir_is_refused():
    broken = bundle({"resourceType": "Condition", "code": {"coding": ["J45"]}})
    with pytest.raises(InputError, match="Bundle a"):
        counts(broken, None)
