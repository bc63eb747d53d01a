"""The page Mapping lab over HTTP, on the real line: files, drafts, what changes and fired, installing."""

import html
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import mappings
from adapter import workbench
from adapter.cases import Shelf
from adapter.cli.workbench import everybody
from adapter.drafts import Drawer, Installer
from adapter.workbench.casebook import CaseBook
from adapter.workbench.draftbook import DraftBook
from mappings import SHIPPED
from tests.conftest import ROOT
from tests.workbench.served_pages import serving

OURS = {"Sec-Fetch-Site": "same-origin"}
FILE = "resources/condition.toml"
HOSTILE = '# "><script>alert(1)</script>{{ 7 * 7 }}</textarea>\u202e\n'


def person(*roles, name="somebody"):
    admit = everybody()

    def looked(headers, method, path, client):
        admit(headers, method, path, client)
        return workbench.Person(name=name, roles=frozenset(roles), id=name)

    return looked


@pytest.fixture
def tree(tmp_path) -> Path:
    for name in ("en-suspected", "en-denied-symptoms", "de-abgesetzt"):
        shutil.copytree(ROOT / "fixtures" / "cases" / name, tmp_path / "cases" / name)
    return tmp_path / "cases"


@pytest.fixture
def own(tmp_path) -> Path:
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


@pytest.fixture
def acts() -> list[workbench.Act]:
    return []


@pytest.fixture
def web(pipeline, tree, own, tmp_path, acts) -> Iterator[httpx.Client]:
    book = DraftBook(Drawer(tmp_path / "drafts"), Installer(own))
    with (
        serving(pipeline, cases=CaseBook(Shelf(tree)), drafts=book, audit=acts.append) as origin,
        httpx.Client(base_url=f"{origin}/workbench", timeout=120, follow_redirects=True) as client,
    ):
        yield client


def sent(web, path, **fields):
    return web.post(f"/lab{path}", data={"none": ""} | fields, headers=OURS)


def edited(web, name, text, draft="one"):
    if web.get(f"/lab/draft/{draft}").status_code == 404:
        assert sent(web, "/begin", name=draft).status_code == 200
    return sent(web, f"/edit/{draft}/{name}", rules=text)


def ran(web, draft="one"):
    page = sent(web, f"/run/{draft}", do="run")
    while 'data-going="yes"' in page.text:
        page = sent(web, f"/run/{draft}", do="on")
    return html.unescape(re.sub(r"<[^>]+>", " ", page.text))


def test_the_files_are_listed_and_opened_with_what_explains_them(web, acts):
    page = web.get("/lab")
    for name in SHIPPED.names("context") + SHIPPED.names("sections"):
        assert f"/lab/file/{name}" in page.text
    found = web.get("/lab", params={"words": "ruled_out verdacht"})
    assert "context/de.toml" in found.text and "sections/nl.toml" not in found.text
    opened = web.get("/lab/file/context/de.toml")
    assert "Decides negation" in opened.text and 'id="line-1"' in opened.text
    assert web.get("/lab/file/context/xx.toml").status_code == 404
    assert web.get("/lab/file/../settings.toml").status_code == 404


def test_a_draft_is_begun_edited_checked_and_discarded(web, tmp_path):
    text = SHIPPED.text(FILE)
    page = sent(web, "/begin", name="One", file=FILE)
    assert page.url.path.endswith(f"/edit/one/{FILE}")
    assert "Nothing is wrong" in page.text
    page = edited(web, FILE, text.replace("[outcomes.present]", "[outcomes.presence]", 1))
    assert "Saved." in page.text and "<code>outcomes.presence" in page.text
    assert "wrong" in web.get("/lab").text
    assert sent(web, "/run/one", do="run").status_code == 400
    page = edited(web, FILE, text.replace("\n", "\r\n"))
    assert "Not changed in this draft yet" in page.text
    edited(web, FILE, text + "# ours\n")
    assert sent(web, f"/revert/one/{FILE}").text.count("None yet") == 1
    assert sent(web, "/discard/one").status_code == 400
    assert "was discarded" in sent(web, "/discard/one", sure="yes").text
    assert web.get("/lab/draft/one").status_code == 404
    assert not [path for path in (tmp_path / "drafts").rglob("*") if path.is_file()]


def test_what_is_wrong_is_told_as_it_is_typed(web):
    text = SHIPPED.text("context/en.toml").replace('axis = "negated"', 'axis = "negate"', 1)
    answer = sent(web, "/check", name="context/en.toml", draft="", rules=text)
    told = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert told["count"] == 1 and told["faults"][0]["key"].endswith(".axis")
    assert text.splitlines()[told["faults"][0]["line"] - 1].startswith("axis = ")
    assert sent(web, "/check", name="context/en.toml", rules="[[").json()["faults"][0]["line"] == 1
    assert sent(web, "/check", name="nothing", rules="").json()["count"] == 1


def test_what_changes_is_told_resource_by_resource_in_words(web):
    text = SHIPPED.text(FILE)
    suspected = re.search(r"\[outcomes.uncertain\]\n(?:#.*\n)*([^\[]*)", text)
    assert suspected and "provisional" in suspected[1]
    edited(web, FILE, text.replace(suspected[1], suspected[1].replace("provisional", "differential"), 1))
    told = ran(web)
    assert "over 3 cases" in told and "3 of 3 read" in " ".join(told.split())
    assert re.search(r"Condition .*: verificationStatus.* provisional -> .*differential", told), told
    assert "as expected → not as expected" in " ".join(told.split())
    edited(web, FILE, text + "# nothing else\n")
    assert "run it again" in web.get("/lab/draft/one").text
    assert "No Bundle changes." in ran(web)


