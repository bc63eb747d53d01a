"""Remote attachments: filled from real servers, compared with what was said of them, or left as they were."""

import base64
import copy
import hashlib
import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback import Names, answer, giving, serving

from adapter import egress, notes
from adapter.egress.fetching import Fetched
from adapter.errors import EgressFailed, EgressRefused

TEXT = b"Patient denies fever."
TYPES = frozenset(
    {"text/plain", "text/html", "text/xml", "application/octet-stream", "application/fhir+json"}
)


def said(content):
    return {"size": len(content), "hash": base64.b64encode(hashlib.sha1(content).digest()).decode()}


def document(*attachments, **elements):
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/1"},
        "content": [{"attachment": attachment} for attachment in attachments],
    } | elements


def bundle(*entries):
    return {"resourceType": "Bundle", "type": "batch", "entry": list(entries)}


def attachment(resource, index=0):
    return resource["content"][index]["attachment"]


def never(url, *, accept):
    raise AssertionError("no call was to be made")


def fetched(content=TEXT, content_type="text/plain", charset=""):
    """A fetch that always gets this."""
    return lambda url, *, accept: Fetched(content=content, content_type=content_type, charset=charset)


def policy(*ports):
    hosts = [f"http://{name}.example:{port}" for port in ports for name in ("files", "ehr", "mirror")]
    return egress.allowing(hosts, ["127.0.0.0/8"], types=TYPES, total_seconds=3)


def calling(peer):
    return partial(egress.fetch, policy=policy(peer.port), resolver=Names())


def test_a_note_behind_a_url_becomes_a_note():
    given_ = {"contentType": "text/plain", "language": "en", **said(TEXT)}
    with serving(giving(answer(TEXT, Content_Type="text/plain; charset=utf-8"))) as peer:
        posted = document({**given_, "url": f"http://files.example:{peer.port}/n"})
        before = copy.deepcopy(posted)
        filled, issues = egress.inlined(posted, calling(peer))
        assert peer.header("Accept") == "text/plain, */*;q=0.1"
    assert (issues, posted) == ((), before)
    expected = {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(TEXT).decode()}
    assert attachment(filled) == {**attachment(posted), **expected}
    assert [note.text for note in notes.read(filled).kept] == [TEXT.decode()]


def test_what_has_data_or_no_url_is_not_called():
    posted = document({"data": "YQ==", "url": "https://files.example/"}, {"title": "none"}, {"url": ""})
    assert egress.inlined(posted, never) == (posted, ())


@pytest.mark.parametrize("element", ["status", "docStatus"])
def test_what_was_entered_in_error_is_not_called(element):
    posted = document({"url": "https://files.example/"}, **{element: "entered-in-error"})
    assert egress.inlined(posted, never) == (posted, ())


@pytest.mark.parametrize(
    ("claim", "reason", "path"),
    [
        ({"size": 5}, "size-differs", "size"),
        ({"size": "5"}, "size-differs", "size"),
        ({"size": True}, "size-differs", "size"),
        ({"hash": said(b"other")["hash"]}, "hash-differs", "hash"),
        ({"hash": "not base64"}, "hash-differs", "hash"),
        ({"hash": 7}, "hash-differs", "hash"),
        ({"contentType": "application/pdf"}, "content-type-differs", "contentType"),
    ],
)
def test_what_came_is_not_what_was_said(claim, reason, path):
    posted = document({"url": "https://files.example/secret?token=1", **claim})
    filled, (issue,) = egress.inlined(posted, fetched())
    assert filled is posted
    assert (issue.reason, issue.severity) == (f"attachment-{reason}", "error")
    assert issue.path == f"DocumentReference.content[0].attachment.{path}"
    assert "secret" not in issue.message


@pytest.mark.parametrize(
    ("declared", "answered", "charset", "written"),
    [
        ("text/plain", "text/plain", "", "text/plain"),
        ("Text/Plain; charset=UTF-16", "text/plain", "utf-8", "Text/Plain; charset=UTF-16"),
        ("text/plain", "application/octet-stream", "", "text/plain"),
        ("application/rtf", "text/rtf", "", "application/rtf"),
        ("application/hl7-cda+xml", "text/xml", "", "application/hl7-cda+xml"),
        ("text/xml", "application/xml", "utf-8", "text/xml; charset=utf-8"),
        (None, "text/html", "latin-1", "text/html; charset=latin-1"),
        (None, "text/html", "", "text/html"),
    ],
)
def test_media_types(declared, answered, charset, written):
    claim = {"contentType": declared} if declared else {}
    filled, issues = egress.inlined(
        document({"url": "https://files.example/", **claim}), fetched(TEXT, answered, charset)
    )
    assert (attachment(filled)["contentType"], issues) == (written, ())


