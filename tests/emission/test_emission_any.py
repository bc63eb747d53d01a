"""Whatever the findings are, what is emitted is valid, traceable and repeatable, or it is not emitted."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import ICD, MAKER, RULES, SNOMED, note

from adapter import emission
from adapter.model import KINDS, Assertion, Attribute, Coding, Cue, Finding

WORDS = (
    "severe asthma 40\u00a0mg b.i.d. prn 120/80 <0.01 po\u000c smoker\u2028quit \x00 é😀 "
    "2 beers per day for 7 days\t\n"
)
ATTRIBUTES = ("dose", "route", "frequency", "duration", "form", "result", "body_site", "finding", "condition")


@st.composite
def spans(draw):
    start = draw(st.integers(0, len(WORDS) - 1))
    return start, draw(st.integers(start + 1, len(WORDS)))


@st.composite
def codings(draw):
    system = draw(st.sampled_from([ICD, SNOMED, "http://loinc.org"]))
    code = draw(st.sampled_from(["J45.909", "Z72.0", "195967001", "8867-4", "85354-9"]))
    return Coding(
        system=system,
        code=code,
        display=draw(st.sampled_from(["Asthma", "Severe asthma", ""])),
        score=0.5,
        match="exact",
    )


@st.composite
def findings(draw):
    start, end = draw(spans())
    flags = {
        flag: draw(st.booleans()) for flag in ("negated", "uncertain", "historical", "stopped", "allergen")
    }
    rare = {flag: draw(st.integers(0, 5)) == 0 for flag in ("ruled_out", "hypothetical", "planned")}
    cue_start, cue_end = draw(spans())
    return Finding(
        start=start,
        end=end,
        text=WORDS[start:end],
        kind=draw(st.sampled_from(KINDS)),
        confidence=draw(st.floats(0, 1)),
        section=draw(st.sampled_from(["unknown", "physical_exam", "problem_list"])),
        assertion=Assertion(
            **flags,
            **rare,
            experiencer=draw(st.sampled_from(["patient", "patient", "patient", "family", "other"])),
            relative=draw(st.sampled_from([None, "MTH", "NOBODY"])),
            cues=(Cue(axis="x", rule="x", start=cue_start, end=cue_end, text=WORDS[cue_start:cue_end]),),
        ),
        attributes=tuple(
            Attribute(kind=draw(st.sampled_from(ATTRIBUTES)), start=a, end=b, text=WORDS[a:b])
            for a, b in draw(st.lists(spans(), max_size=4))
        ),
        codings=tuple(draw(st.lists(codings(), max_size=2))),
    )


@pytest.mark.parametrize("fhir", ["r4", "r5"])
@settings(max_examples=25, deadline=None)
@given(st.lists(findings(), max_size=6))
def test_any_findings(fhir, drawn):
    written = note(WORDS)
    step = emission.build(written, drawn, RULES, fhir)
    whole = emission.bundle(written, step.kept, MAKER, fhir)
    assert whole == json.loads(json.dumps(whole))
    assert emission.build(written, drawn[::-1], RULES, fhir).kept == step.kept
    identities = [one["identifier"][0]["value"] for one in step.kept]
    assert len(set(identities)) == len(identities)
    places = {(one.start, one.end) for one in drawn}
    told = set(map(tuple, (spans_of(one) for one in step.kept)))
    assert {span for listed in told for span in listed} <= places
    assert {span for listed in told for span in listed} | {
        (one.start, one.end) for one in step.left_out
    } == places


def spans_of(resource):
    for extension in resource["extension"]:
        parts = {part["url"]: part.get("valueInteger") for part in extension.get("extension", [])}
        if "offset" in parts:
            yield parts["offset"], parts["offset"] + parts["length"]
