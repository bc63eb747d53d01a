"""Our endpoint driven by fhirclient, whose models take only what R4 has."""

import pytest

from tests.interop import programs

client = pytest.importorskip(
    "fhirclient.client", reason="fhirclient is not installed (pip install -e '.[interop]')"
)
bundle = pytest.importorskip("fhirclient.models.bundle")
documentreference = pytest.importorskip("fhirclient.models.documentreference")
server = pytest.importorskip("fhirclient.server")


@pytest.fixture(scope="module")
def smart(endpoint):
    made = client.FHIRClient(settings={"app_id": "notewright-tests", "api_base": endpoint})
    assert made.prepare()  # no authorization is asked for
    return made


def test_create_read_search_and_update(smart):
    given = programs.document("ASSESSMENT: Asthma. Gout.", "fhirclient")
    id = documentreference.DocumentReference(given).create(smart.server)["id"]
    read = documentreference.DocumentReference.read(id, smart.server)
    assert read.identifier[0].value == "fhirclient"
    found = documentreference.DocumentReference.where({"patient": "Patient/example"})
    assert id in {one.id for one in found.perform_resources_iter(smart.server)}
    read.docStatus = "amended"
    assert read.update(smart.server)["meta"]["versionId"] == "2"


def test_what_is_extracted_is_strict_r4(smart):
    given = programs.document(
        "ASSESSMENT: Asthma. Penicillin allergy. Mother had breast cancer.\n"
        "MEDICATIONS: Metformin 500 mg by mouth twice daily.\n"
        "Hemoglobin A1c 8.2%. Status post cholecystectomy.\n",
        "strict",
    )
    made = smart.server.post_json("DocumentReference/$extract", given).json()
    assert bundle.Bundle(made).as_json() == made


def test_what_it_can_is_strict_r4(smart):
    assert smart.server.capabilityStatement.fhirVersion == "4.0.1"


def test_not_found(smart):
    with pytest.raises(server.FHIRNotFoundException):
        documentreference.DocumentReference.read("nowhere", smart.server)