def test_size_of_r5_is_a_text():
    filled, issues = egress.inlined(
        document({"url": "https://files.example/", "size": str(len(TEXT))}), fetched()
    )
    assert (attachment(filled)["data"], issues) == (base64.b64encode(TEXT).decode(), ())


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (EgressRefused("no", rule="host-not-allowed"), "forbidden", "attachment-host-not-allowed"),
        (EgressRefused("no", rule="too-long", code="too-long"), "too-long", "attachment-too-long"),
        (EgressFailed("no"), "transient", "attachment-failed"),
        (EgressFailed("no", lasting=True), "processing", "attachment-failed"),
    ],
)
def test_one_that_fails_leaves_the_others(error, code, reason):
    def fetch(url, *, accept):
        if "bad" in url:
            raise error
        return Fetched(content=TEXT, content_type="text/plain")

    posted = bundle(
        {"resource": {"resourceType": "Patient", "id": "1"}},
        {"resource": document({"url": "https://files.example/bad"}, {"url": "https://files.example/good"})},
        "no entry",
        {"resource": bundle({"resource": document({"url": "https://files.example/bad"})})},
    )
    filled, issues = egress.inlined(posted, fetch)
    assert [(issue.code, issue.reason) for issue in issues] == [(code, reason)] * 2
    assert [issue.path for issue in issues] == [
        "Bundle.entry[1].resource.content[0].attachment.url",
        "Bundle.entry[3].resource.entry[0].resource.content[0].attachment.url",
    ]
    first = filled["entry"][1]["resource"]
    assert "data" not in attachment(first, 0)
    assert "data" in attachment(first, 1)
    assert filled["entry"][3] is posted["entry"][3]


def test_an_empty_answer_is_none():
    _, (issue,) = egress.inlined(document({"url": "https://files.example/"}), fetched(b""))
    assert (issue.code, issue.reason) == ("not-found", "attachment-empty")


def test_how_many_and_how_much():
    posted = document(*({"url": f"https://files.example/{n}"} for n in range(4)))
    _, issues = egress.inlined(posted, fetched(), most=2)
    assert [issue.reason for issue in issues] == ["attachment-too-many"] * 2
    assert {issue.code for issue in issues} == {"too-costly"}
    _, issues = egress.inlined(posted, fetched(), max_bytes=len(TEXT) * 3)
    assert [issue.reason for issue in issues] == ["attachment-too-long-together"]


@pytest.mark.parametrize("url", [7, ["https://files.example/"], {"a": 1}, True])
def test_url_that_is_no_text(url):
    _, (issue,) = egress.inlined(document({"url": url}), never)
    assert (issue.code, issue.reason) == ("structure", "attachment-url-not-text")


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("https://files.example/"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["content", "attachment", "url", "data", "entry", "resource"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["DocumentReference", "Bundle"]), JSON_LIKE, JSON_LIKE)
def test_any_shape_is_walked(kind, content, entry):
    posted = {"resourceType": kind, "content": content, "entry": entry}
    before = copy.deepcopy(posted)
    egress.inlined(posted, fetched())
    assert posted == before


def test_bundles_too_deep_are_left_alone():
    inner = document({"url": "https://files.example/"})
    for _ in range(12):
        inner = bundle({"resource": inner})
    assert egress.inlined(inner, never) == (inner, ())


# Binary


def test_a_binary_of_the_same_bundle():
    binary = {
        "resourceType": "Binary",
        "id": "b1",
        "contentType": "text/plain",
        "data": base64.b64encode(TEXT).decode(),
    }
    name = "urn:uuid:0f6ad2a1-7c3c-4cc1-9b65-57b1dbf30001"
    urls = [{"url": name, **said(TEXT)}, {"url": "Binary/b1"}, {"url": "Binary/b2"}, {"url": "urn:uuid:1"}]
    posted = bundle({"fullUrl": name, "resource": binary}, {"resource": document(*urls)})
    filled, issues = egress.inlined(posted, never)
    contents = [content["attachment"].get("data") for content in filled["entry"][1]["resource"]["content"]]
    assert contents == [binary["data"], binary["data"], None, None]
    assert [issue.code for issue in issues] == ["not-found", "not-supported"]


