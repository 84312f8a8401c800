"""The guarded API, as ASGI and as WSGI: it says whose token it was given."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bearer_guard import Guard, Introspection, Issuer, KeySetPolicy, Shared, UpstreamPolicy
from bearer_guard import asgi as guarded_asgi
from bearer_guard import wsgi as guarded_wsgi
from soak import numbers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from starlette.types import ASGIApp, Receive, Scope, Send

WORKER = "X-Worker"
"""The header field in which an answer names the process that made it."""
STORE = "SOAK_STORE"
"""The URL of the store that all workers share."""
ISSUERS = "SOAK_ISSUERS"
"""A JSON list, in the order in which ``authorities`` makes them; the last one introspects."""


def _guard() -> Guard:
    policies: dict[str, Any] = {
        "key_set": KeySetPolicy(
            fresh_for=numbers.FRESH_FOR,
            fresh_at_least=numbers.FRESH_FOR,
            usable_stale_for=numbers.STALE_FOR,
            forced_fetch_window=numbers.SETTLED,
            unknown_kid_memory=numbers.SETTLED,
        ),
        "upstream": UpstreamPolicy(
            timeout=numbers.TIMEOUT,
            connect_timeout=numbers.TIMEOUT,
            back_off=numbers.BACK_OFF,
            back_off_at_most=numbers.BACK_OFF_AT_MOST,
        ),
    }
    *others, last = json.loads(os.environ[ISSUERS])
    introspection = Introspection(
        client_id="api",
        client_secret="secret",
        cache_for=numbers.ANSWERS_KEPT,
        cache_inactive_for=numbers.ANSWERS_KEPT,
    )
    return Guard(
        audience=numbers.AUDIENCE,
        issuers=[
            *(Issuer(issuer, **policies) for issuer in others),
            Issuer(last, introspection=introspection, **policies),
        ],
        shared=Shared(os.environ[STORE], secret="of a soak, and of nothing else at all", timeout=1),
    )


def _told(subject: str | None, issuer: str) -> bytes:
    return json.dumps({"subject": subject, "issuer": issuer}).encode()


async def _asgi(scope: Scope, _receive: Receive, send: Send) -> None:
    token = guarded_asgi.access_token(scope)
    body = _told(token.subject, token.issuer)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    token = guarded_wsgi.access_token(environ)
    body = _told(token.subject, token.issuer)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def asgi() -> ASGIApp:
    """For uvicorn, which calls it in each worker. Every answer names its worker."""
    guarded = guarded_asgi.BearerMiddleware(_asgi, _guard())

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_named(message: Any) -> None:
            if message["type"] == "http.response.start":
                name = (WORKER.lower().encode(), b"%d" % os.getpid())
                message = {**message, "headers": [*message["headers"], name]}
            await send(message)

        await guarded(scope, receive, send_named)

    return named


def wsgi() -> WSGIApplication:
    """For gunicorn, likewise."""
    guarded: Any = guarded_wsgi.BearerMiddleware(_wsgi, _guard())

    def named(environ: WSGIEnvironment, start_response: Any) -> Iterable[bytes]:
        def start_named(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, (WORKER, str(os.getpid()))], *more)

        answer: Iterable[bytes] = guarded(environ, start_named)
        return answer

    return named
