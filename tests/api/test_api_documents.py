"""DocumentReference over HTTP: create, update, read, history, search."""

import base64

import pytest
from fhir.resources.R4B import get_fhir_model_class as r4b

from tests.api.served import JSON, XML, document, identified, issues, wait_until

NOTES = "https://hospital.example/notes"


def made(here, body=None, **headers):
    answer = here.post(body or document(), **headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def query(here, text):
    answer = here.get(f"/DocumentReference?{text}")
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    r4b("Bundle").model_validate(bundle)
    return bundle


def ids(bundle):
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def link(bundle, relation):
    return next((one["url"] for one in bundle["link"] if one["relation"] == relation), None)


def test_create_says_where_it_put_the_document(here):
    sent = document() | {"id": "mine", "meta": {"versionId": "77", "tag": [{"system": "urn:t", "code": "x"}]}}
    answer = here.post(sent)
    body = answer.json()
    assert answer.status_code == 201 and answer.headers["ETag"] == 'W/"1"' and body["id"] != "mine"
    assert answer.headers["Location"] == f"{here.base}/DocumentReference/{body['id']}/_history/1"
    assert answer.headers["Last-Modified"].endswith("GMT")
    assert body["meta"]["versionId"] == "1" and body["meta"]["tag"] == sent["meta"]["tag"]
    assert here.client.get(answer.headers["Location"]).json() == body
    assert {key: value for key, value in body.items() if key not in ("id", "meta")} == document()


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [
        ("return=minimal", None),
        ("return=representation", "DocumentReference"),
        ("", "DocumentReference"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("return=nonsense", "DocumentReference"),
    ],
)
def test_the_caller_chooses_what_a_write_gives_back(here, prefer, kind):
    answer = here.post(document(), Prefer=prefer)
    assert answer.status_code == 201 and "Location" in answer.headers
    assert (answer.json()["resourceType"] if answer.content else None) == kind


def test_the_same_document_again_is_the_one_that_is_there(here):
    first = here.post(identified("again"))
    second = here.post(identified("again"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert (
        second.json()["id"] == first.json()["id"] and second.headers["Location"] == first.headers["Location"]
    )
    assert here.post(identified("again", "Assessment: gout.")).status_code == 201


def test_conditional_create(here):
    condition = f"identifier={NOTES}|conditional"
    first = here.post(identified("conditional"), If_None_Exist=condition)
    second = here.post(identified("conditional", "Other words."), If_None_Exist=f"?{condition}")
    assert (first.status_code, second.status_code) == (201, 200) and first.json() == second.json()
    assert second.headers["ETag"] == 'W/"1"'
    made(here, identified("conditional", "A second one."))
    several = here.post(identified("conditional", "A third one."), If_None_Exist=condition)
    assert several.status_code == 412 and issues(several)[0]["expression"] == ["If-None-Exist"]
    assert here.post(document(), If_None_Exist="").status_code == 412
    assert here.post(document(), If_None_Exist="color=red").status_code == 400
    assert here.post(document(), If_None_Exist="identifier=%00").status_code == 400


def test_asynchronously_it_is_polled_until_it_is_done_and_forgotten(here):
    accepted = here.post(document("Assessment: pneumonia."), Prefer="respond-async")
    where = accepted.headers["Content-Location"]
    assert accepted.status_code == 202 and where.startswith(f"{here.base}/$async/")
    seen = []

    def done():
        seen.append(here.client.get(where))
        return seen[-1].status_code != 202

    wait_until(done)
    for waiting in seen[:-1]:
        assert waiting.headers["X-Progress"] and waiting.headers["Retry-After"] == "1" and not waiting.content
    bundle = seen[-1].json()
    r4b("Bundle").model_validate(bundle)
    first, derived, delivered = bundle["entry"]
    assert bundle["type"] == "batch-response" and first["response"]["status"] == "201"
    assert first["response"]["location"].endswith(f"{first['resource']['id']}/_history/1")
    assert "pneumonia" in str(derived["resource"]) and delivered["response"]["status"] == "200"
    assert here.client.delete(where).status_code == 202
    assert here.client.get(where).status_code == 404 and here.client.delete(where).status_code == 404
    assert here.get(f"/DocumentReference/{first['resource']['id']}").status_code == 200


def test_update_makes_a_version_if_the_caller_knows_the_last_one(here):
    one = made(here)
    place, changed = f"/DocumentReference/{one['id']}", document("Assessment: gout.")
    assert here.ask("PUT", place, changed, If_Match='W/"7"').status_code == 412
    for wrong in ("nonsense", 'W/"1", W/"2"', 'W/"٣"'):
        answer = here.ask("PUT", place, changed, If_Match=wrong.encode())
        assert answer.status_code == 400 and issues(answer)[0]["expression"] == ["If-Match"]
    two = here.ask("PUT", place, changed | {"id": one["id"]}, If_Match='W/"1"')
    assert (
        two.status_code == 200 and two.headers["ETag"] == 'W/"2"' and two.json()["meta"]["versionId"] == "2"
    )
    same = here.ask("PUT", place, changed, If_Match='W/"2"')
    assert same.status_code == 200 and same.headers["ETag"] == 'W/"2"'
    assert here.ask("PUT", place, changed | {"id": "other"}).status_code == 400
    assert here.ask("PUT", "/DocumentReference/nobody", changed).status_code == 404
    assert (
        here.ask("PUT", place, {"resourceType": "Patient", "status": "entered-in-error"}).status_code == 422
    )


def test_entered_in_error_takes_back_what_was_derived(here, target):
    one = made(here, document("Assessment: psoriasis."))
    here.worked(one["id"])
    mine = [c for c in target.current("Condition") if c["code"]["text"] == "psoriasis"]
    assert len(mine) == 1 and mine[0]["verificationStatus"]["coding"][0]["code"] == "confirmed"
    partial = {"resourceType": "DocumentReference", "id": one["id"], "status": "entered-in-error"}
    answer = here.ask("PUT", f"/DocumentReference/{one['id']}", partial, If_Match='W/"1"')
    assert answer.status_code == 200 and answer.json()["content"] == one["content"]
    here.worked(one["id"], 2)
    again = [c for c in target.current("Condition") if c["code"]["text"] == "psoriasis"]
    assert [c["verificationStatus"]["coding"][0]["code"] for c in again] == ["entered-in-error"]


def test_a_document_that_replaces_another_supersedes_it(here, target):
    old = made(here, identified("old", "Assessment: migraine."))
    here.worked(old["id"])
    relates = [{"code": "replaces", "target": {"reference": f"DocumentReference/{old['id']}"}}]
    new = made(here, identified("new", "Assessment: tension headache.", relatesTo=relates))
    assert new["relatesTo"] == relates
    superseded = here.get(f"/DocumentReference/{old['id']}").json()
    assert superseded["status"] == "superseded" and superseded["meta"]["versionId"] == "2"
    here.worked(old["id"], 2)
    mine = [c for c in target.current("Condition") if c["code"]["text"] == "migraine"]
    assert [c["verificationStatus"]["coding"][0]["code"] for c in mine] == ["entered-in-error"]
    named = [{"code": "replaces", "target": {"identifier": {"system": NOTES, "value": "new"}}}]
    made(here, identified("newest", relatesTo=named))
    assert here.get(f"/DocumentReference/{new['id']}").json()["status"] == "superseded"


def test_read_vread_and_not_modified(here):
    one = made(here)
    place = f"/DocumentReference/{one['id']}"
    here.ask("PUT", place, document("Assessment: gout."))
    read = here.get(place)
    assert read.headers["ETag"] == 'W/"2"' and here.get(f"{place}/_history/1").json() == one
    for known in ('W/"2"', 'W/"1", W/"2"', "*", '"2"'):
        answer = here.get(place, If_None_Match=known)
        assert answer.status_code == 304 and not answer.content and answer.headers["ETag"] == 'W/"2"'
    assert here.get(place, If_None_Match='W/"1"').status_code == 200
    for nowhere in ("/DocumentReference/nobody", f"{place}/_history/9", f"{place}/_history/x"):
        assert here.get(nowhere).status_code == 404 and issues(here.get(nowhere))[0]["code"] == "not-found"
    assert here.get("/DocumentReference/a%00b").status_code == 400


def test_history_has_every_version_newest_first(here):
    one = made(here)
    here.ask("PUT", f"/DocumentReference/{one['id']}", document("Assessment: gout."))
    bundle = here.get(f"/DocumentReference/{one['id']}/_history").json()
    r4b("Bundle").model_validate(bundle)
    assert [entry["request"]["method"] for entry in bundle["entry"]] == ["PUT", "POST"]
    assert [entry["response"]["etag"] for entry in bundle["entry"]] == ['W/"2"', 'W/"1"']
    assert bundle["type"] == "history" and bundle["total"] == 2
    assert here.get("/DocumentReference/nobody/_history").status_code == 404


def test_a_deleted_document_is_gone_and_its_versions_stay(here):
    from adapter.ledger import resources

    one = made(here)
    with here.service.database.writing() as tx:
        resources.remove(tx, "DocumentReference", one["id"])
    place = f"/DocumentReference/{one['id']}"
    assert here.get(place).status_code == 410 and issues(here.get(place))[0]["code"] == "deleted"
    assert here.ask("PUT", place, document()).status_code == 410
    assert here.get(f"{place}/_history/1").status_code == 200
    past = here.get(f"{place}/_history").json()
    assert past["entry"][0]["request"]["method"] == "DELETE" and "resource" not in past["entry"][0]


@pytest.fixture(scope="module")
def three(here):
    """Three documents of one patient, oldest first."""
    loinc = {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]}
    listed = [
        identified(
            f"s{day}",
            patient="searched",
            date=f"2026-03-0{day}T10:00:00Z",
            type=loinc,
            category=[{"coding": [{"system": "urn:c", "code": f"c{day}"}]}],
            context={"period": {"start": f"2026-02-0{day}", "end": f"2026-02-0{day}"}},
        )
        for day in (1, 2, 3)
    ]
    return [made(here, one)["id"] for one in listed]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {1, 2, 3}),
        (f"identifier={NOTES}|s1", {1}),
        ("identifier=s2", {2}),
        ("identifier=|s2", set()),
        (f"identifier={NOTES}|", {1, 2, 3}),
        ("identifier=s1,s3", {1, 3}),
        ("patient=Patient/searched", {1, 2, 3}),
        ("subject=Patient/searched", {1, 2, 3}),
        ("subject=Group/searched", set()),
        ("status=current", {1, 2, 3}),
        ("status=superseded,entered-in-error", set()),
        ("type=http://loinc.org|11506-3", {1, 2, 3}),
        ("type=11506-3", {1, 2, 3}),
        ("category=c2", {2}),
        ("category=c2&category=c1", set()),
        ("date=2026-03-02", {2}),
        ("date=ge2026-03-02", {2, 3}),
        ("date=gt2026-03-02", {3}),
        ("date=lt2026-03-02T10:00:00Z", {1}),
        ("date=le2026-03-02T10:00:00Z", {1, 2}),
        ("date=ne2026-03-02", {1, 3}),
        ("date=2026-03", {1, 2, 3}),
        ("date=ge2026-03-02&date=lt2026-03-03", {2}),
        ("period=2026-02-03", {3}),
        ("_lastUpdated=ge2020", {1, 2, 3}),
        ("_lastUpdated=lt2020", set()),
    ],
)
def test_every_search_parameter(here, three, text, found):
    bundle = query(here, f"patient=searched&{text}")
    assert set(ids(bundle)) == {three[day - 1] for day in found} and bundle["total"] == len(found)
    posted = here.ask(
        "POST",
        "/DocumentReference/_search",
        f"patient=searched&{text}",
        Content_Type="application/x-www-form-urlencoded",
    )
    if posted.status_code != 405:  # until the route is there
        assert posted.json()["total"] == len(found)


