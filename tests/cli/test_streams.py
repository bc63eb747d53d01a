import io
import threading

from adapter.cli import streams


def test_lines_are_numbered_and_empty_ones_skipped() -> None:
    found = list(streams.lines(io.BytesIO(b"a\n\n b \r\nc"), 10))
    assert [(one.number, one.data) for one in found] == [(1, b"a\n"), (3, b" b \r\n"), (4, b"c")]


def test_a_long_line_is_skipped_and_the_next_is_read() -> None:
    found = list(streams.lines(io.BytesIO(b"x" * 50 + b"\nshort\n" + b"y" * 50), 10))
    assert [(one.number, one.data) for one in found] == [(1, None), (2, b"short\n"), (3, None)]


def test_results_come_in_order_and_only_a_few_are_worked_ahead() -> None:
    taken, lock = 0, threading.Lock()

    def items():  # type: ignore[no-untyped-def]
        nonlocal taken
        for number in range(1000):
            with lock:
                taken += 1
            yield number

    results = streams.ordered(lambda number: number * 2, items(), 3)
    assert next(results) == 0
    assert taken <= 10
    assert list(results) == [2 * number for number in range(1, 1000)]


def test_one_worker_needs_no_thread() -> None:
    assert list(streams.ordered(lambda number: number + 1, [1, 2], 1)) == [2, 3]
