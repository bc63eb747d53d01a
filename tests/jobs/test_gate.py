"""Who gets in, in which order."""

import threading
import time
from contextlib import ExitStack

from adapter.jobs import Gate


def enter(way, log, name, leave):
    def run():
        with way():
            log.append(name)
            leave.wait(5)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until(true):
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_who_is_urgent_goes_first():
    gate, log, leave = Gate(1), [], threading.Event()
    leave.set()
    with gate.ordinary():
        threads = [enter(gate.ordinary, log, "ordinary", leave) for _ in range(3)]
        threads.append(enter(gate.urgent, log, "urgent", leave))
        wait_until(lambda: gate._urgent == 1)
    for thread in threads:
        thread.join()
    assert log == ["urgent", "ordinary", "ordinary", "ordinary"]


def test_who_must_be_alone_is_alone_but_for_the_urgent():
    gate, log, leave = Gate(3), [], threading.Event()
    threads = []
    with ExitStack() as stack:
        stack.enter_context(gate.ordinary())
        threads.append(enter(gate.alone, log, "alone", leave))
        wait_until(lambda: gate._lonely == 1)
        threads.append(enter(gate.ordinary, log, "ordinary", leave))
        threads.append(enter(gate.urgent, log, "urgent", leave))
        wait_until(lambda: log == ["urgent"])
    wait_until(lambda: log == ["urgent", "alone"])
    time.sleep(0.05)
    assert "ordinary" not in log
    leave.set()
    for thread in threads:
        thread.join()
    assert log[-1] == "ordinary"


def test_whoever_fails_inside_leaves_the_place():
    gate = Gate(1)
    for way in (gate.urgent, gate.ordinary, gate.alone):
        try:
            with way():
                raise ValueError
        except ValueError:
            pass
    with gate.alone():
        pass
