"""Our endpoint driven by fhirpy, a client for Python."""

import pytest

from tests.interop import programs

fhirpy = pytest.importorskip("fhirpy", reason="fhirpy is not installed (pip install -e '.[interop]')")
exceptions = pytest.importorskip("fhirpy.base.exceptions")

DOCUMENTS = "DocumentReference"


@pytest.fixture(scope="module")
def client(endpoint):
    return fhirpy.SyncFHIRClient(endpoint, requests_config={"timeout": 60})


@pytest.fixture
def created(client, request):
    """A document of the test's own, created by the client."""
    given = programs.document("ASSESSMENT: Asthma. Gout.", request.node.name)
    return client.resource(DOCUMENTS, **given).create()


def test_create_and_read(client, created):
    assert created["meta"]["versionId"] == "1"
    read = client.reference(DOCUMENTS, created.id).to_resource()
    assert read.serialize() == created.serialize()
    assert client.get(DOCUMENTS, created.id)["id"] == created.id


def test_search(client, created):
    known = created["identifier"][0]
    by_identifier = client.resources(DOCUMENTS).search(identifier=f"{known['system']}|{known['value']}")
    assert [one.id for one in by_identifier.fetch()] == [created.id]
    assert by_identifier.get().id == by_identifier.first().id == created.id
    pages = client.resources(DOCUMENTS).search(patient="Patient/example", status="current").limit(1)
    assert created.id in {one.id for one in pages}  # follows the links to the next page
    assert client.resources(DOCUMENTS).search(patient="Patient/nobody").fetch() == []


def test_conditional_create(endpoint, created):
    """By the header FHIR has for it; the client's get_or_create sends a query that is not FHIR."""
    known = created["identifier"][0]
    condition = {"If-None-Exist": f"identifier={known['system']}|{known['value']}"}
    careful = fhirpy.SyncFHIRClient(endpoint, extra_headers=condition)
    other = programs.document("ASSESSMENT: Gout.", known["value"])
    same = careful.resource(DOCUMENTS, **other).create()
    assert same.serialize() == created.serialize()


def test_update_with_if_match(endpoint, created):
    aware = fhirpy.SyncFHIRClient(endpoint, extra_headers={"If-Match": 'W/"1"'})
    changed = aware.resource(DOCUMENTS, **{**created.serialize(), "docStatus": "amended"})
    changed.save()
    assert changed["meta"]["versionId"] == "2"
    with pytest.raises(exceptions.MultipleResourcesFound, match="another version"):  # its name for 412
        aware.resource(DOCUMENTS, **{**created.serialize(), "docStatus": "final"}).save()


def test_taken_back(client, created):
    wrong = client.resource(DOCUMENTS, id=created.id, status="entered-in-error")
    wrong.save()
    assert wrong["status"] == "entered-in-error"
    assert wrong["content"] == created["content"]


def test_batch(client):
    request = {"method": "POST", "url": DOCUMENTS}
    documents = [programs.document("ASSESSMENT: Asthma.", f"batch-{number}") for number in (1, 2)]
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"resource": one, "request": request} for one in documents],
    }
    answer = client.execute("", data=bundle)
    assert [entry["response"]["status"] for entry in answer["entry"]] == ["201", "201"]


def test_extract_and_metadata(client):
    given = programs.document("ASSESSMENT: Asthma. Gout.", "extract")
    made = client.execute(f"{DOCUMENTS}/$extract", data=given)
    assert [one["resource"]["code"]["text"] for one in made["entry"][:2]] == ["Asthma", "Gout"]
    assert client.execute("metadata", method="get")["fhirVersion"] == "4.0.1"


def test_errors_are_understood(client, created):
    with pytest.raises(exceptions.ResourceNotFound):
        client.get(DOCUMENTS, "nowhere")
    with pytest.raises(exceptions.OperationOutcome) as refused:
        client.resource(DOCUMENTS, status="current").save()
    (issue,) = refused.value.resource["issue"]
    assert issue["severity"] == "error"
    assert issue["expression"] == ["DocumentReference.content"]
    with pytest.raises(exceptions.OperationOutcome) as refused:
        created.delete()
    assert refused.value.resource["issue"][0]["code"] == "not-supported"