def test_which_rules_fired_and_which_never_did(web):
    edited(web, "context/en.toml", SHIPPED.text("context/en.toml") + "# ours\n")
    edited(web, "sections/de.toml", SHIPPED.text("sections/de.toml") + "# ours\n")
    edited(web, "dates/en.toml", SHIPPED.text("dates/en.toml") + "# ours\n")
    told = " ".join(ran(web).split())
    assert re.search(
        r"context/en.toml .*?(\d+) of \d+ fired, (\d+) never did, of (\d+) it cannot be told", told
    )
    assert "never section:" in told
    assert "Not told: a time says what it means, not by which form it was found." in told


def test_a_draft_is_taken_away_as_files_and_as_a_patch(web, tmp_path):
    changed = SHIPPED.text(FILE).replace("version = ", "# ours\nversion = ", 1)
    edited(web, FILE, changed)
    edited(web, "sections/de.toml", SHIPPED.text("sections/de.toml") + "# ours \u00e9\n")
    archive = zipfile.ZipFile(io.BytesIO(web.get("/lab/files/one").content))
    assert archive.namelist() == [f"one/{FILE}", "one/sections/de.toml"]
    assert archive.read(f"one/{FILE}").decode() == changed
    shutil.copytree(mappings.ROOT, tmp_path / "mappings", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        ["patch", "-p1"],
        cwd=tmp_path,
        input=web.get("/lab/patch/one").content,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "mappings" / FILE).read_text("utf-8") == changed


def test_an_administrator_installs_where_the_site_lets_them(web, own, acts, pipeline):
    edited(web, FILE, SHIPPED.text(FILE) + "# ours\n")
    assert "as version 1" in web.get("/lab/draft/one").text
    assert sent(web, "/install/one").status_code == 400 and not list(own.iterdir())
    page = sent(web, "/install/one", sure="yes")
    assert "Installed. The service takes it when it starts next." in page.text
    assert (own / FILE).read_text("utf-8") == SHIPPED.text(FILE) + "# ours\n"
    (row,) = (json.loads(line) for line in (own / ".versions.ndjson").read_text("utf-8").splitlines())
    assert row["version"] == 1 and row["files"] == [FILE]
    assert row["digest"] == SHIPPED.over(own).digest() != SHIPPED.digest()
    assert [(act.what, act.digest) for act in acts if "install" in act.what] == [
        ("$mappings-install", row["digest"])
    ]
    assert pipeline.files.digest() in web.get("/lab").text
    edited(web, FILE, SHIPPED.text(FILE) + "# theirs\n", "two")
    assert sent(web, "/install/two", sure="yes").status_code == 412
    assert (own / FILE).read_text("utf-8") == SHIPPED.text(FILE) + "# ours\n"


def test_what_cannot_be_told_to_the_audit_is_not_installed(pipeline, own, tmp_path):
    def deaf(act):
        raise OSError("full")

    book = DraftBook(Drawer(tmp_path / "drafts"), Installer(own))
    with (
        serving(pipeline, drafts=book, audit=deaf) as origin,
        httpx.Client(base_url=f"{origin}/workbench", timeout=60, follow_redirects=True) as client,
    ):
        edited(client, FILE, SHIPPED.text(FILE) + "# ours\n")
        assert sent(client, "/install/one", sure="yes").status_code == 500
    assert not list(own.iterdir())


def test_who_may_not(pipeline, tmp_path):
    drafts = {"drafts": DraftBook(Drawer(tmp_path / "drafts"))}
    with serving(pipeline, person("viewer"), **drafts) as origin:
        address = f"{origin}/workbench/lab"
        assert "New draft" not in httpx.get(address).text
        assert httpx.get(f"{address}/file/{FILE}").status_code == 200
        assert httpx.post(f"{address}/begin", data={"name": "x"}, headers=OURS).status_code == 403
    with (
        serving(pipeline, person("engineer"), **drafts) as origin,
        httpx.Client(base_url=f"{origin}/workbench", timeout=60, follow_redirects=True) as client,
    ):
        edited(client, FILE, SHIPPED.text(FILE) + "# mine\n")
        assert "Make it the site's own" not in client.get("/lab/draft/one").text
        assert sent(client, "/install/one", sure="yes").status_code == 403
    with serving(pipeline, person("engineer", name="another"), **drafts) as origin:
        assert httpx.get(f"{origin}/workbench/lab/draft/one").status_code == 404
    with serving(pipeline, person("administrator"), **drafts) as origin:
        posted = httpx.post(f"{origin}/workbench/lab/install/one", data={"sure": "yes"}, headers=OURS)
        assert posted.status_code == 404


def test_a_hostile_draft_is_shown_and_does_nothing(web):
    page = edited(web, FILE, HOSTILE + SHIPPED.text(FILE))
    assert "<script>alert" not in page.text and "49" not in page.text.split("</textarea>")[0][-200:]
    assert (
        html.escape(HOSTILE.strip(), quote=False)[:20] in html.unescape(page.text)
        or "&lt;script&gt;" in page.text
    )
    bad = sent(web, "/check", name=FILE, rules='"<img src=x onerror=alert(1)>" = 1\n')
    assert bad.headers["x-content-type-options"] == "nosniff" and bad.json()["count"] > 0
    for name in ("../../x", "a/../b", "", "-", "x" * 60, "\u202e", "<b>"):
        assert sent(web, "/begin", name=name).status_code == 400
    assert sent(web, "/edit/one/../../x.toml", rules="x").status_code in (404, 405)
    assert sent(web, f"/edit/none/{FILE}", rules="x").status_code == 404
    nul = edited(web, FILE, "\0" * 10)
    assert "not TOML" in nul.text
