"""The service under load: documents a second, waits, memory, $extract beside a backfill, where the time goes.

python benchmarks/service_load.py --store store.sqlite [--minutes 10] [--clients 8 | --rate 2.5]
    [--note-characters 1300] [--database sqlite|postgresql] [--backfill 200] [--profile py-spy]

Closed loop: each client posts a document and waits until it is at the target before it posts the next. With
`--rate`: that many documents a second, whatever becomes of them. With `--profile`, the named py-spy samples
the service for a minute.
"""

import argparse
import json
import queue
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from service_crash import database_url
from service_site import Site, document, memory, running

SENTENCES = (
    "The patient is a 67-year-old man with type 2 diabetes and hypertension.",
    "He was admitted with shortness of breath and a productive cough for three days.",
    "No chest pain, no fever, no weight loss.",
    "Past history of myocardial infarction in 2014 and appendectomy.",
    "His mother had breast cancer; his father died of a stroke.",
    "Allergies: penicillin, which gave him a rash.",
    "Metformin 500 mg twice a day, ramipril 5 mg once a day, aspirin 100 mg.",
    "Blood pressure 142/88 mmHg, heart rate 92 per minute, temperature 37.4 C.",
    "Lungs with crackles at the right base; heart sounds are normal.",
    "Haemoglobin 11.2 g/dL, creatinine 1.3 mg/dL, sodium 138 mmol/L.",
    "The chest radiograph shows an infiltrate of the right lower lobe.",
    "Assessment: community-acquired pneumonia; pulmonary embolism is unlikely.",
    "He smokes ten cigarettes a day and drinks alcohol on weekends.",
    "Plan: amoxicillin is avoided; start doxycycline 100 mg twice a day.",
    "Physiotherapy; follow-up in two weeks; echocardiography if oedema persists.",
)


@dataclass(kw_only=True)
class Load:
    """What was posted and what arrived."""

    characters: int
    dice: random.Random
    posted: dict[str, float] = field(default_factory=dict)  # document -> Unix time
    acknowledged: list[float] = field(default_factory=list)  # seconds
    delivered: list[float] = field(default_factory=list)  # seconds
    early: dict[str, float] = field(default_factory=dict)  # arrived before the client knew the id
    failed: Counter[str] = field(default_factory=Counter)
    places: "queue.Queue[None]" = field(default_factory=queue.Queue)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self) -> str:
        """A note of about the length asked for, like no other."""
        with self.lock:
            lines = [f"Note {self.dice.getrandbits(40)}."]
            while sum(map(len, lines)) + len(lines) < self.characters:
                lines.append(self.dice.choice(SENTENCES))
        return " ".join(lines)[: self.characters]


def post(load: Load, site: Site, client: httpx.Client) -> None:
    """One document."""
    name = f"{time.time_ns()}-{threading.get_ident()}"
    body = json.dumps(document(name, load.note())).encode()
    headers = {"Content-Type": "application/fhir+json"}
    begun, clock = time.time(), time.perf_counter()
    try:
        answer = client.post(f"{site.base}/DocumentReference", content=body, headers=headers)
    except httpx.HTTPError as error:
        load.failed[type(error).__name__] += 1
        return
    seconds = time.perf_counter() - clock
    if answer.status_code != 201:
        load.failed[str(answer.status_code)] += 1
        return
    known_as = (name, f"DocumentReference/{answer.json()['id']}")  # one of them is what the target is told
    with load.lock:
        load.acknowledged.append(seconds)
        for one in known_as:
            load.posted[one] = begun
            if (at := load.early.pop(one, None)) is not None:
                load.delivered.append(at - begun)


def closed(load: Load, site: Site) -> None:
    """A client that posts whenever one of the places is free."""
    with httpx.Client(timeout=60.0) as client:
        while not load.stopped.is_set():
            try:
                load.places.get(timeout=0.5)
            except queue.Empty:
                continue
            post(load, site, client)


def paced(load: Load, site: Site, rate: float) -> None:
    """Puts up a place at a rate, for clients to take."""
    due = time.monotonic()
    while not load.stopped.is_set():
        load.places.put(None)
        due += 1 / rate
        load.stopped.wait(max(0.0, due - time.monotonic()))


def watch(load: Load, url: str, *, again: bool) -> None:
    """Notes what arrives at the target; `again`: each arrival frees a place."""
    seen = 0
    with httpx.Client(timeout=60.0) as client:
        while not load.stopped.wait(0.05):
            for name, at in client.get(f"{url}/_arrivals?{seen}").json()["arrivals"]:
                seen += 1
                with load.lock:
                    if name in load.posted:
                        load.delivered.append(at - load.posted[name])
                    else:
                        load.early[name] = at
                if again:
                    load.places.put(None)


