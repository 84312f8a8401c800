"""A token among the subprotocols of a WebSocket handshake: the guard reads it, no one else."""

from __future__ import annotations

from aiohttp import web

from bearer_guard._aiohttp_request import ASIDE, PROTOCOLS, AiohttpRequest, Aside
from bearer_guard._core.credentials import offered, token_prefix


def set_aside(view: AiohttpRequest, request: web.Request, marker: str) -> web.Request:
    """The request for the application, which tells of no token: aiohttp itself would log it.

    Nor of the marker, which is ours to answer.
    """
    lines = view.header_values(PROTOCOLS)
    request.setdefault(ASIDE, Aside(lines))
    prefix, ours = token_prefix(marker).encode("ascii"), marker.encode("ascii")
    told = [name for name in offered(lines) if name != ours and not name.startswith(prefix)]
    # A clone holds text: octets that are none are shown as such.
    headers = [
        (name, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        for name, value in request.headers.items()
        if name.lower().encode("ascii") != PROTOCOLS
    ]
    if told:
        headers.append(("Sec-WebSocket-Protocol", b", ".join(told).decode("utf-8", "replace")))
    return request.clone(headers=headers)


def answer_marker(view: AiohttpRequest, websocket: web.WebSocketResponse, marker: str) -> None:
    """A client that offers subprotocols wants one of them (RFC 6455 section 4.1)."""
    if marker.encode("ascii") in offered(view.header_values(PROTOCOLS)):
        websocket.headers.setdefault("Sec-WebSocket-Protocol", marker)