def test_search_by_id_and_by_what_a_document_relates_to(here, three):
    assert set(ids(query(here, f"_id={three[0]},{three[2]}"))) == {three[0], three[2]}
    reference = f"DocumentReference/{three[0]}"
    appends = [{"code": "appends", "target": {"reference": reference}}]
    new = made(here, document(relatesTo=appends))
    assert ids(query(here, f"relatesto={reference}")) == [new["id"]]


@pytest.mark.parametrize("text", ["color=1", "date=yesterday", "date=2026-13", "patient=", "_count=x"])
def test_a_search_that_cannot_be_understood_is_refused(here, text):
    answer = here.get(f"/DocumentReference?{text}")
    assert answer.status_code == 400 and issues(answer)[0]["expression"] == [text.partition("=")[0]]
    lenient = here.get(f"/DocumentReference?{text}&patient=searched", Prefer="handling=lenient")
    if not text.startswith("_count"):
        assert lenient.status_code == 200
        assert link(lenient.json(), "self") == f"{here.base}/DocumentReference?patient=searched"


def test_pages_show_everything_once(here, three):
    for number in range(4):
        made(here, document(f"Assessment: asthma. {number}", patient="paged"))
    page, seen = query(here, "patient=paged&_count=3&_pretty=true"), []
    while True:
        assert page["total"] == 4 and link(page, "self")
        seen += ids(page)
        if not link(page, "next"):
            break
        assert len(ids(page)) == 3 and "_pretty=true" in link(page, "next")
        page = here.client.get(link(page, "next")).json()
    assert len(seen) == len(set(seen)) == 4
    for nothing in ("_count=0", "_summary=count"):
        counted = query(here, f"patient=paged&{nothing}")
        assert counted["total"] == 4 and "entry" not in counted and not link(counted, "next")
    assert len(ids(query(here, "_count=999999"))) <= 200
    assert query(here, "patient=paged&_after=nonsense")["total"] == 4


