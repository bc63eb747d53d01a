import base64
import json
from typing import Any

import pytest

from adapter.errors import NotADocument
from adapter.model import Finding
from adapter.pipeline import Pipeline

pytestmark = pytest.mark.model


def document(text: str, **more: Any) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    attachment = {"contentType": "text/plain", "data": data, **more}
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "content": [{"attachment": attachment}],
    }


def test_each_stage_says_what_it_kept_and_left_out(pipeline: Pipeline) -> None:
    outcome = pipeline.run(
        document("HPI: Denies chest pain. Has hypertension. Takes lisinopril 10 mg daily.")
    )
    names = [step.name for step in outcome.steps]
    assert names == ["notes", "extraction", "context", "coding", "emission"]
    assert outcome.counts["emission:negated"] == 1
    assert outcome.counts["notes"] == 1
    findings = [one for step in outcome.steps if step.name == "coding" for one in step.kept]
    assert all(isinstance(one, Finding) for one in findings)
    assert not outcome.errors


def test_no_note_text_is_in_what_was_left_out(pipeline: Pipeline) -> None:
    secret = "Zyxwvut"
    outcome = pipeline.run(document(f"{secret} denies chest pain and {secret} fever."))
    issues = [issue for step in outcome.steps for issue in step.left_out]
    assert issues
    assert secret not in json.dumps([issue.message for issue in issues])


def test_a_language_that_the_model_does_not_know_is_not_read(pipeline: Pipeline) -> None:
    outcome = pipeline.run(document("Sin neumonía.", language="es-ES"))
    assert [issue.reason for issue in outcome.errors] == ["language-not-supported"]
    assert [entry["resource"]["resourceType"] for entry in outcome.bundle["entry"]] == ["Device"]


def test_what_is_no_document_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(NotADocument):
        pipeline.run({"resourceType": "Observation"})


def test_two_attachments_say_which_one_a_fact_came_from(pipeline: Pipeline) -> None:
    posted = document("Has pneumonia.")
    posted["content"] += document("Has gout.")["content"]
    bundle = pipeline.run(posted).bundle
    paths = set()
    for entry in bundle["entry"]:
        for extension in entry["resource"].get("extension", ()):
            parts = {part["url"]: part for part in extension.get("extension", ())}
            if "path" in parts:
                paths.add(parts["path"]["valueString"])
    assert len(paths) == 2
