"""One API twice, as an ASGI and as a WSGI application, under one set of guards.

gunicorn imports ``wsgi_app`` from here; the issuer's address comes from the environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

import bearer_guard.asgi
import bearer_guard.wsgi
from bearer_guard import (
    AccessToken,
    Guard,
    InsufficientScope,
    Introspection,
    Issuer,
    Rule,
    UpstreamPolicy,
)
from bearer_guard.testing.claims import DEFAULT_AUDIENCE

AWAY = "http://127.0.0.1:9/"
"""An issuer that nobody can reach: the port of the discard protocol, on loopback."""
FORM_LIMIT = 2048


def guards(issuer: str) -> tuple[Guard, Guard]:
    """The guard of the API, and the one of its part below ``/forms``."""
    issuers = [
        Issuer(
            issuer,
            introspection=Introspection(
                f"{issuer}/introspect",
                client_id="demo",
                client_secret="demo",
                # One case's failures are not to tell on the next.
                failures_to_suspend=1000,
            ),
        ),
        # The wait does not grow, so that each answer says the same.
        Issuer(AWAY, upstream=UpstreamPolicy(retries=0, back_off=1, back_off_at_most=1)),
    ]
    strict = Guard(
        audience=DEFAULT_AUDIENCE,
        issuers=issuers,
        public=["/health", "/public/**"],
        rules=[
            Rule("/orders/**", methods=("GET",), scopes=("orders:read",)),
            Rule("/orders/**", scopes=("orders:read", "orders:write")),
            Rule("/reports/*", any_scope=("reports", "admin")),
        ],
        realm="orders api",
        resource_metadata="https://api.example.com/.well-known/oauth-protected-resource",
        max_token_size=4096,
    )
    forms = Guard(
        audience=DEFAULT_AUDIENCE,
        issuers=issuers,
        query_parameter=True,
        form_parameter=True,
        max_form_size=FORM_LIMIT,
    )
    return strict, forms


def _document(path: str, token: AccessToken | None, body: bytes) -> bytes:
    seen = {
        "path": path,
        "subject": token.subject if token else None,
        "scopes": sorted(token.scopes) if token else [],
        "body": len(body),
    }
    return json.dumps(seen).encode()


def _headers(document: bytes) -> list[tuple[str, str]]:
    return [("content-type", "application/json"), ("content-length", str(len(document)))]


async def _asgi_api(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"]
    if path.startswith("/raises"):
        raise InsufficientScope(("more", "and-more"))
    if path == "/public/asks":
        bearer_guard.asgi.access_token(scope)
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    document = _document(path, scope[bearer_guard.asgi.KEY], body)
    headers = [(name.encode(), value.encode()) for name, value in _headers(document)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    content = b"" if scope["method"] == "HEAD" else document
    await send({"type": "http.response.body", "body": content})


def _wsgi_api(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"].encode("latin-1").decode()
    if path == "/raises/lazily":
        return _lazily()
    if path.startswith("/raises"):
        raise InsufficientScope(("more", "and-more"))
    if path == "/public/asks":
        bearer_guard.wsgi.access_token(environ)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    document = _document(path, environ[bearer_guard.wsgi.KEY], body)
    start_response("200 OK", _headers(document))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [document]


def _lazily() -> Iterator[bytes]:
    raise InsufficientScope(("more", "and-more"))
    yield b""


def make_asgi_app(strict: Guard, forms: Guard) -> Any:
    by_header = bearer_guard.asgi.BearerMiddleware(_asgi_api, strict)
    anywhere = bearer_guard.asgi.BearerMiddleware(_asgi_api, forms)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        is_form = scope.get("path", "").startswith("/forms")
        await (anywhere if is_form else by_header)(scope, receive, send)

    return app


def make_wsgi_app(strict: Guard, forms: Guard) -> Any:
    by_header = bearer_guard.wsgi.BearerMiddleware(_wsgi_api, strict)
    anywhere = bearer_guard.wsgi.BearerMiddleware(_wsgi_api, forms)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_form = environ["PATH_INFO"].startswith("/forms")
        return (anywhere if is_form else by_header)(environ, start_response)

    return app


def wsgi_app() -> Any:
    """For gunicorn: ``contract.served:wsgi_app()``."""
    return make_wsgi_app(*guards(os.environ["CONTRACT_ISSUER"]))
