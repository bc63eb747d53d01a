"""The page Review, on the real pipeline, a real ledger and real FHIR servers."""

import html
import re
from urllib.parse import urlencode

import httpx
import pytest

from adapter import workbench
from adapter.ledger import opened, verdicts
from tests.reviews.review_cases import NOTE, running
from tests.workbench import chromium
from tests.workbench.served_pages import serving

HOSTILE = (
    'A/P: asthma <script>alert(1)</script> "quoted" {{ 7*7 }} {% raw %} \u202egnirts\u202c &amp; </p>.\n'
    "Metformin 500 mg twice daily.\u0000 <img src=x onerror=alert(1)>"
)


def person(*roles, name="Ann Example"):
    found = workbench.Person(name=name, roles=frozenset(roles), id=name[:3])
    return lambda *request: found


@pytest.fixture(scope="module")
def site(tmp_path_factory, pipeline):
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    with opened(f"sqlite:///{path}") as database, running(database, pipeline) as site:
        yield site


@pytest.fixture(scope="module")
def heard():
    return []


@pytest.fixture(scope="module")
def pages(site, pipeline, heard):
    with (
        serving(pipeline, person("reviewer"), reviews=site.desk, audit=heard.append) as origin,
        httpx.Client(base_url=f"{origin}/workbench", timeout=60) as client,
    ):
        yield client


def sent(pages, path, **form):
    """The page a form leads to."""
    origin = f"{pages.base_url.scheme}://{pages.base_url.netloc.decode()}"
    headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
    return pages.post(path, content=urlencode(form), headers=headers, follow_redirects=True)


def key(page, words):
    """The name in forms of the finding of these words."""
    items = re.findall(r'<details class="item.*?</details>', page.text, re.S)
    return next(
        re.search(r'name="finding" value="([^"]+)"', one).group(1)
        for one in items
        if f">{words}</span>" in one
    )


def test_from_the_queue_to_the_target(site, pages, heard):
    id = site.accept()
    queue = pages.get("/review")
    link = re.search(rf'href="/workbench(/review/{id}\?open=\d+)#f\d+">Metformin</a>', queue.text)
    assert link and "drug with a dose" in queue.text
    page = pages.get(link.group(1))
    assert page.status_code == 200 and "Metformin" not in str(page.url)
    asked = sent(pages, f"/review/{id}/search", finding=key(page, "asthma"), words="gout")
    code = html.unescape(re.search(r'name="code" value="([^"|]+\|[^"]+)"', asked.text).group(1))
    assert "gout" not in str(asked.url)
    form = {"finding": key(page, "asthma"), "action": "change", "words": "gout", "code": code}
    after = sent(pages, f"/review/{id}/verdict", **form)
    assert "?open=" in str(after.url) and "changed" in after.text
    sent(pages, f"/review/{id}/verdict", finding=key(page, "Metformin"), action="reject")
    added = sent(pages, f"/review/{id}/add", words="rest", kind="procedure", occurrence="1")
    assert ">rest</span>" in added.text
    axes = {
        "finding": key(page, "chest pain"),
        "action": "change",
        "axis": "historical",
        "experiencer": "patient",
    }
    assert "historical" in sent(pages, f"/review/{id}/verdict", **axes).text
    rest = sent(pages, f"/review/{id}/rest")
    assert "0 not judged by you" in rest.text
    done = sent(pages, f"/review/{id}/send")
    assert done.status_code == 200
    site.done(id, 2)
    for name in ("r4", "r5"):
        assert [one["status"] for one in site.at(name, "MedicationStatement")] == ["entered-in-error"]
        codes = [each["code"] for one in site.at(name, "Condition") for each in one["code"]["coding"]]
        assert code.partition("|")[2] in codes
    told = [(act.what, act.document, act.patients) for act in heard]
    assert ("$review-verdict", id, ("Patient/1",)) in told and ("$review-send", id, ("Patient/1",)) in told
    with site.database.reading() as tx:
        actions = [one.action for one in verdicts.of(tx, id)]
    assert sorted(set(actions)) == ["accept", "add", "change", "reject"]
    assert len([act for act in heard if act.what == "$review-verdict"]) == 5


