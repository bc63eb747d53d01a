"""What every target of delivery can do."""

from typing import Protocol

from adapter.model import Receipt, Resource


class Sink(Protocol):
    """A target of delivery."""

    def send(self, bundle: Resource) -> Receipt:
        """Hands a Bundle over: DeliveryError if it was not taken."""
        ...


def send(bundle: Resource, sink: Sink) -> Receipt:
    """The Receipt of a Bundle handed to a sink."""
    return sink.send(bundle)