def percentiles(values: Sequence[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    if len(values) < 2:
        return f"{len(values)} values"
    cut = statistics.quantiles(values, n=100, method="inclusive")
    told = ", ".join(f"p{n} {cut[n - 1] * 1000:.0f} ms" for n in (50, 95, 99))
    return f"{told} ({len(values)})"


def extracted(load: Load, site: Site, count: int) -> list[float]:
    """Seconds of each $extract."""
    found = []
    with httpx.Client(timeout=120.0) as client:
        for number in range(count):
            body = document(f"x{number}", load.note())
            begun = time.perf_counter()
            answer = client.post(f"{site.base}/DocumentReference/$extract", json=body)
            answer.raise_for_status()
            found.append(time.perf_counter() - begun)
    return found


def backfill(load: Load, site: Site, count: int) -> int:
    """Documents posted at once as batches: they go after everybody else's."""
    with httpx.Client(timeout=120.0) as client:
        for start in range(0, count, 50):
            entries = [
                {
                    "resource": document(f"b{number}", load.note()),
                    "request": {"method": "POST", "url": "DocumentReference"},
                }
                for number in range(start, min(count, start + 50))
            ]
            body = {"resourceType": "Bundle", "type": "batch", "entry": entries}
            client.post(site.base, json=body).raise_for_status()
    return count


def sampled(site: Site, until: float, every: float) -> Iterator[list[tuple[int, int]]]:
    """Bytes of memory of each process, every so often."""
    while time.monotonic() < until:
        yield [memory(one.running.pid) for one in site.processes if one.running]
        time.sleep(min(every, max(0.0, until - time.monotonic())))


def cpu(site: Site) -> float:
    """Seconds of CPU our processes have used."""
    total = 0.0
    for one in site.processes:
        if one.running:
            fields = Path(f"/proc/{one.running.pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / 100
    return total


def sustained(load: Load, site: Site, args: argparse.Namespace) -> None:
    """The load itself, and what it gave."""
    url = site.targets["sound"]
    threads = [threading.Thread(target=closed, args=(load, site)) for _ in range(args.clients)]
    threads.append(threading.Thread(target=watch, args=(load, url), kwargs={"again": not args.rate}))
    if args.rate:
        threads.append(threading.Thread(target=paced, args=(load, site, args.rate)))
    else:
        for _ in range(args.clients):
            load.places.put(None)
    begun, used = time.monotonic(), cpu(site)
    for one in threads:
        one.start()
    spying = _profile(site, args)
    memories = list(sampled(site, begun + 60 * args.minutes, max(1.0, args.minutes * 60 / 40)))
    done, seconds, used = len(load.delivered), time.monotonic() - begun, cpu(site) - used
    load.stopped.set()
    for one in threads:
        one.join()
    print(f"documents {done} in {seconds:.0f} s: {done / seconds:.2f}/s; failed {dict(load.failed)}")
    print(f"POST acknowledged {percentiles(load.acknowledged)}")
    print(f"POST to delivered {percentiles(load.delivered)}")
    print(f"CPU {used / seconds:.2f} cores, {used / max(1, done):.3f} s a document")
    _memory(memories)
    if spying is not None:
        _where(spying)


def _memory(samples: list[list[tuple[int, int]]]) -> None:
    totals = [sum(own for own, _ in one) / 2**20 for one in samples]
    shown = " ".join(f"{one:.0f}" for one in totals[:: max(1, len(totals) // 10)])
    half = totals[len(totals) // 2 :]
    print(f"memory of its own, MiB: {shown}; second half {half[0]:.0f} to {half[-1]:.0f}")
    mapped = sum(mapped for _, mapped in samples[-1]) / 2**20
    print(f"files mapped at the end, each thread's view counted: {mapped:.0f} MiB")


def _profile(site: Site, args: argparse.Namespace) -> tuple[subprocess.Popen[bytes], Path] | None:
    """py-spy at work on the process that derives."""
    if args.profile is None:
        return None
    process = (site.workers or (site.server,))[0].running
    assert process is not None
    output = Path(tempfile.mkdtemp()) / "stacks.txt"
    seconds = str(max(10, min(60, int(args.minutes * 60) - 10)))
    command = [args.profile, "record", "-p", str(process.pid), "-d", seconds, "-f", "raw", "-o", str(output)]
    return subprocess.Popen(
        [*command, "-r", "50"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ), output


PLACES = (  # the first that a stack holds, counts
    ("model", ("extraction/llama.py", "extraction/classifier.py", "llama_cpp")),
    ("rest of extraction", ("adapter/extraction",)),
    ("coding", ("adapter/coding",)),
    ("context, notes, emission", ("adapter/context", "adapter/notes", "adapter/emission")),
    ("delivery", ("adapter/delivery",)),
    ("ledger", ("adapter/ledger",)),
    ("API", ("adapter/api",)),
    ("DBOS", ("dbos/",)),
)


def _where(spying: tuple[subprocess.Popen[bytes], Path]) -> None:
    """Shares of the samples of threads that were at work."""
    process, output = spying
    process.wait(120)
    shares: Counter[str] = Counter()
    for line in output.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        named = (name for name, parts in PLACES if any(part in stack for part in parts))
        shares[next(named, "other")] += int(count)
    total = sum(shares.values()) or 1
    print(
        "where threads were at work: "
        + ", ".join(f"{name} {n / total:.0%}" for name, n in shares.most_common())
    )


def main() -> None:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rate", type=float, help="documents a second; without: closed loop")
    parser.add_argument("--note-characters", type=int, default=1300)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=1, help="beside the server, with PostgreSQL")
    parser.add_argument("--extracts", type=int, default=50)
    parser.add_argument("--backfill", type=int, default=200)
    parser.add_argument("--profile", help="the py-spy program")
    parser.add_argument("--store", type=Path, required=True, help="terminology store")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    workers = args.workers if args.database == "postgresql" else 0
    load = Load(characters=args.note_characters, dice=random.Random(4))
    with (
        tempfile.TemporaryDirectory() as spare,
        database_url(args.database, Path(spare)) as url,
        running(Path(spare), url, args.store, workers=workers) as site,
    ):
        extracted(load, site, 3)
        print(f"$extract, idle: {percentiles(extracted(load, site, args.extracts))}", flush=True)
        sustained(load, site, args)
        count = backfill(load, site, args.backfill)
        seconds = extracted(load, site, args.extracts)
        print(f"$extract, {count} documents queued: {percentiles(seconds)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
