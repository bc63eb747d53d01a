"""The pages over HTTP, on the real line with the shipped model."""

import base64
import html
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from adapter.api.admission import admission
from adapter.api.security.apikeys import KeyFile
from adapter.api.security.authenticator import Authenticator
from adapter.api.watching import logs
from adapter.cli.workbench import people
from adapter.workbench.examples import examples
from tests.workbench.served_pages import serving

NOTE = "History: asthma.\nShe denies fever. Her mother had breast cancer.\nAspirin 100 mg daily.\n"
HOSTILE = (
    "<script>alert(1)</script>",
    "</div></section><script src=//evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<!--<script>alert(1)//-->",
    "--><script>alert(1)</script><!--",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<a href=javascript:alert(1)>x</a>",
    "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><button>fever</button></form>",
    "<details open ontoggle=alert(1)>",
    "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}",
    "${alert(1)} #{alert(1)} <%= 7 * 7 %>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "\u202e<script>alert(1)</script>\ufeff",
    "＜script＞alert(1)＜/script＞",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;b&#62;",
    "]]><script>alert(1)</script>",
)
OURS = {
    *(
        "a",
        "b",
        "body",
        "br",
        "button",
        "code",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "form",
        "h1",
        "h2",
        "head",
    ),
    *(
        "header",
        "html",
        "i",
        "img",
        "input",
        "kbd",
        "label",
        "link",
        "main",
        "meta",
        "meter",
        "nav",
        "option",
    ),
    *(
        "output",
        "p",
        "pre",
        "script",
        "section",
        "select",
        "small",
        "span",
        "summary",
        "table",
        "tbody",
        "td",
    ),
    *("textarea", "th", "thead", "title", "tr"),
}