def test_r4_and_r5_both_ways(here):
    r4 = identified(
        "r4",
        context={"encounter": [{"reference": "Encounter/1"}], "period": {"start": "2026-01-01"}},
        relatesTo=[{"code": "appends", "target": {"reference": "DocumentReference/x"}}],
    )
    one = made(here, r4)
    place = f"/DocumentReference/{one['id']}"
    five = here.get(place, Accept=f"{JSON}; fhirVersion=5.0")
    assert "fhirVersion=5.0" in five.headers["Content-Type"]
    assert five.json()["context"] == [{"reference": "Encounter/1"}]
    assert five.json()["relatesTo"][0]["code"]["coding"][0]["code"] == "appends"
    r5 = {key: value for key, value in five.json().items() if key not in ("id", "meta")}
    two = here.post(r5 | {"modality": [{"text": "CT"}]}, Content_Type=f"{JSON}; fhirVersion=5.0")
    assert two.status_code == 201 and "fhirVersion=5.0" in two.headers["Content-Type"]
    four = here.get(f"/DocumentReference/{two.json()['id']}", Accept=f"{XML}; fhirVersion=4.0")
    assert four.status_code == 200 and b"<encounter>" in four.content and b"SUBSETTED" in four.content
    both = here.get(
        f"/DocumentReference?_id={one['id']},{two.json()['id']}", Accept=f"{XML}; fhirVersion=5.0"
    )
    assert both.status_code == 200 and both.content.count(b"<context>") == 2


