import base64
import copy
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.watching import audit, balp
from adapter.api.watching.audit import Access, Disclosure, Head, Site, Trail

SITE = Site(name="notewright.example", base="https://user:secret@notewright.example/fhir/?x=1")
NOON = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
REST = {
    "create": "C",
    "read": "R",
    "vread": "R",
    "update": "U",
    "patch": "U",
    "delete": "D",
    "search-type": "E",
}
PROFILE = {"C": "Create", "R": "Read", "U": "Update", "D": "Delete", "E": "Query"}
ROLES = {
    "C": ["110153", "110152"],
    "R": ["110152", "110153"],
    "U": ["110153", "110152"],
    "D": ["110150", "custodian"],
    "E": ["110153", "110152"],
}


def access(**changed):
    values = {
        "interaction": "create",
        "request_id": "r-1",
        "status": 201,
        "type": "DocumentReference",
        "id": "9",
        "version": "1",
        "patient": "Patient/7",
        "principal": "ehr-gateway",
        "name": "EHR gateway",
        "address": "192.0.2.7",
    }
    return Access(**(values | changed))


def made(told):
    event = balp.event(told, SITE, NOON)
    AuditEvent.model_validate(event)
    return event


def profiles(event):
    return [url.rsplit("/", 1)[1] for url in event.get("meta", {}).get("profile", [])]


def codes(event):
    return [[one["code"] for one in agent["type"]["coding"]] for agent in event["agent"]]


def entities(event, code):
    return [entity for entity in event["entity"] if entity["type"]["code"] == code]


@pytest.mark.parametrize(("interaction", "action"), REST.items())
@pytest.mark.parametrize("patient", ["Patient/7", None])
def test_the_basic_patterns(interaction, action, patient):
    event = made(access(interaction=interaction, patient=patient, query="patient=Patient/7"))
    assert profiles(event) == [f"IHE.BasicAudit.{'Patient' if patient else ''}{PROFILE[action]}"]
    assert (event["action"], event["outcome"], event["type"]["code"]) == (action, "0", "rest")
    assert event["subtype"][0]["code"] == interaction
    assert codes(event) == [[code] for code in ROLES[action]]
    assert all("who" in agent and "network" in agent for agent in event["agent"])
    assert [entity["what"] for entity in entities(event, "1")] == (
        [{"reference": patient}] if patient else []
    )
    (data,) = entities(event, "2")
    if action == "E":
        assert data["role"]["code"] == "24" and "what" not in data and data["query"]
    else:
        assert data["role"]["code"] == "4"
        assert data["what"] == {"reference": "DocumentReference/9/_history/1"}
    assert entities(event, "XrequestId")[0]["what"]["identifier"]["value"] == "r-1"
    assert event["recorded"] == "2026-03-07T12:00:00.000Z"


def test_a_person_with_a_token_is_the_one_requestor():
    event = made(access(principal="u-5", name="Dr Doe", person=True, client="portal", token="j t/i"))
    assert profiles(event) == [
        "IHE.BasicAudit.PatientCreate",
        "IHE.BasicAudit.OAUTHaccessTokenUse.Minimal",
    ]
    assert codes(event)[2] == ["AUT", "UserOauthAgent"]
    assert [agent["requestor"] for agent in event["agent"]] == [False, False, True]
    assert event["agent"][2]["policy"] == ["urn:ietf:params:oauth:jti:j%20t%2Fi"]
    assert "network" not in event["agent"][2] and event["agent"][0]["who"]["identifier"]["value"] == "portal"


@pytest.mark.parametrize(("status", "outcome"), [(401, "4"), (404, "4"), (500, "8")])
def test_a_failure_claims_no_profile(status, outcome):
    event = made(access(status=status, principal=None, name=None, address="unix", id="../x y"))
    assert profiles(event) == [] and event["outcome"] == outcome
    assert event["agent"][0]["who"] == {"display": "unknown"}
    assert event["agent"][0]["network"] == {"address": "unknown"}
    assert entities(event, "2")[0]["what"] == {"type": "DocumentReference"}


