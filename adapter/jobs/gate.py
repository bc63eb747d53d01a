"""Who may use the model next: somebody who waits for the answer goes before a backlog."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Gate:
    """A number of places; whoever is urgent gets the next one that is free."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._urgent = 0  # who wait
        self._ordinary = 0  # who are in, not urgent
        self._lonely = 0  # who wait to be, or are, the only one in that is not urgent
        self._changed = threading.Condition()

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """A place, before everybody who is not urgent."""
        with self._changed:
            self._urgent += 1
            self._changed.wait_for(lambda: self._free > 0)
            self._urgent -= 1
            self._free -= 1
        with self._leaving():
            yield

    @contextmanager
    def ordinary(self) -> Iterator[None]:
        """A place, when nobody urgent waits."""
        with self._entered(lambda: not self._lonely):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A place while nobody else is in but who is urgent."""
        with self._changed:
            self._lonely += 1
        try:
            with self._entered(lambda: not self._ordinary):
                yield
        finally:
            with self._changed:
                self._lonely -= 1
                self._changed.notify_all()

    @contextmanager
    def _entered(self, allowed: Callable[[], bool]) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0 and not self._urgent and allowed())
            self._free -= 1
            self._ordinary += 1
        try:
            with self._leaving():
                yield
        finally:
            with self._changed:
                self._ordinary -= 1
                self._changed.notify_all()

    @contextmanager
    def _leaving(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
