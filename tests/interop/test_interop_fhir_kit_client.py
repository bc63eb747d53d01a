"""Our endpoint driven by fhir-kit-client, a client for Node."""

import json
import subprocess

import pytest

from tests.interop import programs


@pytest.fixture(scope="module")
def told(client_packages, endpoint):
    """What the client says it got (client/drive.mjs)."""
    document = programs.document("ASSESSMENT: Asthma. Gout.", "fhir-kit-client")
    command = [programs.node(client_packages, 20), str(client_packages / "drive.mjs"), endpoint]
    done = subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_knows_what_we_can(told):
    can = told["capabilities"]
    assert (can["fhirVersion"], can["create"], can["delete"], can["batch"]) == ("4.0.1", True, False, True)
    assert {"identifier", "patient", "date", "status"} <= set(can["search"])


def test_create_is_done_once(told):
    created, again = told["created"], told["again"]
    assert (created["status"], again["status"]) == (201, 200)
    assert created["headers"]["etag"] == 'W/"1"'
    assert created["headers"]["location"].endswith(f"/DocumentReference/{again['id']}/_history/1")
    assert created["resource"]["id"] == again["id"]


def test_read_search_and_history(told):
    assert told["read"]["status"] == 200
    assert told["read"]["headers"]["etag"] == told["created"]["headers"]["etag"]
    assert told["vread"]["versionId"] == "1"
    assert told["found"] == {"ids": [told["again"]["id"]], "next": False}
    assert told["history"] == ["PUT", "POST"]


def test_update_is_of_the_version_that_was_read(told):
    assert told["stale"]["status"] == 412
    assert told["updated"]["status"] == 200
    assert told["updated"]["headers"]["etag"] == 'W/"2"'
    assert told["updated"]["docStatus"] == "amended"
    assert told["wrong"] == {"status": "entered-in-error", "version": "3"}


def test_batch_and_transaction(told):
    assert told["batch"] == {"type": "batch-response", "statuses": ["201", "200", "404"]}
    assert told["transaction"] == {"type": "transaction-response", "statuses": ["201"]}


def test_extract(told):
    assert told["extracted"]["type"] == "transaction"
    assert sorted(told["extracted"]["kinds"]) == ["Condition", "Condition", "Device", "Provenance"]
    assert told["parameters"] == {"status": 200}


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("stale", 412),
        ("unknown", 404),
        ("otherType", 404),
        ("invalid", 400),
        ("parameter", 400),
        ("deleted", 405),
    ],
)
def test_every_error_is_an_outcome(told, what, status):
    assert told[what]["status"] == status
    assert told[what]["data"]["resourceType"] == "OperationOutcome"
    assert told[what]["data"]["issue"][0]["diagnostics"]