@pytest.mark.parametrize("interaction", ["operation", "transaction", "batch", "history-system"])
def test_other_interactions(interaction):
    event = made(access(interaction=interaction, type=None, id=None, patient=None, operation="$extract"))
    assert profiles(event) == [] and event["action"] == "E"
    assert entities(event, "2")[0]["name"] == "$extract"


def test_a_query_keeps_names_and_no_values():
    query = (
        "patient=Patient/7&identifier=urn:x|MRN4711&_count=20&status=current&subject:identifier=x|y"
        "&Jane%20Roe=1&status:Roe=1&_sort=Roe&_summary=Roe"
    )
    event = made(access(interaction="search-type", query=query))
    line = base64.b64decode(entities(event, "2")[0]["query"]).decode()
    assert line == (
        "GET https://notewright.example/fhir/DocumentReference?patient=***&identifier=***&_count=20"
        "&status=current&subject:identifier=***&other=***&other=***&_sort=***&_summary=***"
    )
    assert "secret" not in json.dumps(event)


@pytest.mark.parametrize(
    "reference",
    [
        "Patient?identifier=x|MRN4711",
        "MRN4711",
        "https://u:MRN4711@h/Patient/7",
        "Patient/7?MRN4711",
        "#MRN4711",
    ],
)
def test_a_reference_that_is_not_literal_is_masked(reference):
    event = made(access(patient=reference))
    assert "4711" not in json.dumps(event)
    assert entities(event, "1")[0]["what"]["extension"][0]["valueCode"] == "masked"
    assert profiles(event) == ["IHE.BasicAudit.PatientCreate"]


def test_a_disclosure():
    told = Disclosure(
        target="ehr",
        url="https://u:secret@ehr.example/fhir?key=secret",
        documents=("DocumentReference/9",),
        status=200,
        patient="https://ehr.example/fhir/Patient/7",
        request_id="r-1",
    )
    event = made(told)
    assert profiles(event) == ["IHE.BasicAudit.PrivacyDisclosure.Source"]
    assert (event["type"]["code"], event["action"], event["subtype"][0]["code"]) == (
        "110106",
        "R",
        "disclose",
    )
    assert codes(event) == [["110153"], ["110152"]]
    assert event["agent"][0]["who"] == event["source"]["observer"]  # val-audit-source
    assert event["agent"][1]["network"] == {"address": "https://ehr.example/fhir", "type": "5"}
    assert entities(event, "1")[0]["what"] == {"reference": "https://ehr.example/fhir/Patient/7"}
    assert entities(event, "2")[0]["what"] == {"reference": "DocumentReference/9"}
    assert "secret" not in json.dumps(event)


def test_an_unanswered_disclosure_is_a_failure():
    told = Disclosure(target="ehr", url="https://ehr.example", documents=(), status=None)
    assert made(told)["outcome"] == "8"


texts = st.none() | st.text(max_size=300)


@given(
    st.fixed_dictionaries(
        dict.fromkeys(
            ("type", "id", "version", "patient", "principal", "name", "address", "token", "query"), texts
        )
        | {"request_id": st.text(max_size=300), "status": st.integers(100, 599), "person": st.booleans()}
        | {"interaction": st.sampled_from(["create", "delete", "search-type", "operation"])}
    )
)
def test_whatever_comes_in_the_record_is_valid(values):
    assert made(Access(**values)) == made(Access(**values))


def trail(records, **more):
    times = iter(NOON + timedelta(seconds=number) for number in range(10_000))
    return Trail(records.append, site=SITE, clock=lambda: next(times), **({"chain": "api"} | more))


def written(count=6, **more):
    records = []
    one = trail(records, **more)
    for number in range(count):
        one.record(access(id=str(number)))
    return records, one.head


def reasons(records, **more):
    return [issue.reason for issue in audit.verify(records, **more)]


def test_a_chain_holds_and_is_valid_fhir():
    records, head = written()
    assert reasons(records, ends={"api": head}) == []
    assert head.number == 6 and len({record["id"] for record in records}) == 6
    for record in records:
        AuditEvent.model_validate(record)
    assert written()[0] == records


def test_a_chain_goes_on_after_a_restart():
    records, head = written(3)
    trail(records, head=head).record(access())
    assert reasons(records) == []
    assert reasons(records[3:], starts={"api": head}) == []
    assert reasons(records[3:]) == ["audit-gap"]


