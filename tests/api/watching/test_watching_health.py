import threading
import time

from adapter.api.watching.health import Check, livez, readyz


def fails():
    raise OSError("/var/lib/notewright/store.sqlite: password=secret")


def test_alive():
    assert (livez().status, livez().body) == (200, {"status": "alive"})


def test_ready_when_all_checks_pass():
    told = readyz([Check(name="model", run=lambda: True), Check(name="store", run=lambda: None)])
    assert told.status == 200
    assert told.body == {"status": "ready", "checks": {"model": "ok", "store": "ok"}}


def test_not_ready_says_which_but_not_why():
    told = readyz([Check(name="model", run=lambda: False), Check(name="database", run=fails)])
    assert told.status == 503
    assert told.body == {"status": "not-ready", "checks": {"model": "failed", "database": "failed"}}


def test_a_check_that_hangs_is_bounded_started_once_and_recovers():
    release, runs = threading.Event(), []

    def hangs():
        runs.append(1)
        release.wait(30)

    slow = [Check(name="database", run=hangs, seconds=0.1), Check(name="store", run=hangs, seconds=0.1)]
    begun = time.monotonic()
    answers = [readyz(slow) for _ in range(5)]
    assert time.monotonic() - begun < 25
    assert [one.body["checks"]["database"] for one in answers] == ["slow"] * 5
    assert len(runs) == 2
    release.set()
    time.sleep(0.05)
    assert readyz(slow).status == 200
