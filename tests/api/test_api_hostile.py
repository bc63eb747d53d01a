"""What nobody should send, and everybody is sent: refused quickly, with a path, and nothing is kept."""

import json
import time
from urllib.parse import quote

import httpx
import pytest

from adapter.ledger import work
from tests.api import served
from tests.api.served import JSON, document, wait_until
from tests.fhir import malformed

SLOW = 120  # seconds, on however busy a machine: what does not end; the slowest takes under one
TABLES = ("nw_version", "nw_current", "nw_parameter", "nw_work", "nw_request")
WORDS = ("Traceback", 'File "', "sqlalchemy", "psycopg", "pydantic", "site-packages", ".py")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def here(request, core_store, tmp_path_factory):
    """The endpoint on a database of either kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('hostile')}/ledger.sqlite"
    else:
        url = request.getfixturevalue("postgres") + "/postgres"
    with (
        served.opened(core_store, url) as service,
        served.listening(service) as origin,
        httpx.Client(timeout=30) as client,
    ):
        yield served.Endpoint(service=service, client=client, origin=origin)


def rows(here):
    with here.service.database.reading() as tx:
        return {one: tx.connection.exec_driver_sql(f"SELECT count(*) FROM {one}").scalar() for one in TABLES}


def told(answer):
    """The issues of an answer that must be an OperationOutcome and must not say how it came about."""
    assert answer.status_code < 500, answer.text
    assert not any(word in answer.text for word in WORDS), answer.text
    assert "x-injected" not in answer.headers
    if answer.status_code < 400 or not answer.headers["Content-Type"].startswith(JSON):
        return []
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome" and body["issue"]
    assert "exception" not in [issue["code"] for issue in body["issue"]], body
    return body["issue"]


@pytest.mark.slow
def test_malformed_bodies_are_refused_wherever_they_are_sent(here):
    slow, unplaced = [], []
    before = rows(here)
    for case in malformed.cases():
        taken = False
        for path in ("/DocumentReference", "", "/DocumentReference/$extract", "/$process-message"):
            begun = time.monotonic()
            answer = here.post(case.body, path, Content_Type=case.content_type, Accept=JSON)
            slow += [(case.name, path)] if time.monotonic() - begun > SLOW else []
            found = told(answer)
            assert case.readable or answer.status_code >= 400, (case.name, path)
            if case.readable and found and not any("expression" in one for one in found):
                unplaced.append((case.name, path, answer.text))
            taken = taken or answer.status_code < 300
        now = rows(here)
        assert taken or now == before, case.name
        before = now
    assert not slow
    assert not unplaced


ODD = (
    "\0",
    "a\0b",
    "../../etc/passwd",
    "%2e%2e",
    "' OR 1=1 --",
    '"',
    "{{7*7}}",
    "x" * 5000,
    "\u202e",
    "٣",
    "*",
)


@pytest.mark.parametrize("place", ["/DocumentReference/{}", "/DocumentReference/{}/_history", "/$async/{}"])
def test_odd_ids_are_nobodys(here, place):
    for odd in ODD:
        answer = here.get(place.format(quote(odd, safe="")))
        assert answer.status_code in (400, 404, 405), (odd, answer.text)
        told(answer)


@pytest.mark.parametrize(
    "name",
    ["identifier", "patient", "status", "date", "_id", "_count", "_after", "_lastUpdated", "x\0", "_format"],
)
def test_odd_values_find_nothing(here, name):
    for odd in ODD:
        answer = here.get(f"/DocumentReference?{quote(name)}={quote(odd)}")
        told(answer)
        if answer.status_code == 200 and name != "_after":
            assert "entry" not in answer.json()


@pytest.mark.parametrize("odd", [b"\x00", b"\xff\xfe", b"a\r", b'W/"1', b"x" * 9000, b";=,;", b"q=q;q=q"])
@pytest.mark.parametrize("name", ["If-Match", "If-None-Exist", "If-None-Match", "Prefer", "Accept", "Host"])
def test_odd_headers_do_no_harm(here, name, odd):
    try:
        answer = here.client.post(
            f"{here.base}/DocumentReference", content=b"{}", headers={"Content-Type": JSON, name: odd}
        )
    except httpx.HTTPError:
        return  # the client or the protocol does not let it through
    assert answer.status_code < 500 and not any(word in answer.text for word in WORDS)


def test_a_document_may_hold_odd_words_and_is_told_as_it_came(here):
    odd = document(
        description="\u202e \U0001f9ec 'quoted' \\ <b> &amp; \t", identifier=[{"value": "' OR 1=1"}]
    )
    answer = here.post(odd)
    assert answer.status_code == 201 and answer.json()["description"] == odd["description"]
    found = here.get(f"/DocumentReference?identifier={quote(chr(39) + ' OR 1=1')}").json()
    assert found["total"] == 1
    xml = here.get(f"/DocumentReference/{answer.json()['id']}?_format=xml")
    assert xml.status_code == 200 and "&lt;b&gt;" in xml.text


def test_a_broken_document_is_kept_with_the_reason_and_does_not_stop_the_rest(here):
    broken = document() | {"content": [{"attachment": {"contentType": "application/pdf", "data": "QQ=="}}]}
    bad, good = here.post(broken).json()["id"], here.post(document()).json()["id"]

    def states():
        with here.service.database.reading() as tx:
            return [work.read(tx, id, 1).state for id in (bad, good)]

    wait_until(lambda: states() == ["failed", "extracted"])


def test_what_is_too_large_is_not_read(here):
    from adapter.api.watching.requests import Limits

    with served.listening(here.service, Limits(body=10_000)) as origin, httpx.Client() as client:
        answer = client.post(
            f"{origin}/fhir/DocumentReference",
            content=json.dumps(document("x" * 20_000)),
            headers={"Content-Type": JSON},
        )
    assert answer.status_code == 413 and told(answer)
