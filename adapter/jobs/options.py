"""How much is done at once, and how patiently."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much at once, and how patient."""

    derive: int = 3  # documents at once in this process
    deliver: int = 4  # deliveries at once to one target from this process
    polling: float = 0.1  # seconds between two looks at a queue
    beat: float = 5.0  # seconds between two signs of life; three missed and a worker counts as dead
    overdue: float = 30.0  # seconds after which what nobody took up is put up again
    retention: float = 3600.0  # seconds finished workflows are kept
