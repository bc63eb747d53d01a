"""$extract, $process-message, capabilities, and how requests that fit nothing are answered."""

import threading

import pytest
from fhir.resources import get_fhir_model_class as r5
from fhir.resources.R4B import get_fhir_model_class as r4b

from adapter.ledger import work
from tests.api.served import JSON, XML, document, identified, issues

MODELS = {"4.0": r4b, "5.0": r5}


def counts(here):
    with here.service.database.reading() as tx:
        return {
            table: tx.connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
            for table in ("nw_version", "nw_work", "nw_delivery", "nw_parameter", "workflow_status")
        }


def extract(here, body, **headers):
    return here.post(body, "/DocumentReference/$extract", **headers)


@pytest.mark.parametrize("version", ["4.0", "5.0"])
def test_extract_answers_at_once_and_keeps_nothing(here, target, version):
    before, sent = counts(here), len(target.requests)
    answer = extract(here, document(), Accept=f"{JSON}; fhirVersion={version}")
    assert answer.status_code == 200 and f"fhirVersion={version}" in answer.headers["Content-Type"]
    bundle = answer.json()
    MODELS[version]("Bundle").model_validate(bundle)
    assert [e["resource"]["code"]["text"] for e in bundle["entry"] if "code" in e["resource"]] == ["asthma"]
    assert counts(here) == before and len(target.requests) == sent


def test_extract_takes_parameters_bundles_and_xml(here):
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "x", "resource": document()}]}
    assert "asthma" in extract(here, parameters).text
    entries = [{"resource": document()}, {"resource": document("Assessment: gout.", patient="2")}]
    both = extract(here, {"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert both.status_code == 200 and "asthma" in both.text and "gout" in both.text
    xml = extract(here, document(), Accept=XML)
    assert xml.status_code == 200 and xml.content.startswith(b"<?xml") and b"asthma" in xml.content
    told = extract(here, document(), Prefer="return=OperationOutcome")
    r4b("OperationOutcome").model_validate(told.json())


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        ({"resourceType": "Patient"}, 422, "resourceType"),
        ({"resourceType": "Bundle", "type": "batch"}, 422, "Bundle.entry"),
        ({"resourceType": "Parameters"}, 400, "Parameters.parameter"),
        (document() | {"status": "good"}, 400, "DocumentReference.status"),
        (
            {"resourceType": "Bundle", "type": "batch", "entry": [{}, {"resource": document(status="good")}]},
            400,
            "Bundle.entry[1].resource.status",
        ),
        (
            document() | {"content": [{"attachment": {"contentType": "image/png", "data": "QQ=="}}]},
            422,
            "DocumentReference.content[0].attachment.contentType",
        ),
    ],
)
def test_what_cannot_be_extracted_is_told_with_its_path(here, body, status, where):
    answer = extract(here, body)
    assert answer.status_code == status, answer.text
    assert [where] in [issue.get("expression") for issue in issues(answer)]


def test_extract_goes_before_a_backlog(here):
    request = {"method": "POST", "url": "DocumentReference"}
    backlog = [{"resource": document(f"Assessment: asthma. {n}"), "request": request} for n in range(30)]
    assert here.post({"resourceType": "Bundle", "type": "batch", "entry": backlog}, "").status_code == 200
    assert extract(here, document()).status_code == 200
    with here.service.database.reading() as tx:
        assert work.counts(tx).get(work.ACCEPTED, 0) > 3, "answered while the backlog was still there"


def message(*resources):
    header = {
        "resourceType": "MessageHeader",
        "id": "6b0e1a1c-0c53-4a8e-9e4c-0e7f9c1d2a3b",
        "eventUri": "urn:documents",
        "source": {"endpoint": "https://sender.example"},
    }
    entries = [{"fullUrl": f"urn:x:{n}", "resource": one} for n, one in enumerate((header, *resources))]
    return {"resourceType": "Bundle", "type": "message", "entry": entries}


def test_a_message_brings_documents_all_or_none(here):
    sent = message(identified("m1"), identified("m2", "Assessment: gout."))
    answer = here.post(sent, "/$process-message")
    assert answer.status_code == 200
    reply = answer.json()
    r4b("Bundle").model_validate(reply)
    header, *documents = [entry["resource"] for entry in reply["entry"]]
    assert header["response"] == {"identifier": sent["entry"][0]["resource"]["id"], "code": "ok"}
    assert len(documents) == 2
    again = here.post(sent, "/$process-message").json()
    assert [e["resource"]["id"] for e in again["entry"][1:]] == [one["id"] for one in documents]
    before = counts(here)
    broken = here.post(message(identified("m3"), document(status="good")), "/$process-message")
    assert broken.status_code == 400 and counts(here)["nw_version"] == before["nw_version"]
    for wrong in (message(), {"resourceType": "Bundle", "type": "batch"}, document()):
        assert here.post(wrong, "/$process-message").status_code == 422


