"""The page Cases over HTTP, on the real line: lists, runs, a case made, changed, expected anew, deleted."""

import html
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapter import workbench
from adapter.cases import Shelf
from adapter.cli.workbench import everybody
from adapter.workbench.casebook import CaseBook
from tests.conftest import ROOT
from tests.workbench.served_pages import serving

SHIPPED = ROOT / "fixtures" / "cases"
OURS = {"Sec-Fetch-Site": "same-origin"}
HOSTILE = '"><script>alert(1)</script>{{ 7 * 7 }}\u202e'


def viewer():
    """Everybody on this machine, who may only look."""
    admit = everybody()

    def looked(headers, method, path, client):
        admit(headers, method, path, client)
        return workbench.Person(name="viewer", roles=frozenset({"viewer"}))

    return looked


@pytest.fixture
def tree(tmp_path) -> Path:
    for name in ("en-suspected", "en-allergy"):
        shutil.copytree(SHIPPED / name, tmp_path / "cases" / name)
    return tmp_path / "cases"


@pytest.fixture
def web(pipeline, tree) -> Iterator[httpx.Client]:
    with (
        serving(pipeline, cases=CaseBook(Shelf(tree))) as origin,
        httpx.Client(base_url=f"{origin}/workbench", timeout=60, follow_redirects=True) as client,
    ):
        yield client


def sent(web, path, **fields):
    return web.post(path, data={"state": ""} | fields, headers=OURS)


def ran(web):
    """The list after all cases were run, step by step where the machine is slow."""
    page = sent(web, "/cases/run")
    while match := re.search(r'name="run" value="([^"]+)"', page.text):
        page = sent(web, "/cases/run", run=match.group(1))
    return page


def change(tree, name, old, new):
    path = tree / name / "expected.json"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_all_are_run_and_what_differs_is_listed(web, tree):
    assert web.get("/cases").text.count(">not run<") == 2
    change(tree, "en-suspected", '"provisional"', '"confirmed"')
    page = ran(web)
    assert page.status_code == 200 and str(page.url.query, "ascii").startswith("run=")
    assert "Condition pneumonia: verificationStatus confirmed → provisional" in page.text
    assert page.text.count('class="stood passed"') == 1 and "<b>2</b> of 2 run" in page.text
    assert "en-allergy" not in web.get("/cases", params={"state": "failed"}).text
    assert "en-suspected" not in web.get("/cases", params={"tag": "allergy"}).text
    assert "None of the 2 cases fits" in web.get("/cases", params={"words": "nowhere"}).text


def test_a_change_of_a_case_makes_its_result_old(web, tree):
    ran(web)
    change(tree, "en-suspected", '"provisional"', '"confirmed"')
    assert web.get("/cases").text.count(">not run<") == 1


def test_a_case_shows_its_note_beside_what_differs(web, tree):
    change(tree, "en-suspected", '"provisional"', '"confirmed"')
    page = web.get("/cases/one/en-suspected").text
    assert re.search(r'<mark>pneumonia<sup><a href="#d1"', page)
    assert "verificationStatus confirmed → provisional" in page
    assert "Nothing: it gives what it must give" in web.get("/cases/one/en-allergy").text


def test_a_tried_note_becomes_a_case_that_passes(web, tree):
    tried = sent(web, "/try", text="Impression:\nPneumonia.\n", language="en", fhir="r5")
    assert 'action="/workbench/cases/new"' in tried.text
    form = sent(web, "/cases/new", text="Impression:\nPneumonia.\n", language="en", fhir="r5")
    assert '<option value="r5" selected>' in form.text and "Impression:\nPneumonia." in form.text
    fields = {"text": "Impression:\r\nPneumonia.\r\n", "language": "en", "fhir": "r5"}
    page = sent(web, "/cases/add", **fields, name="lungs", why="It is coded", tags="english, codes")
    assert page.url.path == "/workbench/cases/one/lungs" and 'class="stood passed"' in page.text
    assert (tree / "lungs" / "note.txt").read_bytes() == b"Impression:\nPneumonia.\n"
    assert 'tags = ["english", "codes"]' in (tree / "lungs" / "case.toml").read_text("utf-8")
    again = sent(web, "/cases/add", **fields, name="lungs", why="Once more", tags="")
    assert again.status_code == 400 and "of this name already" in again.text and "Once more" in again.text


def test_a_document_is_kept_as_it_is(web, tree):
    document = (SHIPPED / "en-document" / "document.json").read_text("utf-8")
    page = sent(web, "/cases/add", text=document, language="", fhir="r4", name="letter", why="x", tags="")
    assert 'class="stood passed"' in page.text
    assert json.loads((tree / "letter" / "document.json").read_text("utf-8")) == json.loads(document)


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "../a", "/etc", "A", ".a", "a.b", "a\0", "ä", "a" * 65, HOSTILE]
)
def test_no_name_leads_out_of_the_folder(web, tree, name):
    before = sorted(path for path in tree.parent.rglob("*"))
    page = sent(web, "/cases/add", text="Asthma.", language="en", fhir="r4", name=name, why="x", tags="")
    assert page.status_code == 400 and "<script>alert" not in page.text
    assert sorted(path for path in tree.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "name", ["../cases/en-allergy", "%2e%2e/x", "en-allergy/case.toml", "no-such", ".", "a%00"]
)
def test_what_is_no_case_is_not_found(web, name):
    assert web.get(f"/cases/one/{name}").status_code == 404