def test_hostile_words_do_nothing(site, pages):
    id = site.accept(HOSTILE.replace("\u0000", " "))
    page = pages.get(f"/review/{id}")
    assert page.status_code == 200
    assert "<script>" not in page.text and "<img src=x" not in page.text and "&lt;" in page.text
    assert "{{ 7*7 }}" in html.unescape(re.sub("<[^>]*>", "", page.text))
    for words in ("<b>x</b>", "{{ 7*7 }}", "'; drop table nw_verdict", "\u202e", "x" * 5000):
        found = sent(pages, f"/review/{id}/search", finding=key(page, "Metformin"), words=words)
        assert found.status_code == 200 and "<b>x</b>" not in found.text
        wrong = sent(pages, f"/review/{id}/add", words=words, kind="condition")
        assert wrong.status_code in (200, 303, 400) and "<b>x</b>" not in wrong.text


def test_what_no_page_of_ours_sends_is_refused(site, pages):
    id = site.accept("A/P: asthma.")
    page = pages.get(f"/review/{id}")
    here = key(page, "asthma")
    wrong = [
        {"finding": "0-0-0-x", "action": "accept"},
        {"finding": here, "action": "add"},
        {"finding": here, "action": "drop"},
        {"finding": here, "action": "change", "words": "gout", "code": "http://evil|1"},
        {"finding": here, "action": "change", "axis": "nonsense", "experiencer": "patient"},
        {"finding": here, "action": "change", "axis": "negated", "experiencer": "nobody"},
        {},
    ]
    assert [sent(pages, f"/review/{id}/verdict", **form).status_code for form in wrong] == [400] * len(wrong)
    assert sent(pages, f"/review/{id}/add", words="asthma", kind="nonsense").status_code == 400
    assert sent(pages, f"/review/{id}/send").status_code == 400
    assert pages.get("/review/none").status_code == 404
    assert (
        pages.post(f"/review/{id}/send", data={}, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )
    with site.database.reading() as tx:
        assert verdicts.of(tx, id) == ()


def test_only_reviewers_judge_and_only_where_there_is_a_ledger(site, pipeline):
    with serving(pipeline, person("viewer", "engineer"), reviews=site.desk) as origin:
        assert httpx.get(f"{origin}/workbench/review").status_code == 403
    with serving(pipeline) as origin:
        assert httpx.get(f"{origin}/workbench/review").status_code == 404


def test_in_a_browser_by_keyboard_and_by_selecting(site, pipeline):
    id = site.accept(NOTE)
    with (
        serving(pipeline, person("reviewer"), reviews=site.desk) as origin,
        chromium.opened(f"{origin}/workbench/review/{id}?open=0#f0", width=360) as page,
    ):
        assert page.locator("[open] > #f0").count() == 1 and page.locator(".text .chosen").count() >= 1
        assert not chromium.overflows(page) and chromium.violations(page) == []
        page.keyboard.press("a")  # the finding that is open has the focus
        page.wait_for_selector("[open] > #f1")
        assert page.locator("#f0 .verdict").inner_text() == "accepted"
        page.keyboard.press("r")
        page.wait_for_selector("[open] > #f2")
        page.evaluate(SELECT, "rest")
        chromium.until(page, "document.querySelector('#add [name=start]').value !== ''")
        page.locator("#add select[name=kind]").select_option("procedure")
        page.locator("#add button").click()
        page.wait_for_selector("#cases .item[open] >> text=rest")
        assert chromium.violations(page) == []
    with site.database.reading() as tx:
        said = [(one.action, (one.after or one.before)["text"]) for one in verdicts.of(tx, id)]
    assert said == [("accept", "asthma"), ("reject", "sinusitis"), ("add", "rest")]


SELECT = """words => {
  const walker = document.createTreeWalker(document.querySelector(".text"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(words);
    if (at >= 0) return getSelection().setBaseAndExtent(node, at, node, at + words.length);
  }
}"""
