"""Who may do what over HTTP, with real keys and tokens; and the audit of it."""

import contextlib
import json
import time
from dataclasses import dataclass, replace

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fhir.resources.R4B import get_fhir_model_class as r4b
from jwt.algorithms import ECAlgorithm

from adapter.api.security.apikeys import KeyFile
from adapter.api.security.authenticator import Authenticator
from adapter.api.security.issuers import Issuer
from adapter.api.security.ratelimit import Limiter
from adapter.api.security.tokens import TokenVerifier
from adapter.api.watching import audit
from adapter.ledger import audits
from tests.api import served
from tests.api.served import document, identified, issues

ISSUER, AUDIENCE = "https://auth.hospital.example", "https://notewright.example/fhir"


@dataclass(frozen=True, kw_only=True)
class Site:
    """An endpoint that lets in who has a key or a token."""

    endpoint: served.Endpoint
    keys: KeyFile
    private: ec.EllipticCurvePrivateKey

    def key(self, scopes):
        return {"X_API_Key": self.keys.add("test", scopes)[1]}

    def token(self, scope, patient=None, **more):
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "client", "exp": time.time() + 60, "scope": scope}
        claims |= ({"patient": patient} if patient else {}) | more
        signed = jwt.encode(claims, self.private, algorithm="ES384", headers={"kid": "k"})
        return {"Authorization": f"Bearer {signed}"}


@pytest.fixture(scope="module")
def site(service, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys, private = KeyFile(folder / "keys.json"), ec.generate_private_key(ec.SECP384R1())
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "k", "alg": "ES384"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [public]}))
    issuer = Issuer(url=ISSUER, audiences=(AUDIENCE,), jwks_file=jwks)
    verifier = TokenVerifier([issuer], lambda url: b"")
    letting = Authenticator(keys=keys, tokens=verifier, failures=Limiter(rate=1000, burst=1000))
    closed = replace(service, authenticator=letting)
    with served.listening(closed) as origin, httpx.Client(timeout=30) as client:
        endpoint = served.Endpoint(service=closed, client=client, origin=origin)
        yield Site(endpoint=endpoint, keys=keys, private=private)


@pytest.fixture(scope="module")
def known(site):
    """Documents of two patients."""
    writer = site.key("system/DocumentReference.c")
    note = {"coding": [{"system": "urn:category", "code": "clinical-note"}]}
    made = {}
    for patient in ("one", "two"):
        body = identified(f"of-{patient}", patient=patient, category=[note] if patient == "one" else [])
        answer = site.endpoint.post({key: value for key, value in body.items() if value}, **writer)
        assert answer.status_code == 201, answer.text
        made[patient] = answer.json()["id"]
    return made


def test_without_credentials_only_what_is_open_is_answered(site, known):
    here = site.endpoint
    for method, path in (
        ("POST", "/DocumentReference"),
        ("GET", f"/DocumentReference/{known['one']}"),
        ("GET", "/DocumentReference"),
        ("POST", "/DocumentReference/$extract"),
        ("POST", ""),
        ("GET", "/$async/x"),
        ("GET", "/CodeSystem/$lookup"),
    ):
        answer = here.ask(method, path, document() if method == "POST" else None)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert issues(answer)[0]["code"] == "login"
    assert here.get("/metadata").status_code == 200
    assert here.client.get(f"{here.origin}/.well-known/smart-configuration").status_code == 200
    assert here.post(document(), X_API_Key="nw_000000000000." + "x" * 43).status_code == 401
    assert here.post(document(), **site.token("system/*.cruds", exp=1)).status_code == 401
    assert (
        here.post(document(), **site.token("system/*.cruds", aud="https://other.example")).status_code == 401
    )


def test_a_large_body_of_nobody_is_not_taken(site):
    begun = time.monotonic()
    with contextlib.suppress(httpx.TransportError):  # closed while the body is still sent
        answer = site.endpoint.post(b"x" * 50_000_000, Content_Type="application/fhir+json")
        assert answer.status_code == 401
    assert time.monotonic() - begun < 30


