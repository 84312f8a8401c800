"""A Django project for each test: its views, its middleware, its guard; asked under WSGI or ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connections
from django.test import override_settings
from django.urls import path

from adapters import asgi_wire, wsgi_wire
from bearer_guard.testing import AuthorizationServer

AWAY = "https://away.example.com/"
"""An issuer whose servers nobody reaches."""
BEARER = "bearer_guard.django.BearerMiddleware"

Headers = dict[str, str]
HeadersOf = Callable[..., Headers]
Options = Callable[..., dict[str, Any]]


class Answer(NamedTuple):
    """What the server was told."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name]
        assert len(found) <= 1, "a header stands twice"
        return found[0] if found else None


def urls(**views: Any) -> Any:
    """A URLconf; ``orders=view`` is the path ``orders``."""
    module = ModuleType("urls_of_a_test")
    module.urlpatterns = [path(name, view) for name, view in views.items()]  # type: ignore[attr-defined]
    return module


@contextmanager
def project(
    options: dict[str, Any] | None,
    urlconf: Any = None,
    middleware: Sequence[str] = (BEARER,),
    **settings: Any,
) -> Iterator[None]:
    """The settings of one project."""
    with override_settings(
        BEARER_GUARD=options,
        MIDDLEWARE=list(middleware),
        ROOT_URLCONF=urls() if urlconf is None else urlconf,
        **settings,
    ):
        yield


def ask_wsgi(app: Any, where: str = "/orders", headers: Any = (), **more: Any) -> Answer:
    """One request, as a WSGI server hands it over."""
    target, _, query = where.partition("?")
    given = wsgi_wire.environ(target, headers=headers, QUERY_STRING=query, **more)
    answer = wsgi_wire.call(app, given)
    return Answer(answer.status, answer.started[-1][1], answer.body)


def ask_asgi(
    app: Any, where: str = "/orders", headers: Any = (), *, body: bytes = b"", **more: Any
) -> Answer:
    """One request, as an ASGI server hands it over."""
    target, _, query = where.partition("?")
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    if body:
        pairs.append(("content-length", str(len(body))))
    scope = asgi_wire.http_scope(target, headers=pairs, query_string=query.encode(), **more)
    wire = asyncio.run(asgi_wire.call(app, scope, *asgi_wire.body_messages(body)))
    sent = [(name.decode(), value.decode()) for name, value in wire.sent[0]["headers"]]
    return Answer(wire.status, sent, wire.body)


class Way(NamedTuple):
    """Django under one of the two protocols."""

    handler: Callable[[], Any]
    ask: Callable[..., Answer]

    def __call__(self, where: str = "/orders", headers: Any = (), **more: Any) -> Answer:
        """Ask the project that the settings tell of."""
        return self.ask(self.handler(), where, headers, **more)


WSGI = Way(WSGIHandler, ask_wsgi)
ASGI = Way(ASGIHandler, ask_asgi)


@pytest.fixture(params=[WSGI, ASGI], ids=["wsgi", "asgi"])
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture(scope="session")
def server() -> AuthorizationServer:
    return AuthorizationServer(issuer="https://login.example.com/")


@pytest.fixture(scope="session")
def options(server: AuthorizationServer) -> Iterator[Options]:
    """``BEARER_GUARD`` for this server."""
    with server.http_client() as client:

        def made(**more: Any) -> dict[str, Any]:
            return {
                "audience": server.audience,
                "issuers": [server.issuer],
                "http_client": client,
                # Each refusal's own record is looked at, however many follow each other.
                "log_records": 1000,
                **more,
            }

        yield made


@pytest.fixture(scope="session")
def bearer(server: AuthorizationServer) -> HeadersOf:
    """Headers with a token that grants these scopes."""

    def headers(*scopes: str, **grant: Any) -> Headers:
        return {"authorization": f"Bearer {server.jwt(scope=scopes or ['any'], **grant)}"}

    return headers


@pytest.fixture
def settings_override() -> Iterator[Callable[..., None]]:
    """Settings for the rest of a test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(override_settings(**settings))


@pytest.fixture(scope="session")
def database() -> Iterator[None]:
    """The tables of users."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    yield
    connections.close_all()