def test_our_own_binary():
    def local(reference, *, accept):
        return Fetched(content=TEXT, content_type="text/plain") if reference == "Binary/12" else None

    filled, issues = egress.inlined(document({"url": "Binary/12"}, {"url": "Binary/13"}), never, local=local)
    assert base64.b64decode(attachment(filled)["data"]) == TEXT
    assert [issue.path for issue in issues] == ["DocumentReference.content[1].attachment.url"]


def test_credentials_go_to_the_source_server_alone():
    resource = {
        "resourceType": "Binary",
        "contentType": "text/plain",
        "data": base64.b64encode(TEXT).decode(),
    }
    wrapped = answer(json.dumps(resource).encode(), Content_Type="application/fhir+json; charset=utf-8")
    with serving(giving(answer(TEXT))) as other, serving(giving(wrapped)) as ehr:
        allowed = policy(ehr.port, other.port)
        base = f"http://ehr.example:{ehr.port}/fhir"
        source = egress.SourceServer(
            base=base, policy=allowed, headers=lambda: {"Authorization": "Bearer abc"}, resolver=Names()
        )
        posted = document(
            {"url": "Binary/12", **said(TEXT)},
            {"url": f"{base}/Binary/12/_history/3"},
            {"url": f"http://files.example:{other.port}/fhir/Binary/12"},
        )
        fetch = partial(egress.fetch, policy=allowed, resolver=Names())
        filled, issues = egress.inlined(posted, fetch, local=source)
        assert issues == ()
        assert {content["attachment"]["data"] for content in filled["content"]} == {resource["data"]}
        assert [request.split(" ")[1] for request in ehr.requests] == [
            "/fhir/Binary/12",
            "/fhir/Binary/12/_history/3",
        ]
        assert ehr.header("Authorization") == "Bearer abc"
        assert other.header("Authorization") is None


@pytest.mark.parametrize(
    "reference",
    [
        "https://ehr.example/fhirx/Binary/1",
        "https://ehr.example/fhir/../x/Binary/1",
        "https://ehr.example/fhir/Binary/..",
        "https://ehr.example/fhir/Binary/1/../../Patient/2",
        "https://ehr.example/fhir/Binary/1?x=Binary/1",
        "https://ehr.example/fhir/Patient/1",
        "https://ehr.example/fhir/x/Binary/1",
        "https://ehr.example:444/fhir/Binary/1",
        "http://ehr.example/fhir/Binary/1",
        "https://ehr.example.evil.test/fhir/Binary/1",
        "Binary/..",
        "Binary/.",
        "Binary/1/_history/..",
        "Binary/1/../2",
        "Patient/1",
        "../Binary/1",
        "//evil.test/Binary/1",
        "",
    ],
)
def test_what_is_not_of_the_source_server_is_not_called(reference):
    def token():
        raise AssertionError("no credential was to be asked for")

    source = egress.SourceServer(base="https://ehr.example/fhir", policy=policy(80), headers=token)
    assert source(reference) is None


def test_a_hostile_reference_never_gets_the_credentials():
    source = egress.SourceServer(base="https://ehr.example/fhir", policy=policy(80))
    with pytest.raises(EgressRefused):
        source("https://ehr.example@evil.test/fhir/Binary/1")


@pytest.mark.parametrize("data", [None, "", "!", 7])
def test_a_binary_without_data(data):
    body = json.dumps({"resourceType": "Binary", "data": data}).encode()
    _, (issue,) = egress.inlined(
        document({"url": "https://files.example/Binary/1"}), fetched(body, "application/fhir+json")
    )
    assert (issue.code, issue.reason) == ("processing", "attachment-failed")


def test_fhir_that_is_no_binary_stays_as_it_is():
    body = b'{"resourceType": "Composition"}'
    filled, issues = egress.inlined(
        document({"url": "https://files.example/Binary/1"}), fetched(body, "application/fhir+json")
    )
    assert (base64.b64decode(attachment(filled)["data"]), issues) == (body, ())
