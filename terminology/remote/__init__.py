"""Terminology from a FHIR terminology server of the site's own, with what it answered kept in a file.

`open_remote(url, cache=path)` gives a store that is asked like `terminology.Store`. It is the one part of the
library that opens a connection, and only to the server it is given.
"""

from terminology.remote.client import Policy, Unsupported
from terminology.remote.server import Keeping
from terminology.remote.store import MapTarget, RemoteStore, open_remote

__all__ = ["Keeping", "MapTarget", "Policy", "RemoteStore", "Unsupported", "open_remote"]
