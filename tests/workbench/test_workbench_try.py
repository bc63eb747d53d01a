"""Try: what can be chosen, what can be dropped, what is told of it, and where it leaves no trace."""

import base64
import hashlib
import html
import json
import re
from contextlib import closing
from pathlib import Path

import httpx
import pytest

import terminology
from adapter.cli import serve
from adapter.cli import workbench as command
from adapter.errors import EngineError, InputError
from adapter.ledger import audits
from adapter.lines import Lines
from adapter.model import Coding
from adapter.settings import Settings
from adapter.workbench.maps import Maps
from terminology.systems import ICD10, SNOMED
from tests import loopback
from tests.api import served
from tests.terminology import rf2_release
from tests.terminology.rf2_release import Shape, identifier
from tests.workbench.served_pages import serving

DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents"
PDF = base64.b64decode(
    json.loads((DOCUMENTS / "progress-note-pdf.json").read_text("utf-8"))["content"][0]["attachment"]["data"]
)
RTF = rb"{\rtf1\ansi History of asthma. She denies fever.}"
HTML = b"<html><body><p>History of <b>asthma</b>.</p><script>alert(1)</script></body></html>"
FHIR_XML = (
    '<DocumentReference xmlns="http://hl7.org/fhir"><status value="current"/><content><attachment>'
    '<contentType value="text/plain"/><data value="{}"/></attachment></content></DocumentReference>'
).format(base64.b64encode(b"History of asthma.").decode())
HOSTILE = (
    "<img src=x onerror=alert(1)>.pdf",
    '"><script>alert(1)</script>.rtf',
    "{{ 7 * 7 }}.html",
    "\u202efdp.exe",
)


@pytest.fixture(scope="module")
def settings(core_store):
    return Settings(terminology=core_store, threads=2, language="en")


@pytest.fixture(scope="module")
def client(pipeline, settings):
    with serving(pipeline, settings=settings) as origin, talking(origin) as found:
        yield found


def talking(origin):
    return httpx.Client(base_url=f"{origin}/workbench", timeout=120)


def tried(client, files=None, **form):
    headers = {"Sec-Fetch-Site": "same-origin"}
    return client.post("/try", data={"language": "en"} | form, files=files, headers=headers)


def found(page):
    return re.findall(r'<span class="words">(\w+)</span>\s*<span class="tags">', page.text)


@pytest.mark.parametrize(
    ("name", "type", "content"),
    [
        ("note.txt", "text/plain", b"History of asthma."),
        ("note.rtf", "", RTF),
        ("NOTE.HTM", "application/octet-stream", HTML),
        ("document.xml", "text/xml", FHIR_XML.encode()),
    ],
)
def test_a_file_is_read_as_what_it_is(client, name, type, content):
    page = tried(client, {"file": (name, content, type)})
    assert page.status_code == 200 and "asthma" in found(page)


def test_a_pdf_and_a_c_cda_are_read_and_can_be_tried_again(client):
    ccda = (DOCUMENTS / "continuity-of-care.xml").read_bytes()
    for name, content in (("a.pdf", PDF), ("ccd.xml", ccda)):
        page = tried(client, {"file": (name, content, "")})
        assert len(found(page)) > 3
        again = {
            key: html.unescape(value)
            for key, value in re.findall(r'name="(carried\w*)" value="([^"]*)"', page.text)
        }
        assert found(tried(client, **again)) == found(page)
    assert len(found(tried(client, text=ccda.decode()))) > 3


@pytest.mark.parametrize("name", HOSTILE)
def test_the_name_of_a_file_is_only_text(client, name):
    page = tried(client, {"file": (name, RTF, "application/rtf")}, pack="us-core")
    shown = html.unescape(re.search(r"<bdi>(.*?)</bdi></b>, [\d,]+ bytes", page.text)[1])
    assert page.status_code == 200 and shown == name.rpartition("/")[2]
    assert not re.search(r"<(img src=x|script>|/script>\.)", page.text)


