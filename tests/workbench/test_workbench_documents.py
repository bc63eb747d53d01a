"""The page Documents on a real service: what came in, where it stands, what somebody decides about it."""

import re
from urllib.parse import urlencode

import httpx
import pytest

from adapter import workbench
from adapter.ledger import audits, deliveries, events, work
from tests.api.served import document, identified, wait_until
from tests.delivery import fhir_server
from tests.workbench import served_documents

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7777 * 7777 }}{% for x in y %}",
    "\u202eevil\ufeff",
    "</textarea></title><svg onload=alert(1)>",
)
NOTE = "Assessment: asthma. Zanzibar words."


@pytest.fixture(scope="module")
def target():
    with fhir_server.running() as anew:
        yield anew()


@pytest.fixture(scope="module")
def service(core_store, target, tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    with served_documents.opened(core_store, folder, f"ehr={target.url}") as opened:
        yield opened


@pytest.fixture(scope="module")
def origin(service):
    with served_documents.listening(service) as address:
        yield address


@pytest.fixture(scope="module")
def client(origin):
    with httpx.Client(base_url=origin, timeout=60, headers={"Origin": origin}) as one:
        yield one


@pytest.fixture(autouse=True)
def well(target):
    yield
    target.refuses = target.busy = None


def sent(client, service, body=None):
    """The id of a document that was sent and worked on."""
    answer = client.post("/fhir/DocumentReference", json=body or document(NOTE))
    assert answer.status_code == 201, answer.text
    id = answer.json()["id"]
    settled(service, id)
    return id


def settled(service, id, version=1):
    def done():
        with service.database.reading() as tx:
            if work.read(tx, id, version).state == "accepted":
                return False
            return not {one.state for one in deliveries.of(tx, id, version)} & {"waiting", "sending"}

    wait_until(done, 120)


def page(client, path="", status=200):
    answer = client.get(f"/workbench/documents{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


def form(client, path, status=303, **fields):
    typed = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(fields, doseq=True)
    answer = client.post(f"/workbench/documents{path}", content=body, headers=typed)
    assert answer.status_code == status, answer.text
    return answer


def stood(service, id, version=1):
    with service.database.reading() as tx:
        return {one.target: one.state for one in deliveries.of(tx, id, version)}


def audited(service):
    with service.database.reading() as tx:
        return list(audits.every(tx))


def subtypes(event):
    return [one["code"] for one in event.get("subtype", [])]


def patients(event):
    what = (one.get("what", {}).get("reference", "") for one in event.get("entity", []))
    return [one for one in what if one.startswith("Patient/")]


def test_what_came_in_is_listed_with_where_it_stands_and_no_patient(client, service):
    id = sent(client, service, document(NOTE, patient="listed-7"))
    text = page(client)
    row = re.search(rf'<tr data-key="{id}~1">(.*?)</tr>', text, re.S)[1]
    assert "listed-7" not in text and "Zanzibar" not in text
    assert re.search(r"ehr <span class=\"stands good\">.*delivered", row, re.S) and ">read</span>" in row
    assert "nobody" in row
    for query in ("?state=sent", "?state=sent&target=ehr", "?state=extracted&target=ehr", "?target=ehr"):
        assert id in page(client, query)
    for query in ("?state=failed", "?state=dead", "?state=sent&target=nowhere", "?target=nowhere"):
        assert id not in page(client, query)


def test_pages_of_the_list_hold_every_document_once(client, service, monkeypatch):
    from adapter.workbench.documents import listing

    for number in range(5):
        sent(client, service, document(f"Assessment: asthma. Line {number}."))
    with service.database.reading() as tx:
        all_of_them = sum(work.counts(tx).values())
    monkeypatch.setattr(listing, "COUNT", 2)
    for query in ("?state=", "?state=extracted&target=ehr"):
        path, seen = query, []
        while path:
            text = page(client, path)
            seen += re.findall(r'<tr data-key="([^"]+)"', text)
            further = re.search(r'href="/workbench/documents(\?[^"]*after=[^"]*)">Older', text)
            path = further and further[1].replace("&amp;", "&")
        assert len(seen) == len(set(seen))
        assert len(seen) == all_of_them or query != "?state="


def test_a_document_tells_what_happened_and_what_was_derived(client, service):
    body = identified("shown-1", NOTE, patient="p-shown") | {"date": "2026-03-07T10:00:00Z"}
    id = sent(client, service, body)
    text = page(client, f"/{id}")
    assert "Patient/p-shown" in text and "https://hospital.example/notes|shown-1" in text
    assert "Zanzibar" not in text and "came in and was stored" in text and "Delivered to ehr" in text
    assert re.search(r"Read\s+<small>\d+\.\d\d s</small>", text)
    cards = page(client, f"/{id}/1/bundle")
    assert '<span class="words">asthma</span>' in cards.lower() and "Zanzibar" not in cards
    file = client.get(f"/workbench/documents/{id}/1/r4?as=json")
    assert file.json()["resourceType"] == "Bundle" and "attachment" in file.headers["content-disposition"]
    assert {entry["resource"]["resourceType"] for entry in file.json()["entry"]} >= {
        "Condition",
        "Provenance",
    }
    page(client, f"/{id}/1/r5", 404)
    page(client, f"/{id}/2/bundle", 404)
    page(client, "/nothing-of-this-name", 404)


def test_the_note_is_shown_when_it_is_asked_for_and_that_is_audited(client, service):
    id = sent(client, service, document(NOTE, patient="p-note"))
    assert client.get(f"/workbench/documents/{id}/1/note").status_code == 404
    before = len(audited(service))
    answer = form(client, f"/{id}/1/note", 200)
    assert "Zanzibar words." in answer.text and answer.headers["cache-control"] == "no-store"
    (event,) = audited(service)[before:]
    assert subtypes(event) == ["vread"] and patients(event) == ["Patient/p-note"]
    assert f"DocumentReference/{id}/_history/1" in str(event) and "Zanzibar" not in str(event)


def test_what_a_target_refused_is_shown_tried_again_and_given_up(client, service, target):
    target.refuses = "Condition"
    id = sent(client, service)
    assert stood(service, id) == {"ehr": "dead"}
    assert id in page(client, "?state=dead&target=ehr")
    text = page(client, f"/{id}")
    assert "business-rule" in text and "Erika Mustermann has Zoster" in text and "Condition.code" in text
    form(client, f"/{id}/1/deliver", target="ehr")
    settled(service, id)
    assert page(client, f"/{id}").count("Not delivered to ehr") == 2
    form(client, f"/{id}/1/discard", target="ehr")
    assert stood(service, id) == {"ehr": "discarded"}
    assert "gave up the delivery to ehr" in page(client, f"/{id}")
    target.refuses = None
    form(client, f"/{id}/1/deliver", target="ehr")
    settled(service, id)
    assert stood(service, id) == {"ehr": "sent"}
    text = page(client, f"/{id}")
    assert "Delivered to ehr" in text and text.count("asked for another attempt at ehr") == 2
    form(client, f"/{id}/1/deliver", 412, target="ehr")
    form(client, f"/{id}/1/discard", 404, target="nowhere")
    form(client, f"/{id}/1/discard", 400)


def test_a_target_that_is_busy_is_tried_again_and_every_attempt_is_told(client, service, target):
    target.busy = "0"
    id = sent(client, service)
    target.busy = None
    text = page(client, f"/{id}")
    assert "ehr did not take it; it is tried again, at" in text
    assert stood(service, id) in ({"ehr": "dead"}, {"ehr": "sent"})


def test_a_document_that_could_not_be_read_is_read_again(client, service):
    broken = document()
    broken["content"] = [{"attachment": {"contentType": "image/png", "data": "QQ=="}}]
    id = sent(client, service, broken)
    assert id in page(client, "?state=failed")
    text = page(client, f"/{id}")
    assert "Could not be read" in text and "DocumentReference.content[0].attachment.contentType" in text
    form(client, f"/{id}/1/read")
    settled(service, id)
    with service.database.reading() as tx:
        assert work.read(tx, id, 1).hop == 1
    good = sent(client, service)
    form(client, f"/{good}/1/read", 404)


def test_taking_a_document_back_does_what_entered_in_error_does(client, service, target):
    id = sent(client, service, document("Assessment: gout.", patient="back"))
    form(client, f"/{id}/1/retract", 400)
    before = len(audited(service))
    form(client, f"/{id}/1/retract", sure="yes")
    settled(service, id, 2)
    now = client.get(f"/fhir/DocumentReference/{id}").json()
    assert now["status"] == "entered-in-error" and now["meta"]["versionId"] == "2"
    by_api = sent(client, service, document("Assessment: gout.", patient="back"))
    wrong = {"resourceType": "DocumentReference", "status": "entered-in-error"}
    assert client.put(f"/fhir/DocumentReference/{by_api}", json=wrong).status_code == 200
    settled(service, by_api, 2)
    for one in (id, by_api):
        assert stood(service, one, 2) == {"ehr": "sent"}
        with service.database.reading() as tx:
            taken = work.read(tx, one, 2)
        assert (taken.state, taken.retracts) == ("retracted", True)
    verified = [
        one["verificationStatus"]["coding"][0]["code"]
        for one in target.current("Condition")
        if one["subject"]["reference"] == "Patient/back"
    ]
    assert set(verified) == {"entered-in-error"}
    text = page(client, f"/{id}")
    assert "Taken back" in text and "/retract" not in text
    event = audited(service)[before]
    assert subtypes(event) == ["update"] and patients(event) == ["Patient/back"]
    other = sent(client, service)
    form(client, f"/{other}/2/retract", 412, sure="yes")


def test_documents_are_found_by_patient_and_identifier_without_an_address(client, service):
    known = document(NOTE, patient="f1")
    known["subject"] = {"reference": "Patient/f1", "identifier": {"system": "urn:mrn", "value": "M,7"}}
    one = sent(client, service, known)
    two = sent(client, service, identified("find-2", NOTE, patient="f2"))
    before = len(audited(service))
    asked = (
        ({"patient": "f1"}, one),
        ({"patient": "Patient/f1"}, one),
        ({"patient": "urn:mrn|M,7"}, one),
        ({"identifier": "find-2"}, two),
        ({"identifier": "https://hospital.example/notes|find-2"}, two),
        ({"identifier": two}, two),
        ({"patient": "f2", "identifier": "find-2"}, two),
    )
    for fields, id in asked:
        text = form(client, "/found", 200, **fields).text
        assert re.findall(r'<tr data-key="([^"]+)~1"', text) == [id], fields
        assert not any(
            value in address
            for address in re.findall(r'href="([^"]*)"', text)
            for value in ("find-2", "M,7", "mrn")
        )
    events_ = audited(service)[before:]
    assert [patients(event) for event in events_] == [["Patient/f1"]] * 3 + [["Patient/f2"]] * 4
    assert {subtypes(event)[0] for event in events_} == {"search-type"}
    assert "find-2" not in str(events_) and "M,7" not in str(events_)
    assert "Nothing was found" in form(client, "/found", 200, patient="f1", identifier="find-2").text
    assert form(client, "/found").headers["location"] == "/workbench/documents"
    form(client, "/found", 400, patient="a\0b")


def test_a_page_asks_whether_anything_changed(client, service):
    id = sent(client, service)
    fields = {"row": f"{id}~1", "newest": re.search(r'data-newest="([^"]*)"', page(client))[1]}
    before = len(audited(service))
    first = form(client, "/now", 200, **fields).json()
    assert first == form(client, "/now", 200, **fields).json() and first["newer"] == 0
    other = sent(client, service)
    client.put(
        f"/fhir/DocumentReference/{id}",
        json={"resourceType": "DocumentReference", "status": "entered-in-error"},
    )
    settled(service, id, 2)
    second = form(client, "/now", 200, **fields).json()
    assert second["newer"] == 2 and second["token"] != first["token"]
    rows = form(client, "/rows", 200, **fields).text
    assert "there is a newer one" in rows and other not in rows and second["token"] in rows
    assert form(client, f"/{id}/now", 200).json()["token"] in page(client, f"/{id}")
    assert len([one for one in audited(service)[before:] if "Patient/1" not in str(one)]) == 0
    for wrong in ("x", "~", "a~b", "a~99999999999"):
        form(client, "/now", 400, row=wrong)
    form(client, "/now", 400, newest="nonsense")


def test_subscriptions_and_their_health(client, service):
    assert "Nobody subscribes" in page(client, "/subscriptions")
    with service.database.writing() as tx:
        from adapter.ledger import resources

        channel = {"type": "rest-hook", "endpoint": "https://ehr.example:8443/hook?secret=1"}
        stored, _ = resources.create(
            tx,
            {
                "resourceType": "Subscription",
                "status": "active",
                "channel": channel,
                "criteria": "x?patient=Patient/secret",
            },
        )
        events.add(
            tx,
            stored.id,
            owner="0123456789abcdef",
            fhir="r4",
            base="http://x",
            headers=[("a", "b")],
            status="error",
            failures=4,
            error="error-response",
        )
    id = sent(client, service)
    with service.database.writing() as tx:
        events.record(tx, stored.id, id, 1)
    text = page(client, "/subscriptions")
    assert stored.id in text and "https://ehr.example:8443" in text and "secret" not in text
    assert "error-response" in text and "1 behind" in text and "0 of 1" in text
    assert "could not" in page(client, f"/{id}") or "was not told" in page(client, f"/{id}")
    assert "1 stopped" in page(client)
    with service.database.writing() as tx:
        events.change(tx, stored.id, status="off", sent=1)
    assert "was told" in page(client, f"/{id}")


def test_roles(service, client, target):
    target.refuses = "Condition"
    id = sent(client, service)
    who = {"role": "viewer"}

    def admit(headers, method, path, address):
        return workbench.Person(name="somebody", roles=frozenset({"viewer", who["role"]}))

    with (
        served_documents.listening(service, admit=admit) as origin,
        httpx.Client(base_url=origin, timeout=60, headers={"Origin": origin}) as one,
    ):
        text = page(one, f"/{id}")
        assert "/deliver" not in text and "/discard" not in text and "/retract" not in text
        for path in ("deliver", "discard", "read", "retract"):
            form(one, f"/{id}/1/{path}", 403, target="ehr", sure="yes")
        form(one, f"/{id}/1/note", 200)
        who["role"] = "engineer"
        text = page(one, f"/{id}")
        assert "/deliver" in text and "/discard" in text and "/retract" not in text
        form(one, f"/{id}/1/retract", 403, sure="yes")
        form(one, f"/{id}/1/discard", 303, target="ehr")
        who["role"] = "reviewer"
        form(one, f"/{id}/1/deliver", 403, target="ehr")
        assert "for those with the role engineer" in page(one, f"/{id}")
    assert (
        client.post(
            f"/workbench/documents/{id}/1/retract",
            data={"sure": "yes"},
            headers={"Origin": "https://evil.example"},
        ).status_code
        == 403
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_do_nothing(client, service, text):
    body = identified(text.replace("\0", ""), f"Assessment: asthma. {text}")
    body["type"] = {"text": text}
    body["subject"]["identifier"] = {"system": text, "value": text}
    id = sent(client, service, body)
    pages = [
        page(client, f"/{id}"),
        form(client, f"/{id}/1/note", 200).text,
        form(client, "/found", 200, identifier=text).text,
        client.get("/workbench/documents", params={"target": text}).text,
        client.get("/workbench/documents", params={"state": text}).text,
        client.get("/workbench/documents", params={"after": text}).text,
        client.get(f"/workbench/documents/{httpx.QueryParams({'a': text})}").text,
    ]
    for one in pages:
        assert "<script>alert" not in one and "<img src=x" not in one and "<svg onload" not in one
        assert "60481729" not in one  # what the braces would come to
    assert id in pages[2]


def test_there_is_no_such_page_without_a_ledger(service):
    with served_documents.listening(service, documents=None) as origin:
        answer = httpx.get(f"{origin}/workbench/documents")
    assert answer.status_code == 404 and ">Documents</a>" not in answer.text
