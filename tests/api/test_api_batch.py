"""Batch and transaction Bundles over HTTP."""

import uuid

import pytest
from fhir.resources import get_fhir_model_class as r5
from fhir.resources.R4B import get_fhir_model_class as r4b

from adapter.ledger import audits, work
from tests.api.served import document, identified, issues


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def post(resource, full_url=None, **request):
    entry = {"resource": resource, "request": {"method": "POST", "url": "DocumentReference", **request}}
    return entry | ({"fullUrl": full_url} if full_url else {})


def put(id, resource, **request):
    return {"resource": resource, "request": {"method": "PUT", "url": f"DocumentReference/{id}", **request}}


def get(url, **request):
    return {"request": {"method": "GET", "url": url, **request}}


def run(here, *entries, kind="transaction", status=200, **headers):
    answer = here.post(bundle(kind, *entries), "", **headers)
    assert answer.status_code == status, answer.text
    if status == 200:
        model = r5 if "fhirVersion=5.0" in answer.headers["Content-Type"] else r4b
        model("Bundle").model_validate(answer.json())
        assert answer.json()["type"] == f"{kind}-response"
        assert len(answer.json().get("entry", [])) == len(entries)
    return answer


def statuses(answer):
    return [entry["response"]["status"] for entry in answer.json()["entry"]]


def stored(here):
    with here.service.database.reading() as tx:
        return tx.connection.exec_driver_sql("SELECT count(*) FROM nw_version").scalar()


def test_entries_are_answered_in_their_order(here):
    old = here.post(document("Assessment: gout.", patient="order")).json()
    answer = run(
        here,
        get("DocumentReference?patient=order"),
        put(old["id"], document("Assessment: asthma.", patient="order"), ifMatch='W/"1"'),
        get(f"DocumentReference/{old['id']}"),
        post(document("Assessment: migraine.", patient="order")),
        get(f"DocumentReference/{old['id']}/_history/1"),
        get(f"DocumentReference/{old['id']}", ifNoneMatch='W/"2"'),
    )
    assert statuses(answer) == ["200", "200", "200", "201", "200", "304"]
    found, changed, read, made, first, _ = answer.json()["entry"]
    assert found["resource"]["total"] == 2, "reads see the writes"
    assert changed["response"]["etag"] == 'W/"2"' and read["resource"]["meta"]["versionId"] == "2"
    assert made["response"]["location"].endswith("/_history/1") and first["resource"] == old


def test_a_transaction_is_all_or_nothing(here):
    before = stored(here)
    good = document("Assessment: gout.", patient="all")
    for bad, status, where in (
        (post({"resourceType": "DocumentReference"}), 400, "Bundle.entry[1].resource.content"),
        (post({"resourceType": "Patient"}), 422, "Bundle.entry[1].request"),
        (put("nobody", good), 404, "Bundle.entry[1]"),
        (get("DocumentReference/nobody"), 404, "Bundle.entry[1]"),
        (get("DocumentReference?color=red"), 400, "Bundle.entry[1].color"),
        ({"request": {"method": "DELETE", "url": "DocumentReference/1"}}, 422, "Bundle.entry[1].request"),
        ({"resource": good}, 422, "Bundle.entry[1].request"),
        (post(good, ifNoneExist="color=red"), 400, "Bundle.entry[1].color"),
    ):
        answer = run(here, post(good), bad, status=status)
        assert where in [path for issue in issues(answer) for path in issue["expression"]], answer.text
    assert stored(here) == before


def test_each_entry_of_a_batch_stands_for_itself(here):
    answer = run(
        here,
        post(document("Assessment: gout.", patient="batch")),
        {"request": {"method": "DELETE", "url": "DocumentReference/1"}},
        post({"resourceType": "DocumentReference"}),
        get("DocumentReference/nobody"),
        {"no": "request"},
        get("Patient/1"),
        get("DocumentReference?patient=batch"),
        kind="batch",
    )
    assert statuses(answer) == ["201", "422", "400", "404", "422", "422", "200"]
    assert [one["resource"]["total"] for one in answer.json()["entry"][6:]] == [1]
    for entry in answer.json()["entry"][1:6]:
        assert entry["response"]["outcome"]["issue"][0]["severity"] == "error"


