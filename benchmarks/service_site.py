"""A whole site on loopback for the crash and load tests: servers to deliver to, the service, its clients.

A start of the service is a fork of a process that has read the modules (multiprocessing's fork server), which
takes a fourth of the CPU of a start from nothing; everything else of it is as on the command line.
"""

import base64
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx

from adapter import cli

HERE = Path(__file__).parent
SYSTEM = "urn:example:crash"
READY = 120.0  # seconds a process may take until it answers

SITE = """[server]
rate = 100000.0
burst = 100000
shutdown = 5
[work]
beat = {beat}
overdue = {overdue}
"""

TARGET = """[targets.{name}]
url = "http://127.0.0.1:{port}"
timeout = 2.0
retry = {{ attempts = 40, first = 0.2, longest = 5.0 }}
"""


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def document(number: int | str, text: str) -> dict[str, Any]:
    """A small DocumentReference of its own."""
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "identifier": [{"system": SYSTEM, "value": f"{number}"}],
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "subject": {"reference": f"Patient/{number}"},
        "date": "2026-03-07T14:05:00Z",
        "content": [{"attachment": {"contentType": "text/plain", "language": "en", "data": data}}],
    }


@dataclass(kw_only=True)
class Process:
    """A server or worker of ours that can be killed and started again."""

    command: Sequence[str]
    log: Path
    ready: str | None = None  # what answers 200 when it is ready; None: nothing to ask
    said: str = ""  # what it says when it is ready, where there is nothing to ask
    kills: int = 0
    starts: list[float] = field(default_factory=list)  # seconds each start took, where it was not cut off
    running: ForkServerProcess | None = None
    begun: float = 0.0
    before: int = 0  # bytes of the log when it was started
    waiting: bool = False

    def start(self) -> None:
        """The process runs; it may not be ready yet."""
        self.before = self.log.stat().st_size if self.log.exists() else 0
        self.begun, self.waiting = time.monotonic(), True
        self.running = _context().Process(target=_run, args=(list(self.command), str(self.log)))
        self.running.start()

    def kill(self) -> None:
        """The process is gone, in the middle of whatever it did."""
        assert self.running is not None
        self.running.kill()
        self.running.join()
        self.kills += 1

    def look(self, client: httpx.Client) -> bool:
        """Whether it is ready; the time of its start is kept when it just became so."""
        if self.waiting and self._answers(client):
            self.starts.append(time.monotonic() - self.begun)
            self.waiting = False
        return not self.waiting

    def _answers(self, client: httpx.Client) -> bool:
        if self.ready is None:
            return self.log.exists() and self.said.encode() in self.log.read_bytes()[self.before :]
        try:
            return client.get(self.ready, timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    def ended(self) -> bool:
        """Whether it ended without being killed: it must not."""
        return self.running is not None and self.running.exitcode is not None

    def stop(self) -> float:
        """It ends as it should; the seconds that took."""
        begun = time.monotonic()
        if self.running is not None and not self.ended():
            self.running.terminate()
            self.running.join(30)
            self.running.kill()
            self.running.join()
        return time.monotonic() - begun


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where everything is."""

    base: str  # of our FHIR endpoint
    server: Process
    workers: tuple[Process, ...]
    targets: Mapping[str, str]  # name -> URL

    @property
    def processes(self) -> tuple[Process, ...]:
        """Server and workers."""
        return (self.server, *self.workers)

    def await_ready(self) -> None:
        """Server and workers are ready. TimeoutError when they are not."""
        until = time.monotonic() + READY
        with httpx.Client() as client:
            while not all([one.look(client) for one in self.processes]):
                if time.monotonic() > until or any(one.ended() for one in self.processes):
                    raise TimeoutError(f"a process is not ready, see {self.server.log.parent}")
                time.sleep(0.02)

    def tallies(self) -> dict[str, dict[str, Any]]:
        """What every target has."""
        return {name: httpx.get(f"{url}/_tally", timeout=60).json() for name, url in self.targets.items()}


@contextmanager
def running(
    folder: Path,
    database: str,
    store: Path,
    *,
    manners: Sequence[str] = ("sound",),
    workers: int = 0,
    beat: float = 5.0,
    overdue: float = 30.0,
    more: Sequence[str] = (),
) -> Iterator[Site]:
    """The site, ready; everything ends with the context."""
    with ExitStack() as stack:
        targets = {manner: _target(stack, manner, number) for number, manner in enumerate(manners)}
        lines = [TARGET.format(name=name, port=url.rpartition(":")[2]) for name, url in targets.items()]
        (folder / "targets.toml").write_text("".join(lines), "utf-8")
        (folder / "site.toml").write_text(SITE.format(beat=beat, overdue=overdue), "utf-8")
        port = free_port()
        common = ["--database", database, "--terminology", str(store), "--log-level", "WARNING", *more]
        common += ["--targets", str(folder / "targets.toml"), "--site", str(folder / "site.toml")]
        serve = ["serve", "--insecure-local", "--port", str(port), *common]
        server = Process(
            command=[*serve, *(["--workers"] if workers else [])],
            log=folder / "server.log",
            ready=f"http://127.0.0.1:{port}/readyz",
        )
        helpers = tuple(
            Process(command=["worker", *common], log=folder / f"worker{n}.log", said="working")
            for n in range(workers)
        )
        site = Site(base=f"http://127.0.0.1:{port}/fhir", server=server, workers=helpers, targets=targets)
        for one in site.processes:
            stack.callback(one.stop)
            one.start()
        site.await_ready()
        yield site


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["adapter.cli.serve"])
    return context


def _run(command: list[str], log: str) -> None:
    """What the new process does: the command line, its words in the log."""
    with open(log, "ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(cli.main(command))


def _target(stack: ExitStack, manner: str, seed: int) -> str:
    port = free_port()
    command = [sys.executable, str(HERE / "service_target.py"), "--port", str(port), "--manner", manner]
    process = subprocess.Popen([*command, "--seed", str(seed)])
    stack.callback(process.wait)
    stack.callback(process.kill)
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx.get(f"{url}/metadata")
            return url
        except httpx.HTTPError:
            time.sleep(0.05)
    raise TimeoutError("a target does not start")


class Client:
    """An EHR that posts a document until it is told that it was taken."""

    def __init__(self, base: str) -> None:
        self._base, self._client = base, httpx.Client(timeout=10.0)
        self.retries = 0

    def post(self, number: int | str, text: str, *, stopped: threading.Event) -> float | None:
        """Seconds of the attempt that was answered 2xx; None when it was stopped before."""
        body = json.dumps(document(number, text)).encode()
        headers = {
            "Content-Type": "application/fhir+json",
            "If-None-Exist": f"identifier={SYSTEM}|{number}",
        }
        while not stopped.is_set():
            begun = time.monotonic()
            try:
                answer = self._client.post(f"{self._base}/DocumentReference", content=body, headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                return time.monotonic() - begun
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                raise RuntimeError(f"refused: {answer.status_code} {answer.text[:300]}")
            self.retries += 1
            stopped.wait(0.2)
        return None


def memory(pid: int) -> tuple[int, int]:
    """Bytes of resident memory of a process: its own, and of files it has mapped.

    The terminology store is mapped by each thread that reads it, and counted as often; it is there once.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    lines = dict(line.split(":", 1) for line in status.splitlines())
    own, mapped = (int(lines[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile"))
    return own, mapped
