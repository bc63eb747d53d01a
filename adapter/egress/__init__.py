"""The one way to call a URL that somebody else chose: of an attachment, an endpoint, a manifest, a key set.

Nothing is allowed that a Policy does not name. Must not know what is called for, and must never let a URL, a
credential or what came back into a message.
"""

from adapter.egress.attachments import Fetch, Local, inlined
from adapter.egress.binaries import SourceServer
from adapter.egress.fetching import Fetched, check_endpoint, checked_headers, fetch
from adapter.egress.guard import Guard
from adapter.egress.policy import Allowed, Policy, allowing
from adapter.egress.resolving import Resolver, SystemResolver
from adapter.egress.urls import Target, parsed

__all__ = [
    "Allowed",
    "Fetch",
    "Fetched",
    "Guard",
    "Local",
    "Policy",
    "Resolver",
    "SourceServer",
    "SystemResolver",
    "Target",
    "allowing",
    "check_endpoint",
    "checked_headers",
    "fetch",
    "inlined",
    "parsed",
]
