"""The page Documents as people use it, in Chromium: it keeps itself up to date, and nothing moves."""

import httpx
import pytest

from adapter.ledger import deliveries, events, resources, work
from tests.api.served import identified, wait_until
from tests.delivery import fhir_server
from tests.workbench import chromium, served_documents


@pytest.fixture(scope="module")
def target():
    with fhir_server.running() as anew:
        yield anew()


@pytest.fixture(scope="module")
def service(core_store, target, tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    with served_documents.opened(core_store, folder, f"ehr={target.url}") as opened:
        yield opened


@pytest.fixture(scope="module")
def origin(service):
    with served_documents.listening(service) as address:
        yield address


def sent(origin, service, name, text="Assessment: asthma. Metformin 500 mg daily."):
    answer = httpx.post(f"{origin}/fhir/DocumentReference", json=identified(name, text), timeout=60)
    id = answer.json()["id"]

    def done():
        with service.database.reading() as tx:
            if work.read(tx, id, 1).state == "accepted":
                return False
            return not {one.state for one in deliveries.of(tx, id, 1)} & {"waiting", "sending"}

    wait_until(done, 120)
    return id


def refused(origin, service, target, name):
    target.refuses = "Condition"
    try:
        return sent(origin, service, name)
    finally:
        target.refuses = None


def test_a_document_is_tried_again_and_taken_back_by_keyboard(origin, service, target):
    id = refused(origin, service, target, "keys")
    with chromium.opened(f"{origin}/workbench/documents?state=dead") as page:
        page.focus(f"tr[data-key='{id}~1'] a")
        page.keyboard.press("Enter")
        page.wait_for_selector("#h-happened")
        assert "business-rule" in page.text_content(".sendings")
        page.focus(".sendings button")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.wait_for_selector(".sendings .good:text('delivered')")
        page.focus("input[name=sure]")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.wait_for_selector("text=was entered in error")
        assert "entered-in-error" in page.text_content(".facts-of")


def test_what_changes_is_shown_without_moving_anything(origin, service, target):
    id = refused(origin, service, target, "live")
    with chromium.opened(f"{origin}/workbench/documents") as page:
        page.focus(f"tr[data-key='{id}~1'] a")
        other = sent(origin, service, "newer")
        service.decisions.deliver_again(id, 1, "ehr")
        page.wait_for_selector(f"tr[data-key='{id}~1']:not(:has(.bad)) .to .good")
        assert page.evaluate("document.activeElement.textContent") == id
        assert "1 document changed." in page.text_content("#live-told")
        page.wait_for_selector("#live-newer:not([hidden])")
        assert page.text_content("#live-newer") == "1 new: show"
        assert page.locator(f"tr[data-key='{other}~1']").count() == 0
        page.click("#live-newer")
        page.wait_for_selector(f"tr[data-key='{other}~1']")


def test_updates_rest_when_they_are_paused(origin, service):
    id = sent(origin, service, "paused")
    with chromium.opened(f"{origin}/workbench/documents/{id}") as page:
        asked = []
        page.on("request", lambda one: asked.append(one.url))
        with page.expect_response("**/now"):
            pass
        page.click("#live-pause")
        page.wait_for_timeout(300)
        asked.clear()
        page.wait_for_timeout(4_000)
        assert asked == [] and page.get_attribute("#live-pause", "aria-pressed") == "true"


def test_a_page_works_without_script(origin, service, target):
    id = refused(origin, service, target, "plain")
    with chromium.opened(f"{origin}/workbench/documents", script=False) as page:
        page.fill("input[name=identifier]", "plain")
        page.click("button.main")
        assert page.url.endswith("/workbench/documents/found")
        page.click(f"tr[data-key='{id}~1'] a")
        page.click("text=Give up")
        assert "given up" in page.text_content(".sendings")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nothing_is_in_anybodys_way(origin, service, target, width, scheme):
    id = refused(origin, service, target, f"axe-{width}")
    with service.database.writing() as tx:
        channel = {"type": "rest-hook", "endpoint": "https://ehr.example/hook"}
        stored, _ = resources.create(tx, {"resourceType": "Subscription", "channel": channel})
        known = {"owner": "0123456789abcdef", "fhir": "r4", "base": "http://x", "headers": []}
        events.add(tx, stored.id, **known, status="error", failures=4, error="no-response")
        events.record(tx, stored.id, id, 1)
    home = f"{origin}/workbench/documents"
    with chromium.opened(home, width=width, scheme=scheme) as page:
        for address in (
            home,
            f"{home}?state=failed",
            f"{home}/{id}",
            f"{home}/{id}/1/bundle",
            f"{home}/subscriptions",
        ):
            page.goto(address)
            assert chromium.violations(page) == [] and not chromium.overflows(page), address
        page.goto(f"{home}/{id}")
        with page.expect_navigation():
            page.click("text=Show the note")
        assert "asthma" in page.text_content(".text")
        assert chromium.violations(page) == [] and not chromium.overflows(page)
