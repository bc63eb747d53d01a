"""What may differ between a Bundle that is expected and one that is given, and that nothing else may."""

import copy
import json
from functools import cache

import pytest

from adapter.cases import sameness
from adapter.evaluation import bundle_differences
from adapter.evaluation.bundles import BundleCase
from tests.conftest import ROOT

SHIPPED = sorted((ROOT / "fixtures" / "cases").glob("*/expected.json"))
OURS = "https://notewright.org/fhir/identifier"


def differences(expected, emitted):
    case = BundleCase(name="a", expected=expected, emitted=emitted)
    return bundle_differences.differences(case, text=True, counting=sameness.exactly())


def said(expected, emitted):
    return [line for one in differences(expected, emitted) for line in bundle_differences.sentences(one)]


@cache
def text_of(name):
    return (ROOT / "fixtures" / "cases" / name / "expected.json").read_text("utf-8")


@pytest.fixture
def bundle():
    return json.loads(text_of("en-document"))


def resource(bundle, kind):
    return next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)


def entry(bundle):
    return bundle["entry"][0]


MAY = {
    "*.id": lambda b: resource(b, "Condition").update(id="else"),
    "*.meta.versionId": lambda b: resource(b, "Condition")["meta"].update(versionId="7"),
    "*.meta.lastUpdated": lambda b: resource(b, "Condition")["meta"].update(
        lastUpdated="2030-01-01T00:00:00Z"
    ),
    "*.meta.tag": lambda b: resource(b, "Provenance")["meta"]["tag"][0].update(code="else"),
    "**.identifier": lambda b: resource(b, "Device")["identifier"][1].update(value="f" * 64),
    "**.reference": lambda b: resource(b, "Provenance")["agent"][0]["who"].update(reference="urn:uuid:else"),
    "*.posted.fullUrl": lambda b: entry(b).update(fullUrl="urn:uuid:else"),
    "*.posted.request.ifNoneExist": lambda b: entry(b)["request"].update(ifNoneExist="identifier=x|else"),
    "Bundle.timestamp": lambda b: b.update(timestamp="2030-01-01T00:00:00Z"),
    "Provenance.recorded": lambda b: resource(b, "Provenance").update(recorded="2030-01-01T00:00:00Z"),
    "Provenance._recorded": lambda b: resource(b, "Provenance").pop("_recorded"),
    "Device.version.value": lambda b: [one.update(value="9.9") for one in resource(b, "Device")["version"]],
    "Device.modelNumber": lambda b: resource(b, "Device").update(modelNumber="9.9"),
    "**.coding.display": lambda b: resource(b, "Condition")["code"]["coding"][0].update(display="else"),
    "**.confidence": lambda b: resource(b, "Condition")["extension"][-1].update(valueDecimal=0.8),
}


@pytest.mark.parametrize("element", MAY)
def test_what_may_differ_is_no_difference(bundle, element):
    other = copy.deepcopy(bundle)
    MAY[element](other)
    assert other != bundle
    assert said(bundle, other) == said(other, bundle) == []


def test_every_rule_is_tried_and_says_why():
    assert {may.element for may in sameness.may_differ()} == MAY.keys()
    assert all(may.why for may in sameness.may_differ())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda b: resource(b, "Condition")["identifier"][0].update(system="https://hospital.example"),
            "identifier",
        ),
        (lambda b: resource(b, "Condition")["subject"].update(reference="Patient/other"), "Patient/other"),
        (lambda b: resource(b, "Condition").update(recordedDate="2030"), "recordedDate"),
        (lambda b: resource(b, "Condition")["meta"].pop("security"), "meta.security"),
        (lambda b: resource(b, "Condition")["extension"][-1].update(valueDecimal=0.3), "confidence"),
        (lambda b: resource(b, "Condition")["extension"][0]["extension"][1].update(valueInteger=3), "place"),
        (lambda b: resource(b, "Device")["deviceName"][0].update(name="else"), "Device: deviceName"),
        (lambda b: resource(b, "Provenance")["entity"].pop(), "Provenance: entity"),
        (lambda b: entry(b)["request"].update(method="PUT"), "posted.request.method POST -> PUT"),
        (lambda b: entry(b).update(fullUrl="https://server.example/Condition/1"), "posted.fullUrl"),
        (lambda b: b.update(type="batch"), "Bundle: type transaction -> batch"),
        (lambda b: b["entry"].pop(), "Provenance: missing"),
        (lambda b: b["entry"].append({"resource": {"resourceType": "Basic"}}), "Basic: unexpected"),
    ],
)
def test_everything_else_is_told(bundle, change, line):
    other = copy.deepcopy(bundle)
    change(other)
    assert any(line in told for told in said(bundle, other)), said(bundle, other)


def leaves(value, path=()):
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def changed(bundle, path):
    other = copy.deepcopy(bundle)
    inner = other
    for key in path[:-1]:
        inner = inner[key]
    value = inner[path[-1]]
    inner[path[-1]] = value + 1 if isinstance(value, int | float) else f"x{value}"
    return other


def covered(bundle, path):
    """Whether the rules allow a change of the value at a path of the Bundle."""
    kind, names = "Bundle", [key for key in path if isinstance(key, str)]
    if path[0] == "entry":
        inside = path[2] == "resource"
        kind = bundle["entry"][path[1]]["resource"]["resourceType"]
        names = names[2:] if inside else ["posted", *names[1:]]
    value = bundle
    for key in path:
        value = value[key]
        if (
            isinstance(value, dict)
            and str(value.get("system", "")).startswith(OURS)
            and path[-1] in ("value", "code")
        ):
            return True
    rules = [may for may in sameness.may_differ() if may.within is None and not may.system]
    return any(may.covers((kind, *names)) and may.allows(value) for may in rules) or names[0] == "_recorded"


@pytest.mark.parametrize("name", ["en-document", "en-doses-r5", "en-family-history"])
def test_no_other_value_changes_unnoticed(name):
    bundle = json.loads(text_of(name))
    quiet = [path for path in leaves(bundle) if not said(bundle, changed(bundle, path))]
    assert [path for path in quiet if not covered(bundle, path)] == []
    assert len(quiet) < len(list(leaves(bundle))) / 4


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_order_of_lists_is_no_difference(path):
    bundle = json.loads(path.read_text("utf-8"))
    other = copy.deepcopy(bundle)
    other["entry"].reverse()
    for one in other["entry"]:
        for coded in ("code", "medicationCodeableConcept"):
            one["resource"].get(coded, {}).get("coding", []).reverse()
    assert said(bundle, other) == []


def test_what_belongs_together_is_not_taken_apart():
    def panel(first, second):
        values = [("8480-6", first), ("8462-4", second)]
        component = [
            {
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "valueQuantity": {"value": value, "unit": "mmHg"},
            }
            for code, value in values
        ]
        return {
            "resourceType": "Bundle",
            "entry": [{"resource": {"resourceType": "Observation", "component": component}}],
        }

    assert said(panel(120, 80), panel(80, 120)) == [
        "Observation: component(8480-6).valueQuantity 120 mmHg -> 80 mmHg",
        "Observation: component(8462-4).valueQuantity 80 mmHg -> 120 mmHg",
    ]
    one = {"dosage": [{"text": "a", "route": {"text": "x"}}, {"text": "b", "route": {"text": "y"}}]}
    two = {"dosage": [{"text": "a", "route": {"text": "y"}}, {"text": "b", "route": {"text": "x"}}]}
    first, second = (
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "MedicationStatement", **each}}]}
        for each in (one, two)
    )
    assert said(first, second) == ["MedicationStatement: the same values belong together otherwise"]