@pytest.mark.parametrize("version", ["4.0", "5.0"])
def test_the_capability_statement_is_valid_and_says_what_is_there(here, version):
    answer = here.get("/metadata", Accept=f"{JSON}; fhirVersion={version}")
    said = answer.json()
    MODELS[version]("CapabilityStatement").model_validate(said)
    assert said["fhirVersion"] == {"4.0": "4.0.1", "5.0": "5.0.0"}[version]
    documents = next(one for one in said["rest"][0]["resource"] if one["type"] == "DocumentReference")
    assert {one["code"] for one in documents["interaction"]} >= {"create", "read", "update", "search-type"}
    for one in documents["searchParam"]:
        value = {"date": "2026", "reference": "Patient/1", "token": "x"}[one["type"]]
        assert here.get(f"/DocumentReference?{one['name']}={value}").status_code == 200, one
    for kind in said["rest"][0]["resource"]:
        for operation in kind.get("operation", []):
            asked = here.post({"resourceType": "Parameters"}, f"/{kind['type']}/${operation['name']}")
            empty = asked.status_code == 200 and asked.json()["resourceType"] == "Bundle"  # nothing to tell
            assert empty or (asked.status_code in (400, 404, 405, 422) and issues(asked)), operation


def test_without_a_language_model_no_task_can_be_asked(here):
    assert here.post({"resourceType": "Parameters"}, "/DocumentReference/$answer").status_code in (404, 405)
    assert "$answer" not in here.get("/metadata").text


def test_the_smart_configuration_is_json_whatever_is_asked_for(here):
    for accept in (JSON, XML, "application/json"):
        answer = here.get("/.well-known/smart-configuration", Accept=accept)
        assert answer.headers["Content-Type"] == "application/json"
        assert "system/DocumentReference.crus" in answer.json()["scopes_supported"]
        assert "system/CodeSystem.r" in answer.json()["scopes_supported"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Patient/1", 404),
        ("GET", "/", 405),
        ("POST", "/Patient", 404),
        ("GET", "/nothing/at/all", 404),
        ("GET", "/DocumentReference/1/$everything", 404),
        ("DELETE", "/DocumentReference/1", 405),
        ("PATCH", "/DocumentReference/1", 405),
        ("PUT", "/DocumentReference", 405),
        ("OPTIONS", "/metadata", 405),
        ("TRACE", "/metadata", 405),
    ],
)
def test_what_is_not_here_is_told_in_an_outcome(here, method, path, status):
    answer = here.ask(method, path)
    assert answer.status_code == status and issues(answer)
    assert status != 405 or answer.headers["Allow"]


def test_formats_that_are_not_spoken(here):
    for accept in ("text/html", "application/pdf", f"{JSON}; fhirVersion=3.0"):
        answer = here.get("/metadata", Accept=accept)
        assert answer.status_code == 406 and issues(answer)[0]["code"] == "not-supported"
    assert here.get("/metadata?_format=turtle").status_code == 406
    for typed in (
        "text/plain",
        "application/fhir+turtle",
        f"{JSON}; fhirVersion=1.0",
        f"{JSON}; charset=utf-16",
    ):
        assert here.post(b"{}", Content_Type=typed).status_code == 415
    assert here.post(b"").status_code == 400
    assert here.client.post(f"{here.base}/DocumentReference", content=b"{}").status_code in (400, 415)


def test_past_the_bound_of_the_queue_it_is_later(here):
    queue = here.service.queue
    most, queue._most = queue._most, 0
    try:
        for answer in (
            here.post(document()),
            here.ask("PUT", "/DocumentReference/x", document()),
            here.post({"resourceType": "Bundle", "type": "batch"}, ""),
            here.post(message(document()), "/$process-message"),
        ):
            assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
            assert issues(answer)[0]["code"] == "throttled"
        assert extract(here, document()).status_code == 200
    finally:
        queue._most = most


def test_many_at_once_are_all_answered(here):
    answers = []
    lock = threading.Lock()

    def ask(number):
        got = here.post(identified(f"many{number % 4}", f"Assessment: gout {number % 4}."))
        with lock:
            answers.append((number % 4, got.status_code, got.json().get("id")))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(4):
        mine = [one for one in answers if one[0] == number]
        assert (
            sorted(status for _, status, _ in mine) == [200, 200, 200, 201]
            and len({id for *_, id in mine}) == 1
        )
