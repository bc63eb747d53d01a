"""Kills the service again and again while documents come in, then counts what every target has.

python benchmarks/service_crash.py [--documents 2000] [--kills 200] [--database sqlite|postgresql]
    [--workers 2] [--clients 4] [--store store.sqlite] [--folder FOLDER]

Server and workers are killed with SIGKILL at random moments of their work, one time in five of their start.
Three targets: one answers 429, 500 and 503, one hangs up or keeps silent before or after it did its work, one
knows no conditional interactions. PostgreSQL is a server of the test's own.
Every document that was accepted must be at every target with exactly the resources of the ledger's Bundle.
"""

import argparse
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import service_target
from service_site import SYSTEM, Client, Site, running
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parent.parent))
from adapter import ledger
from adapter.ledger import deliveries, resources, work
from adapter.ledger.index import criterion
from tests import services

MANNERS = ("busy", "dropping", "plain")
LINES = (
    "Assessment: asthma. Seen in room {n}.",
    "Assessment: pneumonia. No fever. Case {n}.",
    "History: type 2 diabetes, hypertension. Visit {n}.",
    "Medications: metformin 500 mg twice a day. Page {n}.",
)
AHEAD = 20  # documents posted before their share of the kills


@dataclass(kw_only=True)
class Run:
    """What goes on."""

    documents: int
    kills: int
    dice: random.Random
    killed: int = 0
    repeated: int = 0
    accepted: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def allowed(self) -> float:
        """How many documents may have been posted by now: they are spread over the kills."""
        return AHEAD + self.documents * self.killed / self.kills if self.kills else self.documents


def line(number: int) -> str:
    """The note of a document."""
    return LINES[number % len(LINES)].format(n=number)


def post(run: Run, site: Site, numbers: range) -> None:
    """One client's documents are posted."""
    client = Client(site.base)
    try:
        for number in numbers:
            while number > run.allowed() and not run.stopped.wait(0.05):
                pass
            if client.post(number, line(number), stopped=run.stopped) is None:
                break
            with run.lock:
                run.accepted.append(number)
    except Exception as error:
        run.errors.append(f"client: {error}")
    with run.lock:
        run.repeated += client.retries


def kill(run: Run, site: Site, longest: float) -> None:
    """Kills one process after the other: one time in five while it starts, else while it works."""
    with httpx.Client() as client:
        while run.killed < run.kills and not run.stopped.is_set():
            one = run.dice.choice(site.processes)
            starting = run.dice.random() < 0.2
            until = time.monotonic() + run.dice.uniform(0.0, longest)
            while time.monotonic() < until or not (starting or one.look(client)):
                ready = [other.look(client) for other in site.processes][site.processes.index(one)]
                if one.ended():
                    run.errors.append(f"{one.log.name}: ended by itself")
                    break
                if not ready and not starting:
                    until = time.monotonic() + run.dice.uniform(0.0, longest)
                time.sleep(0.02)
            one.kill()
            run.killed += 1
            one.start()
            if run.killed % 10 == 0:
                print(f"  {run.killed} kills, {len(run.accepted)} documents accepted", flush=True)


def drain(database: ledger.Database, patience: float) -> bool:
    """Waits until the ledger has nothing waiting; whether it came to that."""
    until, told = time.monotonic() + patience, 0.0
    while time.monotonic() < until:
        with database.reading() as tx:
            documents, sent = work.counts(tx), deliveries.counts(tx)
        open_ones = Counter({state: count for state, count in documents.items() if state == work.ACCEPTED})
        for (target, state), count in sent.items():
            if state in (deliveries.WAITING, deliveries.SENDING):
                open_ones[f"{target} {state}"] += count
        if not open_ones:
            return True
        if time.monotonic() - told > 10:
            told = time.monotonic()
            print(f"  waiting: {dict(open_ones)}", flush=True)
        time.sleep(0.2)
    return False


def check(run: Run, site: Site, database: ledger.Database) -> list[str]:
    """What is wrong."""
    wrong = list(run.errors)
    if len(run.accepted) != run.documents or len(set(run.accepted)) != run.documents:
        wrong.append(f"{len(run.accepted)} of {run.documents} documents were accepted")
    expected, more = _ledger(run, database)
    wrong += more
    for name, tally in site.tallies().items():
        print(f"target {name}: {tally['counted']}")
        wrong += [f"{name}: {one} is there twice" for one in tally["twice"]]
        there: dict[str, list[str]] = tally["documents"]
        for number, wanted in expected.items():
            if sorted(there.get(number, [])) != sorted(wanted):
                wrong.append(f"{name}: document {number} has {len(there.get(number, []))} of {len(wanted)}")
        wrong += [f"{name}: {number} was never accepted" for number in there.keys() - expected.keys()]
    return wrong