class Markup(HTMLParser):
    """What a browser would make elements and attributes of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.scripts, self.text = set(), set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "script":
            self.scripts.append(dict(attrs))

    def handle_data(self, data):
        self.text.append(data)


def markup(page):
    read = Markup()
    read.feed(page.text)
    return read


@pytest.fixture(scope="module")
def origin(pipeline) -> Iterator[str]:
    with serving(pipeline) as found:
        yield found


@pytest.fixture(scope="module")
def client(origin) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{origin}/workbench", timeout=60) as found:
        yield found


def tried(client, text, **more):
    headers = {"Sec-Fetch-Site": "same-origin"}
    return client.post("/try", data={"text": text, "language": "en", "fhir": "r4"} | more, headers=headers)


def test_a_pasted_note_is_marked_and_tied_to_findings_and_resources(client):
    page = tried(client, NOTE)
    assert page.status_code == 200
    number = re.search(r'data-f="(\d+)"[^>]*>asthma<', page.text).group(1)
    assert f'id="f{number}"' in page.text
    assert re.search(rf'id="r\d+" data-f="[^"]*\b{number}\b', page.text)
    assert re.search(r'<span class="cue">negated: “denies”', page.text)
    assert '<span class="said">family MTH</span>' in page.text
    assert re.search(r'<th scope="row">extraction</th><td>[\d.]+ ms', page.text)


def test_the_text_on_the_page_is_the_note_itself(client):
    text = "\n  1. asthma,\n\tfever & <b>pain</b>\r\n2. \U0001f600 diabetes  \n"
    page = tried(client, text)
    shown = re.search(r'<div class="text" lang="en">(.*?)</div>', page.text, re.S).group(1)
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)) == text.replace("\r\n", "\n")


def test_a_document_is_read_as_what_it_is(client):
    note = base64.b64encode(b"<p>History: <b>asthma</b>.</p>").decode()
    content = [{"attachment": {"contentType": "text/html", "data": note}}] * 2
    document = {"resourceType": "DocumentReference", "status": "current", "content": content}
    page = tried(client, json.dumps(document))
    assert page.text.count("DocumentReference.content[1].attachment") and "subject-missing" in page.text
    assert len(re.findall(r'data-f="\d+"[^>]*>asthma<', page.text)) == 2
    assert tried(client, '{"resourceType": "DocumentReference", "a": }').status_code == 400


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_an_example_has_an_address_of_its_own(client, fhir):
    page = client.get("/try", params={"example": "en-discharge", "fhir": fhir})
    assert page.status_code == 200
    assert f"FHIR {fhir.upper()}" in page.text and page.text.count('class="item k-') > 20
    assert "ruled out" in page.text and "stopped" in page.text


@pytest.mark.parametrize("key", list(examples()))
def test_every_example_is_shown_or_said_why_not(client, key):
    page = client.get("/try", params={"example": key})
    assert page.status_code == 200
    assert 'class="item k-' in page.text or "language-not-supported" in page.text


def test_the_examples_are_in_four_languages_at_least():
    assert len({one.language for one in examples().values()}) >= 4


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_notes_are_only_text(client, number):
    text = HOSTILE[number]
    page = tried(client, f"She has {text} asthma and {text} no fever.\n{text}\n")
    assert page.status_code == 200
    read = markup(page)
    assert read.tags <= OURS
    assert [one["src"] for one in read.scripts] == ["/workbench/static/workbench.js"]
    assert not [name for name in read.attributes if name.startswith("on") or name in ("style", "srcdoc")]
    assert text.replace("\0", "\ufffd") in "".join(read.text).replace("\0", "\ufffd")


@pytest.mark.parametrize("field", ["language", "fhir", "example"])
@pytest.mark.parametrize("text", HOSTILE[:6])
def test_hostile_choices_are_refused_and_not_repeated(client, field, text):
    page = client.get("/try", params={"example": "en-clinic", field: text})
    assert page.status_code == 400
    assert text not in page.text and html.escape(text) not in page.text


def test_every_answer_is_for_this_reader_alone(client):
    answers = [
        client.get("/try"),
        client.get("/static/workbench.js"),
        client.get("/no-such"),
        tried(client, NOTE),
    ]
    answers.append(client.post("/try", data={"text": NOTE}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "server" not in answer.headers
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 403]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-origin", "Host": "evil.example"},
        {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "10.1.2.3"},
    ],
)
def test_forms_of_other_pages_are_refused(client, headers):
    page = client.post("/try", data={"text": NOTE}, headers=headers)
    assert page.status_code == 403
    assert "asthma" not in page.text


def test_a_form_of_our_own_is_known_by_its_origin_too(client, origin):
    assert client.post("/try", data={"text": NOTE}, headers={"Origin": origin}).status_code == 200


def test_a_note_in_an_address_is_not_read(client):
    assert "asthma" not in client.get("/try", params={"text": NOTE}).text


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_only_forms_are_read(client, kind):
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind}
    assert client.post("/try", content=b"text=asthma", headers=headers).status_code == 400


@pytest.mark.parametrize("name", ["..%2Fpages.py", "pages.py", "%2e%2e/bench.py", "workbench.html"])
def test_no_other_file_is_served(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_the_log_has_nothing_of_a_note(client):
    stream = io.StringIO()
    undo = logs.configure("DEBUG", stream)
    try:
        tried(client, "Zq7Marker has asthma in Zq7Town.", language="en")
        client.get("/try", params={"text": "Zq7Marker", "example": "Zq7Marker"})
        client.get("/Zq7Marker/Zq7Town")
        client.post("/try", data={"text": "Zq7Marker"})
    finally:
        undo()
    assert "/workbench/try" in stream.getvalue()
    assert "Zq7" not in stream.getvalue() and "asthma" not in stream.getvalue()


def test_keys_let_in_and_strangers_are_told_how(pipeline, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    good = keys.add("engineer", "system/DocumentReference.crs")[1]
    poor = keys.add("reader", "system/Condition.rs")[1]
    admit = people(admission(Authenticator(keys=keys)))
    with serving(pipeline, admit) as origin, httpx.Client(base_url=f"{origin}/workbench", timeout=60) as web:
        page = web.get("/try")
        assert page.status_code == 401
        assert "notewright workbench" in page.text and "<textarea" not in page.text
        assert web.get("/static/workbench.css").status_code == 200  # of the page that says so
        assert web.get("/try", headers={"X-API-Key": poor}).status_code == 403
        assert web.get("/try", headers={"X-API-Key": good}).status_code == 200


def test_without_a_model_it_says_so():
    with serving(None) as origin, httpx.Client(timeout=30) as client:
        page = client.get(f"{origin}/workbench/try", params={"example": "en-clinic"})
        assert page.status_code == 503 and "no model" in page.text


@pytest.mark.parametrize("path", ["/workbench", "/workbench/"])
def test_the_bare_address_leads_to_the_first_page(origin, path):
    answer = httpx.get(origin + path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/workbench/try")
