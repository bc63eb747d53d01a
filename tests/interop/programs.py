"""The programs the tests here run: Node packages from their lock files, servers on the loopback."""

import base64
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests import services

HERE = Path(__file__).parent
SWITCH = "INTEROP"  # "1": Node packages may be installed
T = TypeVar("T")


def packages(name: str, temporary: Callable[[str], Path]) -> Path:
    """A folder with the files of tests/interop/<name> and its node_modules.

    They are there already, or installed into a temporary folder when INTEROP=1; else the test is skipped.
    """
    folder = HERE / name
    if (folder / "node_modules").is_dir():
        return folder
    if os.environ.get(SWITCH) != "1":
        pytest.skip(f"no node_modules in tests/interop/{name}; `make interop` installs them")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    copy = temporary(name)
    for path in folder.iterdir():
        shutil.copy(path, copy)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=copy, check=True)
    return copy


def node(folder: Path, least: int = 22) -> str:
    """Node of the packages, else of this machine; the test is skipped if it is older than that."""
    own = folder / "node_modules" / ".bin" / "node"
    found = str(own) if own.is_file() else shutil.which("node")
    if found is None:
        pytest.skip("Node is not installed")
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(told.removeprefix("v").split(".")[0]) < least:
        pytest.skip(f"Node {least} or later is needed; this is {told.strip()}")
    return found


@contextmanager
def medplum(folder: Path, *options: str) -> Iterator[str]:
    """The base URL of an empty Medplum server."""
    command = [node(folder), str(folder / "server.mjs"), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdin
        told = process.stdout.readline().split()
        assert told[:1] == ["listening"], "the server did not start"
        try:
            yield f"http://127.0.0.1:{told[1]}/fhir"
        finally:
            process.stdin.close()  # it ends by itself then


@contextmanager
def notewright(folder: Path, store: Path, targets: str = "", **environment: str) -> Iterator[str]:
    """The FHIR base URL of `notewright serve` with these targets, a process of its own."""
    (folder / "targets.toml").write_text(targets or "[targets]\n")
    port = services.free_port()
    options = {
        "--port": str(port),
        "--database": f"sqlite:///{folder}/ledger.sqlite",
        "--targets": str(folder / "targets.toml"),
        "--terminology": str(store),
    }
    command = [sys.executable, "-m", "adapter", "serve", "--insecure-local"]
    command += [part for pair in options.items() for part in pair]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, env=_environment(environment))
        try:
            eventually(lambda: _answers(f"http://127.0.0.1:{port}/readyz", process))
            yield f"http://127.0.0.1:{port}/fhir"
        finally:
            process.terminate()
            process.wait(30)


def eventually(look: Callable[[], T], seconds: float = 120) -> T:
    """What `look` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > end:
            assert found, "it did not happen in time"
            return found
        time.sleep(0.05)


def ask(method: str, url: str, **more: Any) -> httpx.Response:
    """The answer of a server on the loopback; no certificates are read for it."""
    return httpx.request(method, url, verify=False, trust_env=False, timeout=60, **more)


def everything(base: str, *kinds: str) -> list[dict[str, Any]]:
    """All resources of these kinds at a server."""
    pages = [ask("GET", f"{base}/{kind}", params={"_count": "1000"}).json() for kind in kinds]
    return [entry["resource"] for page in pages for entry in page.get("entry", [])]


def document(text: str, name: str) -> dict[str, Any]:
    """A DocumentReference with this text and a business identifier of this name."""
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "identifier": [{"system": "urn:oid:2.25.307112394701", "value": name}],
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "subject": {"reference": "Patient/example"},
        "content": [{"attachment": {"contentType": "text/plain", "language": "en", "data": data}}],
    }


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "notewright serve ended"
    try:
        return ask("GET", url).status_code == 200
    except httpx.TransportError:
        return False


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("NOTEWRIGHT_")} | more