def _ledger(run: Run, database: ledger.Database) -> tuple[dict[str, list[str]], list[str]]:
    """The identifiers of each document's findings and Provenance; what is wrong in the ledger itself."""
    wrong: list[str] = []
    expected: dict[str, list[str]] = {}
    with database.reading() as tx:
        print(f"ledger: documents {work.counts(tx)}, deliveries {deliveries.counts(tx)}")
        for number in run.accepted:
            wanted = [criterion("DocumentReference", "identifier", f"{SYSTEM}|{number}")]
            found = resources.search(tx, "DocumentReference", wanted).found
            if len(found) != 1:
                wrong.append(f"document {number} is in the ledger {len(found)} times")
                continue
            done = work.read(tx, found[0].id, 1)
            entries = ((done.bundles or {}).get("r4") or {}).get("entry", [])
            if done.state != work.EXTRACTED or not entries:
                wrong.append(f"document {number} is {done.state}")
            kept = [one for one in entries if one["resource"]["resourceType"] != "Device"]
            owners = {service_target.document(one["resource"]) for one in kept}
            if len(owners) != 1:
                wrong.append(f"the resources of document {number} name {len(owners)} documents")
                continue
            expected[str(owners.pop())] = [one["fullUrl"].removeprefix("urn:uuid:") for one in kept]
        states = {one.state for one in deliveries.listed(tx, ("waiting", "sending", "dead"))}
        wrong += [f"deliveries are {state}" for state in states]
    return expected, wrong


def figures(run: Run, site: Site, database: ledger.Database, seconds: float) -> None:
    """Prints what happened."""
    starts = [one for process in site.processes for one in process.starts]
    kills = ", ".join(f"{process.log.stem} {process.kills}" for process in site.processes)
    print(f"kills {run.killed} ({kills}), documents {len(run.accepted)}, posts repeated {run.repeated}")
    print(f"time {seconds:.0f} s, start to ready {statistics.mean(starts):.2f} s (mean of {len(starts)})")
    with database.reading() as tx:
        for table, column in (("nw_work", "attempts"), ("nw_work", "hop"), ("nw_delivery", "attempts"),
                              ("nw_delivery", "hop")):  # fmt: skip
            most = tx.connection.execute(text(f"SELECT max({column}) FROM {table}")).scalar()
            print(f"most {column} in {table} {most}", end="; ")
        rows = tx.connection.execute(
            text(f"SELECT status, count(*) FROM {_status(database)} GROUP BY status")
        )
        print(f"workflows { {row[0]: row[1] for row in rows} }")


def _status(database: ledger.Database) -> str:
    return "dbos.workflow_status" if database.shared else "workflow_status"


def settled(database: ledger.Database) -> list[str]:
    """What is wrong with the workflows once nothing waits."""
    until = time.monotonic() + 60
    alive = "('ENQUEUED', 'DELAYED', 'PENDING')"
    while True:
        with database.reading() as tx:
            query = f"SELECT count(*) FROM {_status(database)} WHERE status IN {alive}"
            left = tx.connection.execute(text(query)).scalar()
        if not left:
            return []
        if time.monotonic() > until:
            return [f"{left} workflows are not done"]
        time.sleep(0.5)


@contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'ledger.sqlite'}"
        return
    programs = services.postgres_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is not installed")
    with services.postgres(programs) as url:
        yield f"{url}/postgres"


def tested(args: argparse.Namespace, folder: Path, url: str) -> list[str]:
    """The whole test; what is wrong."""
    workers = args.workers if args.database == "postgresql" else 0
    run = Run(documents=args.documents, kills=args.kills, dice=random.Random(args.seed))
    begun = time.monotonic()
    with (
        running(folder, url, args.store, manners=MANNERS, workers=workers, beat=1.0, overdue=5.0) as site,
        ledger.opened(url) as database,
    ):
        shares = [range(n, run.documents, args.clients) for n in range(args.clients)]
        clients = [threading.Thread(target=post, args=(run, site, share)) for share in shares]
        for one in clients:
            one.start()
        try:
            kill(run, site, args.longest)
            for one in clients:
                one.join(args.patience)
            done = drain(database, args.patience)
            seconds = time.monotonic() - begun
            wrong = [] if done else ["the ledger still has something waiting"]
            wrong += settled(database) if done else []
            figures(run, site, database, seconds)
            return wrong + check(run, site, database)
        finally:
            run.stopped.set()


def main() -> int:
    """Prints figures; 1 when a document was lost or is somewhere twice."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=2, help="beside the server, with PostgreSQL")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds of work until a kill, at most")
    parser.add_argument("--patience", type=float, default=900.0, help="seconds for what waits at the end")
    parser.add_argument("--store", type=Path, required=True, help="terminology store")
    parser.add_argument("--folder", type=Path, help="where database and logs are kept")
    parser.add_argument("--seed", type=int, default=4)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as spare:
        folder = args.folder or Path(spare)
        folder.mkdir(parents=True, exist_ok=True)
        with database_url(args.database, folder) as url:
            wrong = tested(args, folder, url)
    print("\n".join(["WRONG", *wrong[:20]]) if wrong else "every document is at every target, once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
