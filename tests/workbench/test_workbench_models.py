"""Models and reports: what is installed and in use, and that a report can do nothing but be read."""

import html
import json
import os
import re

import httpx
import pytest

from adapter import engines, workbench
from adapter.errors import InputError, UnknownResource
from adapter.settings import Settings
from adapter.workbench.models import figures, reports
from tests.workbench import chromium
from tests.workbench.served_pages import serving

SCRIPTED = (
    "<!doctype html><title>Run</title><h1>A run</h1><style>h1 { color: red }</style>"
    "<script>document.title = 'ran'; fetch('/workbench/try')</script>"
    "<img src='//elsewhere.example/x.png' onerror=\"document.title = 'ran'\">"
    "<svg onload=\"document.title = 'ran'\"></svg>"
    "<meta http-equiv=refresh content='0;url=/workbench/try'>"
    "<form action='/workbench/try' method=post><button>go</button></form>"
    "<iframe src='/workbench/try'></iframe><a href='/workbench/try' target=_blank>away</a>"
)  # fmt: skip
HOSTILE = "<img src=x onerror=alert(1)>.html", "\"'><script>alert(1).html", "{{ 7 * 7 }} #?%2e%2e.json"


def result(value, documents=3, **more):
    one = {"value": value, "low": value - 0.01, "high": value + 0.01}
    return json.dumps(
        {"documents": documents, "figures": {"all.exact.f1": one, "<b>x": {"value": None}}} | more
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("reports")
    (path / "run.html").write_text(SCRIPTED)
    (path / "first.json").write_text(result(0.9))
    told = {"all.exact.f1": {"difference": -0.2, "low": -0.3, "high": -0.1, "adjusted": 0.004, "worse": True}}
    (path / "second.json").write_text(result(0.7, compared=told))
    (path / "broken.json").write_text('{"figures": [')
    for name in HOSTILE:
        (path / name).write_text("<p>it</p>")
    (path / "secret.txt").write_text("secret")
    (path / ".hidden.html").write_text("secret")
    (path / "deep.html").mkdir()
    outside = tmp_path_factory.mktemp("outside") / "passwords.html"
    outside.write_text("secret")
    (path / "link.html").symlink_to(outside)
    os.mkfifo(path / "pipe.html")
    return path


@pytest.fixture(scope="module")
def origin(pipeline, core_store, folder):
    settings = Settings(terminology=core_store, threads=2, language="en", reports=folder)
    with serving(pipeline, settings=settings) as found:
        yield f"{found}/workbench/models"


@pytest.fixture(scope="module")
def client(origin):
    with httpx.Client(base_url=origin.removesuffix("/models"), timeout=60) as found:
        yield found


def test_models_are_told_with_card_digest_and_use(client, pipeline):
    page = client.get("/models")
    assert page.status_code == 200
    for name in (engines.ENCODER.file, engines.DECODER):
        assert f"<code>{name}</code>" in page.text
    first = page.text.index("in use: encoder")
    assert first < page.text.index(engines.DECODER) and pipeline.engine.model.digest in page.text
    assert (
        "apache-2.0" in page.text
        and "# notewright-minilm-v3" in page.text
        and "<dd>English</dd>" in page.text
    )


def test_only_plain_files_of_the_folder_are_listed_and_given(client, folder):
    assert {one.name for one in reports.listed(folder)} == {
        "run.html", "first.json", "second.json", "broken.json", *HOSTILE,
    }  # fmt: skip
    for name in (
        "secret.txt",
        ".hidden.html",
        "deep.html",
        "link.html",
        "pipe.html",
        "..",
        "../x.html",
        "none.html",
        "",
    ):
        with pytest.raises(UnknownResource):
            reports.read(folder, name)
    for path in (
        "/models/reports/link.html",
        "/models/reports/..%2F..%2Fetc%2Fpasswd",
        "/models/reports/.hidden.html/file",
    ):
        assert client.get(path).status_code == 404 and "secret" not in client.get(path).text
    with pytest.raises(InputError):
        reports.listed(folder / "none")


def test_a_report_may_do_nothing(client):
    page = client.get("/models/reports/run.html")
    policy = page.headers["content-security-policy"].split("; ")
    assert page.status_code == 200 and page.text == SCRIPTED
    assert (
        policy[0] == "sandbox"
        and "default-src 'none'" in policy
        and not any("script" in one for one in policy)
    )
    assert page.headers["cache-control"] == "no-store" and page.headers["x-frame-options"] == "DENY"
    saved = client.get("/models/reports/run.html/file")
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''run.html"
    assert saved.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in saved.headers["content-security-policy"]
    assert "script-src 'self'" in client.get("/models").headers["content-security-policy"]


def test_names_and_figures_are_only_text(client, folder):
    page = client.get("/models")
    assert "<img src=x" not in page.text and "<script>alert" not in page.text
    addresses = re.findall(r'href="/workbench(/models/reports/[^"]*)"', page.text)
    assert len(addresses) == 14
    for address in addresses:
        broken = "broken" in address or "7%20" in address
        assert client.get(html.unescape(address)).status_code in ((200, 400) if broken else (200,))
    shown = client.get("/models/reports/second.json")
    assert "worse by more than luck" in shown.text and "<b>x" not in shown.text and "0.700" in shown.text
    assert client.get("/models/reports/broken.json").status_code == 400


def test_two_runs_stand_side_by_side(client):
    page = client.get("/models/compare", params={"first": "first.json", "second": "second.json"})
    assert page.status_code == 200 and "+0.200" in page.text and ">apart<" in page.text
    assert "Not the same documents" not in page.text
    assert (
        client.get("/models/compare", params={"first": "first.json", "second": "link.html"}).status_code
        == 404
    )
    assert client.get("/models/compare").status_code == 303


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"figures": 1}', b'{"figures": []}']
)
def test_what_is_no_result_is_said(content):
    with pytest.raises(InputError):
        figures.read(content)


