"""The page Mapping lab in Chromium: what is wrong while somebody types, and what a draft changes."""

import shutil

import pytest

from adapter.cases import Shelf
from adapter.drafts import Drawer
from adapter.workbench.casebook import CaseBook
from adapter.workbench.draftbook import DraftBook
from tests.conftest import ROOT
from tests.workbench import chromium
from tests.workbench.served_pages import serving

FILE = "resources/condition.toml"


@pytest.fixture(scope="module")
def site(pipeline, tmp_path_factory):
    home = tmp_path_factory.mktemp("site")
    for name in ("en-suspected", "en-denied-symptoms"):
        shutil.copytree(ROOT / "fixtures" / "cases" / name, home / "cases" / name)
    book = DraftBook(Drawer(home / "drafts"))
    with serving(pipeline, cases=CaseBook(Shelf(home / "cases")), drafts=book) as origin:
        yield f"{origin}/workbench/lab"


def typed(page, old, new):
    page.evaluate(
        """([before, after]) => {
            const field = document.getElementById("rules");
            const at = field.value.indexOf(before);
            field.focus();
            field.setSelectionRange(at, at + before.length);
        }""",
        [old, new],
    )
    page.keyboard.insert_text(new)


def test_a_rule_is_changed_with_the_keyboard_and_what_changes_is_seen(site):
    with chromium.opened(f"{site}/file/{FILE}") as page:
        page.fill("[name=name]", "words")
        with page.expect_navigation():
            page.press("button:has-text('Edit')", "Enter")
        typed(page, "[outcomes.present]", "[outcomes.presence]")
        page.wait_for_selector("#faults button.at")
        assert "wrong" in page.text_content("#faults")
        line = page.text_content("#faults button.at")
        page.press("#faults button.at", "Enter")
        assert page.evaluate("document.activeElement.id") == "rules"
        assert page.text_content("#place").startswith(f"{line},")
        assert chromium.violations(page) == []
        typed(page, "[outcomes.presence]", "[outcomes.present]")
        typed(page, '"provisional"', '"differential"')
        page.wait_for_selector("#faults .sound")
        with page.expect_navigation():
            page.press("button:has-text('Save')", "Enter")
        assert page.text_content(".told") == "Saved."
        with page.expect_navigation():
            page.click("a:has-text('Try the draft')")
        with page.expect_navigation():
            page.press("#run button.main", "Enter")
        page.wait_for_selector("#progress:has-text('2 of 2 read')")
        page.wait_for_selector("#run[data-going='']", state="attached")
        assert "verificationStatus provisional -> differential" in page.text_content("#trying")
        assert "not by which row" in page.text_content("#cover")
        assert chromium.violations(page) == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_every_page_is_readable(site, width, scheme):
    with chromium.opened(f"{site}/file/context/de.toml", width=width, scheme=scheme) as page:
        assert chromium.violations(page) == []
        assert not chromium.overflows(page)
        page.goto(site)
        page.fill("[name=name]", f"at-{width}")
        page.click("button:has-text('New draft')")
        for address in (site, f"{site}/draft/at-{width}", f"{site}/edit/at-{width}/sections/de.toml"):
            page.goto(address)
            assert chromium.violations(page) == []
            assert not chromium.overflows(page)
