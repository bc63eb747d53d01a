"""The page in a real browser: its policy lets its own script run, and the script ties the panes together."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workbench.served_pages import serving

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--virtual-time-budget=4000", "--dump-dom"),
)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here (Debian's package chromium)")


def dom(address: str, folder: Path) -> str:
    """The page as it stands once its script has run."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={folder}", address]
    return subprocess.run(command, capture_output=True, check=True, timeout=120, text=True).stdout


def test_an_address_opens_its_finding_in_every_pane(pipeline, tmp_path):
    with serving(pipeline) as origin:
        page = dom(f"{origin}/workbench/try?example=en-discharge#finding-1", tmp_path)
    assert re.search(r'<details class="item [^"]*chosen[^"]*" id="f1"[^>]* open', page)
    assert re.search(r'<span class="s [^"]*chosen[^"]*" data-f="1"', page)
    assert page.count('tabindex="0"') < 50 < page.count('tabindex="-1"')  # one stop a list, not one a row