def test_figures_that_are_none_are_not_known():
    told = {"figures": {"a": {"value": "x", "low": True}, "b": 0.5, "c": {"value": 10**400}, "d": None}}
    run = figures.read(json.dumps(told).encode())
    assert [one.value for one in run.figures.values()] == [None, 0.5, None, None]
    assert [row.difference for row in figures.beside(run, run)] == [None, 0.0, None, None]


def test_reports_are_for_engineers_and_reviewers(pipeline, folder):
    def admit(*_):
        return workbench.Person(name="viewer", roles=frozenset({"viewer"}))

    with serving(pipeline, admit, reports=folder) as origin:
        page = httpx.get(f"{origin}/workbench/models")
        assert page.status_code == 200 and "run.html" not in page.text and "engineer or reviewer" in page.text
        for path in (
            "reports/run.html",
            "reports/run.html/file",
            "compare?first=first.json&second=first.json",
        ):
            assert httpx.get(f"{origin}/workbench/models/{path}").status_code == 403


def test_without_models_and_reports_it_says_what_to_do(pipeline):
    with serving(pipeline) as origin:
        page = httpx.get(f"{origin}/workbench/models")
        assert "notewright models add" in page.text and "--reports DIR" in page.text
        assert httpx.get(f"{origin}/workbench/models/reports/run.html").status_code == 404


def test_in_a_browser_a_report_is_read_and_does_nothing(origin):
    with chromium.opened(origin) as page:
        assert chromium.violations(page) == [] and not chromium.overflows(page)
        page.select_option("select[name=first]", "first.json")
        page.select_option("select[name=second]", "second.json")
        page.click(".compare button")
        page.wait_for_selector(".figures")
        assert chromium.violations(page) == []
    with chromium.opened(f"{origin}/reports/run.html", quiet=False) as page:
        page.wait_for_timeout(500)
        assert page.title() == "Run" and page.url.endswith("/reports/run.html")
        assert page.evaluate("origin") == "null" and page.text_content("h1") == "A run"
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(255, 0, 0)"
    with chromium.opened(origin, scheme="dark", width=360) as page:
        assert chromium.violations(page) == [] and not chromium.overflows(page)
