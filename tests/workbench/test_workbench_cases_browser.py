"""The page Cases as people use it, in Chromium: a run with its progress, a case made, mended, deleted."""

import shutil

import pytest

from adapter.cases import Shelf
from adapter.workbench.casebook import CaseBook
from tests.conftest import ROOT
from tests.workbench import chromium
from tests.workbench.served_pages import serving

SHIPPED = ROOT / "fixtures" / "cases"


@pytest.fixture
def tree(tmp_path):
    for name in ("en-suspected", "en-allergy", "de-abgesetzt"):
        shutil.copytree(SHIPPED / name, tmp_path / name)
    expected = tmp_path / "en-suspected" / "expected.json"
    expected.write_text(expected.read_text("utf-8").replace('"provisional"', '"confirmed"', 1), "utf-8")
    return tmp_path


@pytest.fixture
def origin(pipeline, tree):
    with serving(pipeline, cases=CaseBook(Shelf(tree))) as found:
        yield f"{found}/workbench"


def test_a_run_goes_on_by_itself_and_what_failed_is_mended(origin):
    with chromium.opened(f"{origin}/cases") as page:
        page.focus("#run button")
        page.keyboard.press("Enter")
        page.wait_for_selector("#running:has-text('3 of 3 run')", timeout=300_000)
        assert "1 not as expected" in page.text_content("#progress")
        assert page.evaluate("document.activeElement.textContent") == "Run all"
        assert "verificationStatus confirmed → provisional" in page.text_content("#listed")
        page.click("text=en-suspected")
        assert page.locator("mark").count() == 1
        page.click("mark a")
        assert page.url.endswith("#d1")
        page.click("text=Expect what it gives now")
        page.wait_for_selector(".stood.passed")


def test_a_tried_note_is_approved_and_deleted(origin, tree):
    with chromium.opened(f"{origin}/try") as page:
        page.fill("#text", "Impression:\nPneumonia.\n")
        page.select_option("select[name=language]", "en")
        with page.expect_navigation():
            page.click("button.main")
        page.click("text=Approve as case")
        page.fill("input[name=name]", "lungs")
        page.fill("textarea[name=why]", "It is coded")
        page.click("button.main")
        page.wait_for_selector("h1 .stood.passed")
        assert (tree / "lungs" / "note.txt").read_text("utf-8") == "Impression:\nPneumonia.\n"
        page.click("summary:has-text('Delete')")
        page.click("text=Delete this case")
        assert page.url.endswith("/one/lungs")  # the browser wants the box ticked first
        page.check("input[name=sure]")
        page.click("text=Delete this case")
        page.wait_for_selector("text=The case was deleted")
        assert not (tree / "lungs").exists()


@pytest.mark.parametrize("path", ["cases", "cases/one/en-suspected", "cases/new"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(origin, path):
    for scheme, width in (("light", 1280), ("dark", 360)):
        with chromium.opened(f"{origin}/{path}", width=width, scheme=scheme) as page:
            assert chromium.violations(page) == []
            assert not chromium.overflows(page)
