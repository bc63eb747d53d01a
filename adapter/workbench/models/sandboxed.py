"""A report as an answer: shown where it can do nothing, or given to be saved.

A report holds words of notes and whatever its author put there. It is shown in an origin of its own without
scripts, forms, frames and anything loaded (`sandbox`), so that it reaches neither our pages nor anybody else.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

POLICY: Final = "; ".join(
    (
        "sandbox",
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "unsafe-none",  # browsers refuse a sandboxed page with another
    "Referrer-Policy": "no-referrer",
}


def shown(content: bytes) -> Response:
    """A page that can be looked at."""
    return Response(content, media_type="text/html; charset=utf-8", headers=dict(HEADERS))


def saved(content: bytes, name: str) -> Response:
    """A file to be saved under its name, whatever it holds."""
    told = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    headers = {**HEADERS, "Content-Disposition": told}
    return Response(content, media_type="application/octet-stream", headers=headers)
