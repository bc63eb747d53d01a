"""Debian's Chromium, driven by Playwright: what a person does at a page, and what axe-core finds there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@contextmanager
def opened(
    address: str, *, width: int = 1280, scheme: str = "light", script: bool = True, quiet: bool = True
) -> Iterator["Page"]:
    """A page at an address; unless it is not `quiet`, whatever it complains of fails the test.

    Skips where there is no browser.
    """
    if PROGRAM is None:
        pytest.skip("no Chromium here (Debian's package chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="no Playwright here (the extra dev)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=list(FLAGS))
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        context.set_default_timeout(60_000)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda one: said.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        yield page
        browser.close()
    assert not quiet or not said, said


def violations(page: "Page") -> list[str]:
    """What axe-core finds wrong with a page as it stands: rule and first element."""
    base = pytest.importorskip("axe_playwright_python.base", reason="no axe-core here (the extra dev)")
    session = page.context.new_cdp_session(page)  # past the policy of the page, which lets no script in
    session.send("Runtime.evaluate", {"expression": base.AXE_SCRIPT})
    page.wait_for_load_state()
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", list(RULES))
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]


def until(page: "Page", condition: str) -> None:
    """Waits until an expression is true on the page.

    As a function it is read once, on the driver's side; an expression is read again at each
    look, which the policy of our pages forbids from the second on.
    """
    page.wait_for_function(f"() => {condition}")


def overflows(page: "Page") -> bool:
    """Whether the page must be moved sideways to be read."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