LETTERS = {
    "c": ("POST", "/DocumentReference", 201),
    "r": ("GET", "/DocumentReference/{id}", 200),
    "u": ("PUT", "/DocumentReference/{id}", 200),
    "s": ("GET", "/DocumentReference", 200),
}


@pytest.mark.parametrize("letter", "crus")
@pytest.mark.parametrize("how", ["key", "token"])
def test_each_interaction_needs_its_letter(site, known, letter, how):
    headers = getattr(site, how)(f"system/DocumentReference.{letter}")
    for needed, (method, path, status) in LETTERS.items():
        body = document(patient="one", description="changed") if method in ("POST", "PUT") else None
        answer = site.endpoint.ask(method, path.format(id=known["one"]), body, **headers)
        assert answer.status_code == (status if needed == letter else 403), answer.text
        if answer.status_code == 403:
            assert "insufficient_scope" in answer.headers["WWW-Authenticate"]
    history = site.endpoint.get(f"/DocumentReference/{known['one']}/_history", **headers)
    assert history.status_code == (200 if letter == "r" else 403)
    extract = site.endpoint.post(document(), "/DocumentReference/$extract", **headers)
    assert extract.status_code == (200 if letter == "c" else 403)
    assert site.endpoint.get("/CodeSystem/$lookup?code=x", **headers).status_code == 403


