"""Tells a load balancer whether this process should be sent requests.

    Route("/ready", AsgiReadiness(guard))           # Starlette, FastAPI; WsgiReadiness for WSGI

Name the path in the guard's ``public``. To ask costs nothing upstream: nothing is fetched here,
whoever asks and however often. Without ``detail`` the answer tells strangers the aliases of the
issuers and the state of their keys, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from bearer_guard.errors import SettingsError
from bearer_guard.guard import Guard
from bearer_guard.settings import checks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_METHODS = ("GET", "HEAD")


class Readiness:
    """What both answer: 200 or 503, and why.

    Args:
        guard: whose readiness it is.
        aliases: the issuers that count, by their aliases; ``None`` means all. An issuer of a
            partner that is away need not cost you the requests of everybody else.
        fetched: not ready before the keys of each of them were there once, as after
            ``guard.warm_up()``. Nobody fetches them but that and requests.
        detail: show all of ``guard.health()``, the addresses of the issuers among it.

    Raises:
        SettingsError: when ``aliases`` names an issuer that is none of the guard's.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        aliases: Sequence[str] | None = None,
        fetched: bool = False,
        detail: bool = False,
    ) -> None:
        known = [issuer.alias for issuer in guard.health().issuers]
        named = known if aliases is None else checks.names("aliases", aliases, f'["{known[0]}"]')
        for alias in named:
            if alias not in known:
                raise SettingsError(f"aliases names {alias!r}: write some of {', '.join(known)}")
        self._guard = guard
        self._aliases = frozenset(named)
        self._fetched = fetched
        self._detail = detail

    def _answer(self, method: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """RFC 9110 section 15.6.4: 503 says for now, and that another server may do."""
        if method not in _METHODS:
            return 405, [("allow", ", ".join(_METHODS)), ("content-length", "0")], b""
        health = self._guard.health()
        ready = health.is_ready(self._aliases, fetched=self._fetched)
        told = health.as_dict() if self._detail else {"issuers": health.states()}
        body = json.dumps({"ready": ready, **told}).encode("ascii")
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
        ]
        return 200 if ready else 503, headers, b"" if method == "HEAD" else body


class AsgiReadiness(Readiness):
    """An ASGI application. Its arguments are those of ``Readiness``."""

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            raise ValueError("AsgiReadiness answers http: give it a path of its own")
        status, headers, body = self._answer(scope["method"])
        octets = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": octets})
        await send({"type": "http.response.body", "body": body})


class WsgiReadiness(Readiness):
    """A WSGI application. Its arguments are those of ``Readiness``."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        status, headers, body = self._answer(environ["REQUEST_METHOD"])
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]


__all__ = ["AsgiReadiness", "Readiness", "WsgiReadiness"]
