"""The FHIR operations over HTTP."""

import asyncio
import logging
from datetime import UTC, datetime

import httpx
import pytest
from test_fhir_operations import CHEST, PAIN, SNOMED, Memory, check, post, value

pytest.importorskip("fastapi", reason="FastAPI is not installed: the routes are not tested")

from fastapi import FastAPI

from terminology.fhir import Service
from terminology.fhir.routes import LARGEST, router

FHIR = "application/fhir+json"
LOOKUP = f"/fhir/CodeSystem/$lookup?system={SNOMED}&code={PAIN}"


class Client:
    """Asks an application without a network."""

    def __init__(self, app):
        self.app = app

    def get(self, url, **more):
        return self.send("GET", url, **more)

    def post(self, url, **more):
        return self.send("POST", url, **more)

    def send(self, method, url, **more):
        async def send():
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, url, **more)

        return asyncio.run(send())


def client_of(version="R4", store=None):
    app = FastAPI()
    service = Service(
        store=store or Memory(), fhir_version=version, clock=lambda: datetime(2026, 1, 2, tzinfo=UTC)
    )
    app.include_router(router(service), prefix="/fhir")
    return Client(app)


@pytest.fixture(scope="module")
def client():
    return client_of()


def told(response, status=200, version="R4"):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == FHIR
    return check(response.json(), version)


def issue(response, status):
    return told(response, status)["issue"][0]


def test_every_operation_answers_by_get_and_post(client):
    assert value(told(client.get(LOOKUP)), "display") == "Pain"
    body = post(url=("valueUri", SNOMED), code=("valueCode", PAIN))
    answer = client.post("/fhir/CodeSystem/$validate-code", json=body, headers={"content-type": FHIR})
    assert value(told(answer), "result") is True
    query = {"system": SNOMED, "codeA": PAIN, "codeB": CHEST}
    assert value(told(client.get("/fhir/CodeSystem/$subsumes", params=query)), "outcome") == "subsumes"
    query = {"url": f"{SNOMED}?fhir_vs=isa/{PAIN}"}
    assert told(client.get("/fhir/ValueSet/$expand", params=query))["expansion"]["total"] == 3
    query |= {"system": SNOMED, "code": CHEST}
    assert value(told(client.get("/fhir/ValueSet/$validate-code", params=query)), "result") is True
    query = {"system": SNOMED, "code": PAIN}
    assert value(told(client.get("/fhir/ConceptMap/$translate", params=query)), "result") is True


def test_a_value_set_may_be_posted_by_itself(client):
    compose = {"include": [{"system": SNOMED, "concept": [{"code": PAIN}]}]}
    body = {"resourceType": "ValueSet", "status": "draft", "compose": compose}
    answer = told(client.post("/fhir/ValueSet/$expand?count=5", json=body))
    assert answer["expansion"]["contains"][0]["code"] == PAIN
    wrong = client.post("/fhir/ValueSet/$expand?count=5", json=post(count=("valueInteger", 3)))
    assert issue(wrong, 400)["code"] == "invalid"


@pytest.mark.parametrize(
    ("suffix", "accept", "status"),
    [
        ("", "application/fhir+json; fhirVersion=4.0", 200),
        ("", "text/html, */*;q=0.1", 200),
        ("", "application/fhir+xml", 406),
        ("", "application/fhir+json; fhirVersion=5.0", 406),
        ("&_format=json", "application/fhir+xml", 200),
        ("&_format=application/fhir%2Bjson", "*/*", 200),
        ("&_format=application/fhir+json&_pretty=true", "*/*", 200),
        ("&_format=xml", "application/fhir+json", 406),
    ],
)
def test_only_json_is_given(client, suffix, accept, status):
    told(client.get(LOOKUP + suffix, headers={"accept": accept}), status)


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("application/fhir+xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/fhir+json; fhirVersion=3.0", 415),
    ],
)
def test_only_json_is_taken(client, media, status):
    body = '{"resourceType": "Parameters", "parameter": [{"name": "code", "valueCode": "22253000"}]}'
    url = f"/fhir/CodeSystem/$lookup?system={SNOMED}"
    told(client.post(url, content=body, headers={"content-type": media}), status)


def test_every_error_is_an_outcome(client):
    missing = issue(client.get(f"/fhir/CodeSystem/$lookup?system={SNOMED}&code=999"), 404)
    assert (missing["code"], missing["expression"]) == ("not-found", ["http.code"])
    assert issue(client.get(f"{LOOKUP}&name=J.+Doe"), 400)["code"] == "invalid"
    assert "Doe" not in client.get(f"{LOOKUP}&J.+Doe=1").text
    assert issue(client.post("/fhir/CodeSystem/$lookup", content=b"{"), 415)
    assert issue(client.post("/fhir/CodeSystem/$lookup", content=b"{", headers={"content-type": FHIR}), 400)
    assert issue(client.post("/fhir/CodeSystem/$lookup", content=b" " * (LARGEST + 1)), 413)
    assert issue(client.get("/fhir/ValueSet/x/$expand"), 404)
    assert issue(client.get("/fhir/CodeSystem"), 404)
    wrong = client.send("DELETE", "/fhir/CodeSystem/$lookup")
    assert issue(wrong, 405) and wrong.headers["allow"] == "GET, POST"


def test_a_failure_tells_and_logs_no_text(caplog):
    class Broken(Memory):
        def lookup(self, system, code):
            raise RuntimeError("J. Doe")

    with caplog.at_level(logging.DEBUG):
        answer = client_of(store=Broken()).get(LOOKUP)
    assert issue(answer, 500)["code"] == "exception"
    assert "Doe" not in answer.text
    assert not [entry for entry in caplog.records if "Doe" in entry.getMessage() or entry.exc_info]


@pytest.mark.parametrize("version", ["R4", "R5"])
def test_metadata_lists_what_is_there(version):
    client = client_of(version)
    statement = told(client.get("/fhir/metadata"), version=version)
    offered = {
        f"/fhir/{resource['type']}/${operation['name']}"
        for resource in statement["rest"][0]["resource"]
        for operation in resource["operation"]
    }
    assert offered == {path for path in client.app.openapi()["paths"] if "$" in path}
    assert statement["fhirVersion"] == ("4.0.1" if version == "R4" else "5.0.0")
    capabilities = told(client.get("/fhir/metadata?mode=terminology"), version=version)
    (system,) = capabilities["codeSystem"]
    assert (system["uri"], system["subsumption"], system["version"][0]["code"]) == (SNOMED, True, "2026-01")
    assert client.get("/fhir/metadata?mode=all").status_code == 400
