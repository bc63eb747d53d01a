"""The body of an answer, never more of it than was allowed: neither on the wire nor unpacked."""

import zlib
from collections.abc import Iterable, Iterator

import httpcore
import httpx

from adapter.errors import EgressRefused

GZIP = 16 + zlib.MAX_WBITS


def unpacked(chunks: Iterable[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """The content of a body; EgressRefused over the limit, httpcore.ProtocolError when it is broken."""
    received = bounded(chunks, limit)
    return received if encoding == "identity" else _gunzipped(received, limit)


def encoding(headers: httpx.Headers) -> str:
    """How a body is packed, "identity" or "gzip"; EgressRefused for anything else."""
    said = headers.get("Content-Encoding", "").strip().lower()
    known = {"": "identity", "identity": "identity", "gzip": "gzip", "x-gzip": "gzip"}.get(said)
    if known is None:
        raise EgressRefused("the answer is packed in a way that was not asked for", rule="content-encoding")
    return known


def announced(headers: httpx.Headers, limit: int) -> None:
    """Nothing; EgressRefused when the answer says itself that it is over the limit."""
    said = headers.get("Content-Length", "")
    if said.isdecimal() and int(said[:20]) > limit:
        raise _too_long(limit)


def bounded(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The chunks as they come; EgressRefused when they are over the limit."""
    left = limit
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise _too_long(limit)
        yield chunk


def _gunzipped(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    left = limit
    member = None
    for received in chunks:
        chunk = received
        while chunk:
            member = zlib.decompressobj(GZIP) if member is None or member.eof else member
            part = _inflated(member, chunk, left + 1)
            left -= len(part)
            if left < 0:
                raise _too_long(limit)
            yield part
            chunk = member.unused_data if member.eof else member.unconsumed_tail
    if member is not None and not member.eof:
        raise httpcore.RemoteProtocolError("the packed body is cut off")


def _inflated(member: "zlib._Decompress", chunk: bytes, most: int) -> bytes:
    try:
        return member.decompress(chunk, most)
    except zlib.error:
        raise httpcore.RemoteProtocolError("the packed body is broken") from None


def _too_long(limit: int) -> EgressRefused:
    return EgressRefused(f"the answer is over {limit} bytes", rule="too-long", code="too-long")
