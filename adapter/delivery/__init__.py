"""Bundle -> Receipt: handed to memory, a folder, a stream or a FHIR server.

A sink is anything with `send`. Must not change a Bundle, and must not let its words into an error.
"""

from adapter.delivery.local import Collected, Folder, Stream
from adapter.delivery.server import Server
from adapter.delivery.sink import Sink, send

__all__ = ["Collected", "Folder", "Server", "Sink", "Stream", "send"]
