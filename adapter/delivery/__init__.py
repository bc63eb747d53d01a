"""Bundle -> Receipt: handed to memory, a folder, a stream or a FHIR server.

A sink is anything with `send`. Must not change a Bundle, and must not let its words into an error. `targets`
says who gets Bundles, `opening` opens them, `adapting` makes a Bundle to a target's wishes, `conditional`
sends it, and `retraction` takes it back.
"""

from adapter.delivery.adapting import Wishes, adapt, wishes
from adapter.delivery.conditional import Conditional
from adapter.delivery.local import Collected, Folder, Stream
from adapter.delivery.opening import Open, opened
from adapter.delivery.refusals import ServerRefused, ServerUnavailable
from adapter.delivery.rest import Rest
from adapter.delivery.retraction import reinstated, retract, superseded
from adapter.delivery.server import Server
from adapter.delivery.sink import Sink, send
from adapter.delivery.targets import Target

__all__ = [
    "Collected",
    "Conditional",
    "Folder",
    "Open",
    "Rest",
    "Server",
    "ServerRefused",
    "ServerUnavailable",
    "Sink",
    "Stream",
    "Target",
    "Wishes",
    "adapt",
    "opened",
    "reinstated",
    "retract",
    "send",
    "superseded",
    "wishes",
]
