"""A long note on the page Try: when it is first painted, and how soon what a person does is seen.

    python benchmarks/workbench.py [--store STORE] [--rounds 3]

Starts `notewright workbench` and Debian's Chromium (Playwright drives it), tries a note of 30,000 characters
with some 600 findings, and prints medians. Painting is counted from when the answer began to come; what a
person does, from the event to the next frame, as the browser's own Event Timing tells it (in steps of 8 ms,
from 16 ms on; 0 is less).
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

CHARACTERS, PARAGRAPHS = 30_000, 50
SAID = (
    "She denies chest pain, fever and cough. History of asthma and hypertension. Aspirin 100 mg daily was "
    "stopped. Her mother had breast cancer. Possible pneumonia was ruled out by chest X-ray. Type 2 diabetes "
    "mellitus with chronic kidney disease; creatinine 1.6 mg/dL. "
)
FILLED = (
    "The appointment was arranged by the office, and the letter went to the family doctor that afternoon. "
    "Everything was talked over at length, all questions were answered, and the next visit is in the spring. "
)
TIMED = """() => {
  window.durations = [];
  window.observer = new PerformanceObserver((list) => {
    for (const one of list.getEntries()) window.durations.push(one.duration);
  });
  window.observer.observe({ type: "event", durationThreshold: 16 });
}"""
PAINTED = """() => {
  const [came] = performance.getEntriesByType("navigation");
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  return [came.responseStart, came.responseEnd, paint.startTime, came.domInteractive, came.loadEventEnd];
}"""


def note() -> str:
    """Paragraphs of findings between lines that tell none, so long as is wanted."""
    room = CHARACTERS // PARAGRAPHS - len(SAID) - 1
    return "\n".join(SAID + (FILLED * 4)[:room] for _ in range(PARAGRAPHS))


@contextmanager
def workbench(store: str | None) -> Iterator[str]:
    """The address of a workbench of its own."""
    command = [sys.executable, "-m", "adapter", "workbench", "--port", "0", "--language", "en"]
    more = ["--terminology", store] if store else []
    with subprocess.Popen([*command, *more], stderr=subprocess.PIPE, text=True) as process:
        try:
            said = (re.search(r"workbench is at (\S+)", line) for line in process.stderr or ())
            yield next(found[1] for found in said if found)
        finally:
            process.terminate()


def timed(page: Page, act: object) -> float:
    """Milliseconds of the longest answer to what is done."""
    page.evaluate(TIMED)
    act()  # type: ignore[operator]
    page.wait_for_timeout(500)
    found = page.evaluate("() => { observer.disconnect(); return durations; }")
    return max(found, default=0.0)  # what is below 16 ms is not told


def measured(page: Page, address: str) -> dict[str, float]:
    """One round."""
    page.goto(f"{address}/try")
    page.fill("#text", note())
    with page.expect_navigation():
        page.click("button.main")
    page.wait_for_load_state("load")
    page.wait_for_timeout(1_000)
    start, end, paint, interactive, load = page.evaluate(PAINTED)
    spans, rows = page.locator(".note .s.f"), page.locator("#findings > details")
    found = {
        "characters": float(len(note())),
        "findings": float(rows.count()),
        "megabytes of the page": len(page.content()) / 1e6,
        "whole answer there after": end - start,
        "first contentful paint after": paint - start,
        "ready for what is done after": interactive - start,
        "loaded after": load - start,
        "click on a span": timed(page, lambda: spans.nth(300).click()),
        "point at a span": timed(page, lambda: spans.nth(310).hover()),
        "switch a kind off": timed(page, page.locator("button[data-kind]").first.click),
        "type in the field": timed(page, lambda: page.locator("#find").press_sequentially("ast")),
    }
    page.fill("#find", "")
    page.locator("#findings summary[tabindex='0']").focus()
    found["arrow key"] = timed(page, lambda: page.keyboard.press("ArrowDown"))
    found["open a finding"] = timed(page, lambda: page.keyboard.press("Enter"))
    return found


def main() -> None:
    """Prints the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--store", help="terminology store; default: the shipped one, built when first needed"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with workbench(options.store) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        rounds = []
        for _ in range(options.rounds):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(600_000)
            rounds.append(measured(page, address))
            page.close()
        browser.close()
    for name in rounds[0]:
        middle = statistics.median(one[name] for one in rounds)
        unit = "" if name in ("characters", "findings") or "megabytes" in name else " ms"
        print(f"{name:32} {middle:10,.1f}{unit}")


if __name__ == "__main__":
    main()
