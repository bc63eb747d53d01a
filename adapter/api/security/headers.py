"""Headers that keep browsers and caches from doing anything with an answer but handing it over."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

CONTENT_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
HSTS: Final = "max-age=31536000"

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
_App = Callable[[_Message, _Receive, _Send], Awaitable[None]]
_TELLING: Final = (b"server", b"x-powered-by")
_MAY_DIFFER: Final = (b"cache-control", b"content-security-policy", b"referrer-policy")


def security_headers(*, tls: bool) -> Mapping[str, str]:
    """The headers every response carries. `tls`: the caller reached us over TLS, ours or a proxy's."""
    always = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": CONTENT_POLICY,
        "Cache-Control": "no-store",
    }
    return {**always, "Strict-Transport-Security": HSTS} if tls else always


class SecureHeaders:
    """An ASGI application with the security headers on every response of another one.

    Cache-Control, Content-Security-Policy and Referrer-Policy of a route's own stand; the rest is ours.
    uvicorn adds its Server header after this, so it must be started with server_header=False.
    """

    def __init__(self, app: _App, *, tls: bool) -> None:
        self._app = app
        self._ours = {
            name.lower().encode(): value.encode() for name, value in security_headers(tls=tls).items()
        }

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """The other application's answer, with our headers."""

        async def sending(message: _Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._with_ours(message.get("headers", ()))}
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)

    def _with_ours(self, theirs: Any) -> list[tuple[bytes, bytes]]:
        headers = [(bytes(name).lower(), bytes(value)) for name, value in theirs]
        own = {name for name, _ in headers if name in _MAY_DIFFER}
        kept = [
            pair
            for pair in headers
            if pair[0] not in _TELLING and (pair[0] in own or pair[0] not in self._ours)
        ]
        return kept + [pair for pair in self._ours.items() if pair[0] not in own]