def test_what_cannot_be_read_is_said_and_the_note_stays(client):
    page = tried(client, {"file": ("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 50, "image/png")})
    assert page.status_code == 200 and "not-supported" not in page.text.split("<main")[0]
    assert 'role="alert"' in page.text
    broken = tried(client, text='{"resourceType": "DocumentReference", ')
    assert broken.status_code == 400 and "&#34;resourceType&#34;: &#34;DocumentReference&#34;" in broken.text
    assert tried(client).status_code == 400 and "no note yet" in tried(client).text
    assert tried(client, carried="no base64!").status_code == 400


def test_a_profile_pack_shows_what_its_target_gets(client):
    text = "Problems: asthma. Aspirin 100 mg daily."
    page = tried(client, text=text, pack="us-core", fhir="r4")
    assert "us-core-condition" in page.text and "FHIR R4 · us-core" in page.text
    assert re.search(r"<td>delivery</td>.*?profile-unmet", page.text, re.S)
    assert "us-core" not in tried(client, text=text, fhir="r4").text.split("</form>")[-1]
    wrong = tried(client, text=text, pack="us-core", fhir="r5")
    assert wrong.status_code == 400 and "is not for FHIR R5" in wrong.text and text in wrong.text


@pytest.mark.parametrize("wrong", [{"pack": "x"}, {"engine": "x"}, {"fhir": "r9"}, {"language": "xx"}])
def test_nothing_but_what_is_offered_is_taken(client, wrong):
    assert tried(client, text="asthma", **wrong).status_code == 400


def test_a_language_model_is_asked_its_task_and_all_it_says_is_shown(client):
    page = tried(client, text="History of asthma. Denies chest pain.", engine="generative")
    assert page.status_code == 200 and "notewright-scribe" in page.text
    assert "problems/0/quote" in page.text and re.search(r'data-f="\d+"[^>]* data-a="[\d ]+"', page.text)
    assert tried(client, text="asthma", engine="generative", task="../x").status_code == 400


def test_an_unchanged_example_is_shown_at_its_address(client):
    page = client.get("/try", params={"example": "en-clinic"})
    text = html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.S).group(1))
    moved = tried(client, text=text, example="en-clinic", pack="us-core", fhir="r4")
    assert moved.status_code == 303
    assert moved.headers["location"] == "/workbench/try?example=en-clinic&language=en&fhir=r4&pack=us-core"
    assert client.get("/try?fhir=r5&pack=base").status_code == 200
    changed = tried(client, text=text + "Fever.", example="en-clinic")
    assert changed.status_code == 200 and "Link to this view, without the note" in changed.text
    assert "asthma" not in re.search(r'id="link" href="([^"]*)"', changed.text).group(1)


def test_lines_open_what_is_offered_and_one_note_at_a_time(pipeline, settings, monkeypatch):
    monkeypatch.setattr("adapter.lines.QUEUE", 0.01)
    with closing(Lines(settings, pipeline)) as lines:
        assert lines.engines == ("encoder", "generative") and not set(lines.opened()) - {"encoder"}
        with lines.line("encoder", "") as own:
            assert own is pipeline
        with lines.line("generative", lines.task) as line:
            assert line.engine.name == "generative" and line.coder is pipeline.coder
            assert line.maker.model.name == "notewright-scribe"
            with pytest.raises(EngineError, match="another note"), lines.line("generative", lines.task):
                pass
        assert set(lines.opened()) == {"encoder", "generative"}
        for engine, task in (("remote", lines.task), ("generative", "no-such-task")):
            with pytest.raises(InputError), lines.line(engine, task):
                pass


def test_maps_tell_rule_and_advice_and_what_is_open(tmp_path):
    package = rf2_release.write(tmp_path, Shape(concepts=60, inactive=4))
    terminology.build([terminology.Source(kind="rf2", path=package)], tmp_path / "store.sqlite")
    with terminology.open_store(tmp_path / "store.sqlite") as store:
        maps = Maps(store)

        def told(number):
            code = identifier(10_000 + number)
            return maps.of([Coding(system=SNOMED, code=code, display="", score=1.0, match="exact")])

        every = [one for number in range(60) for one in told(number)]
        assert any(one.system == ICD10 and one.rule == "TRUE" and one.code for one in every)
        open_ = [one for one in every if one.rule.startswith("IFA")]
        assert open_ and all("depends" in one.how and one.advice for one in open_)
        assert maps.of([]) == () and Maps(None).of([]) == ()


def test_every_try_is_in_the_audit_without_a_word_of_it(core_store, tmp_path):
    note = "History of asthma. Her name is Roe."
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/7"},
    }
    data = {"contentType": "text/plain", "data": base64.b64encode(note.encode()).decode()}
    whole = json.dumps(document | {"content": [{"attachment": data}]})
    with served.opened(core_store, f"sqlite:///{tmp_path}/ledger.sqlite") as service:
        pages = command.server(serve.bench(Settings(), service))
        with loopback.running(pages) as origin, talking(origin) as client:
            assert tried(client, text=whole).status_code == 200
            assert tried(client, text='{"resourceType": "Roe", }').status_code == 400
        with service.database.reading() as tx:
            events = list(audits.every(tx))
    told = json.dumps(events)
    assert hashlib.sha256(whole.encode()).hexdigest() in told and "$try" in told and "Patient/7" in told
    assert "asthma" not in told and "Roe" not in told
