"""The page Tasks as people use it, in Chromium: a task grows in its place, and what a model gets follows."""

import pytest

from adapter import engines
from adapter.settings import Settings
from adapter.tasks import folder
from tests.workbench import chromium
from tests.workbench.served_pages import serving


@pytest.fixture(scope="module")
def site(pipeline, tmp_path_factory):
    home = tmp_path_factory.mktemp("site") / "tasks"
    home.mkdir()
    sampler = engines.sampler(Settings(threads=2), None)
    with serving(pipeline, sampler=sampler, tasks=home) as origin:
        yield f"{origin}/workbench/tasks", home
    sampler.close()


def focused(page):
    return page.evaluate("document.activeElement.name")


def test_a_task_is_built_with_the_keyboard_and_what_a_model_gets_follows(site):
    address, home = site
    with chromium.opened(f"{address}/new") as page:
        assert focused(page) == "name"
        page.keyboard.type("fall-risk")
        page.fill("[name=title]", "Falls")
        page.fill("[name=instruction]", "List the problems.")
        assert page.text_content("#h-wrong b") != "0"
        page.fill("[name='f:0:name']", "problems")
        chromium.until(page, "document.querySelector('#h-wrong b').textContent === '0'")
        assert '"problems"' in page.text_content("[data-keep=schema] pre")
        assert "root ::=" in page.text_content("[data-keep=grammar] pre")
        page.select_option("[name='f:0:kind']", "list")
        page.wait_for_selector("[name='f:0.0:kind']")
        assert focused(page) == "f:0:kind"
        page.locator("button:has-text('Add a field')").last.press("Enter")
        page.wait_for_selector("[name='f:1:name']")
        assert focused(page) == "f:1:name"
        page.keyboard.type("fell")
        page.select_option("[name='f:1:kind']", "boolean")
        chromium.until(page, "document.querySelector('#h-wrong b').textContent === '0'")
        page.press("button[aria-label='Move fell up']", "Enter")
        chromium.until(page, "document.querySelector(\"[name='f:0:name']\").value === 'fell'")
        page.fill("[name='f:0:name']", "problems")
        page.wait_for_selector("[data-wrong='f1'] li")
        page.fill("[name='f:0:name']", "fell")
        chromium.until(page, "document.querySelector('#h-wrong b').textContent === '0'")
        assert chromium.violations(page) == []
        with page.expect_navigation():
            page.press("button[value=save]", "Enter")
        assert page.text_content(".done") == "Saved."
    assert list(folder.read(home / "fall-risk").schema["properties"]) == ["fell", "problems"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
@pytest.mark.parametrize("path", ["", "/task/tumour-board"])
def test_the_pages_are_for_everybody(site, path, width, scheme):
    with chromium.opened(site[0] + path, width=width, scheme=scheme) as page:
        assert chromium.violations(page) == []
        assert not chromium.overflows(page)


def test_an_answer_is_shown_where_the_note_says_it(site):
    with chromium.opened(f"{site[0]}/task/problems-medications-procedures", width=360, script=False) as page:
        page.fill("textarea[name=text]", "Aspirin 100 mg daily.")
        with page.expect_navigation():
            page.click("button[value=run]", no_wait_after=True)
        assert page.locator("#ran").count() == 1
        assert not chromium.overflows(page)