@given(st.data())
def test_every_change_is_found(data):
    """Any one leaf of any record changed, added or removed."""
    records, head = written(3)
    tampered = copy.deepcopy(records)
    place = data.draw(st.integers(0, 2))
    node = tampered[place]
    while True:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], dict | list) or data.draw(st.booleans()):
            break
        node = node[key]
    if data.draw(st.booleans()):
        del node[key]
    elif isinstance(node, dict) and data.draw(st.booleans()):
        node["added"] = 1
    else:
        node[key] = data.draw(st.none() | st.integers() | st.text().filter(lambda text: text != node[key]))
    if tampered != records:
        assert reasons(tampered, ends={"api": head})


def test_what_is_removed_moved_doubled_or_cut_off_is_found():
    records, head = written()
    ends = {"api": head}
    assert reasons(records[:2] + records[3:]) == ["audit-gap"]
    assert "audit-gap" in reasons([records[1], records[0], *records[2:]])
    assert reasons([*records[:3], *records[2:]]) == ["audit-gap"]
    assert reasons(records[:-1]) == [] and reasons(records[:-1], ends=ends) == ["audit-cut-off"]
    assert reasons([], ends=ends) == ["audit-cut-off"]
    assert reasons([{"resourceType": "AuditEvent"}, *records]) == ["audit-unchained"]


def test_a_chain_made_anew_is_found_with_a_key():
    records, head = written(3, key=b"k" * 32)
    forged, _ = written(3)
    assert reasons(records, key=b"k" * 32) == []
    assert reasons(forged, key=b"k" * 32) == ["audit-changed"] * 3
    assert reasons(forged, ends={"api": head}) == ["audit-cut-off"]


def test_chains_of_several_processes_may_be_mixed():
    first, _ = written(3, chain="api-1")
    second, _ = written(3, chain="api-2")
    mixed = [record for pair in zip(first, second, strict=True) for record in pair]
    assert reasons(mixed) == []


def test_threads_share_one_chain():
    records = []
    one = Trail(records.append, site=SITE, chain="api")
    work = [threading.Thread(target=lambda: [one.record(access()) for _ in range(25)]) for _ in range(8)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert len(records) == 200 and reasons(records, ends={"api": one.head}) == []


def test_a_store_that_fails_is_heard_and_leaves_the_chain_whole():
    records = []

    def append(record):
        if len(records) == 1:
            records.append(None)
            raise OSError
        records.append(record)

    one = trail([], chain="api")
    one = Trail(append, site=SITE, chain="api", clock=lambda: NOON)
    one.record(access())
    with pytest.raises(OSError):
        one.record(access())
    one.record(access())
    assert reasons([record for record in records if record]) == []


def test_an_export_is_ndjson_of_a_period():
    records, _ = written()
    lines = list(audit.export(records, NOON + timedelta(seconds=1), NOON + timedelta(seconds=3)))
    assert [json.loads(line) for line in lines] == records[1:3]
    assert all(line.count("\n") == 1 for line in lines)
    assert len(list(audit.export(records))) == 6
    assert len(list(audit.export([{"recorded": "never"}, {}], NOON, NOON))) == 2


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_wild_records_are_unchained(record):
    assert reasons([record]) == ["audit-unchained"]
    assert reasons([{"extension": record}]) == ["audit-unchained"]


def test_the_start_of_a_chain():
    assert Head(number=0, digest="0" * 64) == audit.START


@pytest.mark.parametrize("where", [(), (0,), (0, "extension", 3)])
def test_nothing_can_be_hidden_in_the_chain_itself(where):
    records, _ = written(1)
    node = records[0]["extension"]
    for step in where:
        node = node[step]
    if isinstance(node, list):
        node.append({"url": "https://example.org/more", "valueString": "x"})
    else:
        node["id"] = "x"
    assert reasons(records) == ["audit-unchained"]


def test_text_that_is_no_unicode_is_only_wrong():
    records, _ = written(1)
    records[0]["extension"][0]["extension"][2]["valueString"] = "\ud800"
    assert "audit-changed" in reasons(records)