def test_links_between_entries_are_resolved_whatever_their_order(here):
    one, two = (f"urn:uuid:{uuid.uuid4()}" for _ in range(2))
    relates = [{"code": "replaces", "target": {"reference": one}}]
    entries = [
        post(identified("newer", relatesTo=relates), two),
        post(identified("older", "Assessment: gout."), one),
    ]
    answer = run(here, *entries)
    newer, older = (entry["resource"] for entry in answer.json()["entry"])
    assert newer["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{older['id']}"
    assert here.get(f"/DocumentReference/{older['id']}").json()["status"] == "superseded"
    once = {"ifNoneExist": "identifier=https://hospital.example/notes|older"}
    again = [entries[0], post(identified("older", "Assessment: gout."), one, **once)]
    assert statuses(run(here, *again)) == ["200", "200"], "done twice is done once"


def test_a_circle_and_one_thing_twice_are_refused(here):
    one, two = (f"urn:uuid:{uuid.uuid4()}" for _ in range(2))
    to = {url: document(relatesTo=[{"code": "appends", "target": {"reference": url}}]) for url in (one, two)}
    circle = run(here, post(to[one], two), post(to[two], one), status=400)
    assert "circle" in issues(circle)[0]["diagnostics"]
    run(here, post(document(), one), post(document(), one), status=400)
    old = here.post(document()).json()
    run(here, put(old["id"], document()), put(old["id"], document("Other.")), status=400)


def test_conditions_hold_in_bundles_too(here):
    once = {"ifNoneExist": "identifier=https://hospital.example/notes|bundled"}
    assert statuses(run(here, post(identified("bundled"), **once))) == ["201"]
    assert statuses(run(here, post(identified("bundled", "Else."), **once))) == ["200"]
    old = here.post(document()).json()
    stale = run(here, put(old["id"], document("Other."), ifMatch='W/"7"'), status=412)
    assert issues(stale)[0]["expression"] == ["Bundle.entry[0].request.ifMatch"]


def test_work_is_started_for_every_document(here, target):
    answer = run(here, *[post(document(f"Assessment: eczema {n}.", patient="eczema")) for n in range(3)])
    for entry in answer.json()["entry"]:
        here.worked(entry["resource"]["id"])
        with here.service.database.reading() as tx:
            assert work.read(tx, entry["resource"]["id"], 1).priority == work.BATCH


def test_every_entry_is_in_the_audit(here):
    old = here.post(document(patient="audited")).json()
    answer = run(
        here,
        post(document(patient="audited")),
        get(f"DocumentReference/{old['id']}"),
        get("DocumentReference/nobody"),
        kind="batch",
    )
    with here.service.database.reading() as tx:
        mine = [
            (one["subtype"][0]["code"], one["outcome"], "Patient/audited" in str(one["entity"]))
            for one in audits.every(tx)
            if answer.headers["X-Request-Id"] in str(one)
        ]
    assert mine == [("batch", "0", False), ("create", "0", True), ("read", "0", True), ("read", "4", False)]


def test_what_is_no_batch_is_refused(here):
    assert here.post(bundle("message"), "").status_code == 422
    assert here.post(document(), "").status_code == 422
    assert here.post({"resourceType": "Bundle", "type": "batch", "entry": "x"}, "").status_code == 400
    many = here.post(bundle("batch", *[{}] * 1001), "")
    assert many.status_code == 400 and issues(many)[0]["expression"] == ["Bundle.entry"]
    assert run(here, kind="batch").json() == {"resourceType": "Bundle", "type": "batch-response"}


def test_minimal_is_minimal_in_a_batch_too(here):
    answer = run(here, post(document()), kind="batch", Prefer="return=minimal")
    assert "resource" not in answer.json()["entry"][0]


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_r5_bundles(here, kind):
    scanned = document(modality=[{"text": "CT"}])
    made = run(here, post(scanned), kind=kind, Content_Type="application/fhir+json; fhirVersion=5.0")
    assert made.json()["entry"][0]["resource"]["modality"] == [{"text": "CT"}]