def test_xml_in_and_out(here):
    data = base64.b64encode(b"Assessment: asthma.").decode()
    body = (
        '<DocumentReference xmlns="http://hl7.org/fhir"><status value="current"/>'
        '<subject><reference value="Patient/x&amp;y"/></subject><content><attachment>'
        f'<contentType value="text/plain"/><data value="{data}"/></attachment></content></DocumentReference>'
    )
    answer = here.post(body, Content_Type=XML)
    assert answer.status_code == 201 and answer.headers["Content-Type"].startswith(XML)
    place = "/DocumentReference/" + answer.headers["Location"].split("/")[-3]
    assert here.get(place).json()["subject"]["reference"] == "Patient/x&y"
    pretty = here.get(f"{place}?_format=xml&_pretty=true")
    assert b"\n  <status" in pretty.content and here.get(f"{place}?_pretty=true").text.startswith("{\n")
    assert here.get(f"{place}?_format={XML}").headers["Content-Type"].startswith(XML)
    assert here.get(place, Accept="text/xml;q=0.9, application/json;q=0.1").content.startswith(b"<?xml")
    refused = here.post("<DocumentReference/>", Content_Type=XML)
    assert refused.status_code == 400 and b"<OperationOutcome" in refused.content
    assert here.post(body, Content_Type=XML, Accept=JSON).json()["status"] == "current"