def test_an_expectation_is_checked_before_it_is_kept(web, tree):
    path = tree / "en-suspected" / "expected.json"
    before, bundle = path.read_bytes(), json.loads(path.read_text("utf-8"))
    for wrong, named in (
        ("{", "line 1"),
        ("[]", "not an object"),
        ('{"resourceType": "Patient"}', "resourceType"),
        ('{"resourceType": "Bundle", "type": "nothing"}', "Bundle.type"),
        (json.dumps(bundle | {"entry": [3]}), "entry[0].resource"),
    ):
        page = sent(web, "/cases/expectation/en-suspected", expected=wrong)
        assert page.status_code == 400 and named in page.text, wrong
        assert html.escape(wrong, quote=False)[:20] in page.text.replace("&#34;", '"')
        assert path.read_bytes() == before
    bundle["entry"][0]["resource"]["verificationStatus"]["coding"][0]["code"] = "confirmed"
    page = sent(web, "/cases/expectation/en-suspected", expected=json.dumps(bundle))
    assert page.url.path.endswith("/one/en-suspected") and 'class="stood failed"' in page.text
    accepted = sent(web, "/cases/accept/en-suspected")
    assert 'class="stood passed"' in accepted.text


def test_words_tags_and_version_can_be_changed(web, tree):
    page = sent(
        web,
        "/cases/head/en-allergy",
        why='Because "this"\nand that',
        tags="one two",
        fhir="r4",
        language="en",
    )
    assert page.status_code == 200 and "Because" in page.text and ">two</a>" in page.text
    wrong = sent(web, "/cases/head/en-allergy", why="", tags="Not A Tag!", fhir="r9", language="en")
    assert wrong.status_code == 400 and "<code>why</code>" in wrong.text and "<code>fhir</code>" in wrong.text


def test_a_case_is_deleted_by_who_says_so_twice(web, tree):
    assert sent(web, "/cases/remove/en-allergy").status_code == 400
    assert (tree / "en-allergy").is_dir()
    page = sent(web, "/cases/remove/en-allergy", sure="yes")
    assert "The case was deleted" in page.text and not (tree / "en-allergy").exists()
    (tree / "en-suspected" / "notes-of-mine.md").write_text("x")
    assert sent(web, "/cases/remove/en-suspected", sure="yes").status_code == 400
    assert (tree / "en-suspected" / "expected.json").is_file()


def test_who_may_only_look_changes_nothing(pipeline, tree):
    with (
        serving(pipeline, viewer(), cases=CaseBook(Shelf(tree))) as origin,
        httpx.Client(base_url=f"{origin}/workbench", timeout=60, follow_redirects=True) as web,
    ):
        page = web.get("/cases/one/en-allergy")
        assert page.status_code == 200 and "<form" not in page.text.replace("get", "")
        assert sent(web, "/cases/run").status_code == 200
        for path in (
            "new",
            "add",
            "head/en-allergy",
            "expectation/en-allergy",
            "accept/en-allergy",
            "remove/en-allergy",
        ):
            assert sent(web, f"/cases/{path}", sure="yes").status_code == 403, path
        assert "Approve as case" not in sent(web, "/try", text="Asthma.", language="en", fhir="r4").text


def test_hostile_cases_are_only_text(web, tree):
    case = tree / "hostile"
    case.mkdir()
    (case / "note.txt").write_text(f"Impression:\nPneumonia {HOSTILE}.\n", "utf-8")
    (case / "case.toml").write_text(f"why = {json.dumps(HOSTILE)}\n", "utf-8")
    (tree / HOSTILE.replace("/", "")).mkdir()
    (tree / HOSTILE.replace("/", "") / "case.toml").write_text("why = 3", "utf-8")
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": {"resourceType": "Condition", "code": {"text": HOSTILE}, HOSTILE: HOSTILE}}],
    }
    (case / "expected.json").write_text(json.dumps(bundle), "utf-8")
    pages = [
        web.get("/cases"),
        ran(web),
        web.get("/cases/one/hostile"),
        web.get("/cases", params={"words": HOSTILE, "tag": HOSTILE}),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "<script>alert" not in page.text and ">49<" not in page.text
        assert not re.search(r"\son\w+=", page.text)


def test_without_a_folder_there_is_no_page(pipeline):
    with serving(pipeline) as origin, httpx.Client(base_url=f"{origin}/workbench", timeout=30) as web:
        assert web.get("/cases").status_code == 404
        assert ">Cases<" not in web.get("/try").text


def test_a_run_goes_on_where_it_stopped(pipeline, tree):
    book = CaseBook(Shelf(tree))
    run = book.begin(["en-allergy", "gone", "en-suspected"])
    with (
        serving(pipeline, cases=book) as origin,
        httpx.Client(base_url=f"{origin}/workbench", timeout=60, follow_redirects=True) as web,
    ):
        page = web.get("/cases", params={"run": run.id})
        assert "Go on" in page.text and "<b>0</b> of 3" in page.text
        while book.run(run.id).waiting:
            page = sent(web, "/cases/run", run=run.id)
        assert "<b>3</b> of 3 run, all as expected" in page.text