def test_entries_of_a_batch_need_their_own_scopes(site, known):
    reader = site.key("system/DocumentReference.r")
    entries = [
        {"request": {"method": "GET", "url": f"DocumentReference/{known['one']}"}},
        {"request": {"method": "POST", "url": "DocumentReference"}, "resource": document()},
        {"request": {"method": "GET", "url": "DocumentReference?patient=one"}},
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    told = site.endpoint.post(batch, "", **reader).json()
    assert [entry["response"]["status"] for entry in told["entry"]] == ["200", "403", "403"]
    assert site.endpoint.post(batch | {"type": "transaction"}, "", **reader).status_code == 403


def test_a_patients_token_reaches_that_patient_only(site, known):
    here, mine = site.endpoint, site.token("patient/DocumentReference.crus", patient="one")
    assert here.get(f"/DocumentReference/{known['one']}", **mine).status_code == 200
    for answer in (
        here.get(f"/DocumentReference/{known['two']}", **mine),
        here.get(f"/DocumentReference/{known['two']}/_history", **mine),
        here.get(f"/DocumentReference/{known['two']}/_history/1", **mine),
        here.ask("PUT", f"/DocumentReference/{known['two']}", document(patient="one"), **mine),
        here.ask("PUT", f"/DocumentReference/{known['one']}", document(patient="two"), **mine),
        here.post(document(patient="two"), **mine),
        here.post(document(patient="two"), "/DocumentReference/$extract", **mine),
    ):
        assert answer.status_code == 403, answer.text
        assert "Patient/" not in answer.text
    for query in ("", "?patient=two", f"?_id={known['two']}", "?subject=Patient/two", "?_summary=count"):
        bundle = here.get(f"/DocumentReference{query}", **mine).json()
        about = {entry["resource"]["subject"]["reference"] for entry in bundle.get("entry", [])}
        assert about <= {"Patient/one"}
        if "two" in query or known["two"] in query:
            assert bundle["total"] == 0 and not about
        else:
            assert bundle["total"] >= 1
    relates = [{"code": "replaces", "target": {"reference": f"DocumentReference/{known['two']}"}}]
    assert here.post(document(patient="one", relatesTo=relates), **mine).status_code == 201
    everything = site.key("system/DocumentReference.rs")
    assert here.get(f"/DocumentReference/{known['two']}", **everything).json()["status"] == "current"


def test_several_limits_find_each_document_once_and_page(site, known):
    here = site.endpoint
    writer = site.key("system/DocumentReference.c")
    for number in range(3):
        category = [{"coding": [{"system": "urn:category", "code": "clinical-note"}]}]
        more = {"category": category} if number else {}
        here.post(document(f"Assessment: gout {number}.", patient="limits", **more), **writer)
    both = site.token(
        "patient/DocumentReference.s system/DocumentReference.s?category=clinical-note", patient="limits"
    )
    page, seen = here.get("/DocumentReference?patient=limits&_count=1", **both).json(), []
    while True:
        assert page["total"] == 3
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        further = [one["url"] for one in page["link"] if one["relation"] == "next"]
        if not further:
            break
        page = here.client.get(further[0], headers={"Authorization": both["Authorization"]}).json()
    assert len(seen) == len(set(seen)) == 3


def test_a_request_can_be_polled_by_who_made_it_and_by_nobody_else(site):
    here, mine, other = site.endpoint, *(site.key("system/DocumentReference.c") for _ in range(2))
    asked = here.post(document(patient="polled"), Prefer="respond-async", **mine)
    path = asked.headers["Content-Location"].removeprefix(here.base)
    assert here.get(path, **mine).status_code in (200, 202)
    assert here.get(path, **other).status_code == 404 and here.ask("DELETE", path, **other).status_code == 404
    assert here.ask("DELETE", path, **mine).status_code == 202


def test_one_caller_too_many_times_is_asked_to_wait(service):
    limited = replace(service, limiter=Limiter(rate=0.01, burst=2))
    with served.listening(limited) as origin, httpx.Client() as client:
        here = served.Endpoint(service=limited, client=client, origin=origin)
        answers = [here.get("/DocumentReference?_count=0") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 1 and issues(answers[2])[0]["code"] == "throttled"


def test_every_access_is_in_the_audit_and_the_chain_holds(site, known):
    here, everything = site.endpoint, site.key("system/*.cruds")
    asked = [
        (here.post(document(patient="audited"), **everything), "create", "C", "0"),
        (here.get(f"/DocumentReference/{known['one']}", **everything), "read", "R", "0"),
        (here.get(f"/DocumentReference/{known['one']}/_history", **everything), "history-instance", "E", "0"),
        (here.get("/DocumentReference?patient=one", **everything), "search-type", "E", "0"),
        (here.post(document(), "/DocumentReference/$extract", **everything), "operation", "E", "0"),
        (here.get("/DocumentReference/nobody", **everything), "read", "R", "4"),
        (here.get(f"/DocumentReference/{known['one']}"), "read", "R", "4"),
        (here.post({"resourceType": "DocumentReference"}, **everything), "create", "C", "4"),
    ]
    with here.service.database.reading() as tx:
        events = list(audits.every(tx))
    assert audit.verify(events) == []
    for answer, interaction, action, outcome in asked:
        (mine,) = [one for one in events if answer.headers["X-Request-Id"] in str(one)]
        r4b("AuditEvent").model_validate(mine)
        told = (mine["subtype"][0]["code"], mine["action"], mine["outcome"])
        assert told == (interaction, action, outcome)
        assert ("Patient/" in str(mine["entity"])) == (outcome == "0")
    open_one = here.get("/metadata").headers["X-Request-Id"]
    with here.service.database.reading() as tx:
        assert open_one not in str(list(audits.every(tx)))


def test_a_search_that_finds_several_patients_is_an_access_to_each(site, known):
    reader = site.key("system/DocumentReference.s")
    answer = site.endpoint.get(f"/DocumentReference?_id={known['one']},{known['two']}", **reader)
    with site.endpoint.service.database.reading() as tx:
        mine = [str(one) for one in audits.every(tx) if answer.headers["X-Request-Id"] in str(one)]
    assert len(mine) == 2 and {"Patient/one" in one for one in mine} == {True, False}
