"""The page Try as people use it, in Chromium: files, choices, the panes, and what axe-core finds."""

import base64
import json
from pathlib import Path

import pytest

from adapter.settings import Settings
from tests.workbench import chromium
from tests.workbench.served_pages import serving

DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents"


@pytest.fixture(scope="module")
def origin(pipeline, core_store):
    settings = Settings(terminology=core_store, threads=2, language="en")
    with serving(pipeline, settings=settings) as found:
        yield f"{found}/workbench/try"


def tried(page):
    with page.expect_navigation():
        page.click("button.main")
    page.wait_for_selector("#findings")


def test_a_file_is_chosen_tried_and_tried_again_in_another_version(origin):
    pdf = json.loads((DOCUMENTS / "progress-note-pdf.json").read_text("utf-8"))
    data = pdf["content"][0]["attachment"]["data"]
    with chromium.opened(origin) as page:
        file = {"name": "<b>a<b>.pdf", "mimeType": "application/pdf", "buffer": base64.b64decode(data)}
        page.set_input_files("#file", files=[file])
        assert "<b>a<b>.pdf" in page.text_content("#dropped")
        tried(page)
        assert page.locator("#findings > details").count() > 3
        assert "<b>a<b>.pdf" in page.text_content(".carried")
        page.click("details.own > summary")
        page.select_option("select[name=fhir]", "r5")
        tried(page)
        assert "FHIR R5" in page.text_content("#h-resources")


def test_dropped_files_are_taken(origin):
    drop = """(found) => {
      const moved = new DataTransfer();
      moved.items.add(new File([found.text], found.name, { type: found.type }));
      const event = new DragEvent("drop", { dataTransfer: moved, bubbles: true, cancelable: true });
      document.getElementById(found.on).dispatchEvent(event);
    }"""
    cda = (DOCUMENTS / "continuity-of-care.xml").read_text("utf-8")
    with chromium.opened(origin) as page:
        text = {"name": "note.txt", "type": "text/plain", "text": "Denies fever.", "on": "note-form"}
        page.evaluate(drop, text)
        chromium.until(page, "document.getElementById('text').value === 'Denies fever.'")
        page.evaluate(drop, {"name": "ccd.xml", "type": "text/xml", "text": cda, "on": "text"})
        chromium.until(page, "document.getElementById('file').files.length === 1")
        assert page.input_value("#text") == ""
        tried(page)
        assert page.locator("#findings > details").count() > 3


def test_a_file_is_tried_without_any_script(origin):
    with chromium.opened(origin, script=False) as page:
        page.set_input_files("#file", DOCUMENTS / "discharge-summary.txt")
        tried(page)
        assert page.locator("#findings > details").count() > 3


def test_a_language_model_answers_its_task(origin):
    with chromium.opened(origin) as page:
        assert page.is_disabled("select[name=task]")
        page.fill("#text", "History of asthma. Denies chest pain.")
        page.select_option("select[name=engine]", "generative")
        page.select_option("select[name=language]", "en")
        assert page.is_enabled("select[name=task]")
        tried(page)
        assert page.locator(".facts tbody tr").count() >= 2
        page.locator(".facts a[data-to]").first.click()
        assert page.url.endswith("#finding-0") and page.locator("#f0[open].chosen").count() == 1
        assert page.get_attribute("#link", "href").endswith("engine=generative#finding-0")
        assert "asthma" not in page.get_attribute("#link", "href")
        assert chromium.violations(page) == []


def test_by_keyboard_alone(origin):
    with chromium.opened(origin) as page:
        page.focus("#text")
        page.keyboard.type("History of asthma and hypertension. Aspirin 100 mg daily.")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        page.wait_for_selector("#findings")
        page.focus("#findings summary[tabindex='0']")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#f1[open]")
        assert page.url.endswith("#finding-1") and page.locator(".note .chosen").count() >= 1


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_everybody_can_read_it(origin, scheme, width):
    for query in ("", "?example=en-clinic&pack=us-core#finding-2"):
        with chromium.opened(origin + query, scheme=scheme, width=width) as page:
            assert chromium.violations(page) == [] and not chromium.overflows(page)
