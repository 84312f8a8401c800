"""The authorization server, the guards, and the servers on which they are reached."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.real_servers import on_gunicorn, on_uvicorn
from bearer_guard import Guard
from bearer_guard.testing import AuthorizationServer
from contract import channels, served
from contract.cases import tokens
from contract.channels import Channel


@pytest.fixture(scope="package")
def server() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


@pytest.fixture(scope="package")
def words(server: AuthorizationServer) -> dict[str, str]:
    return tokens(server)


@pytest.fixture(scope="package")
def guards(server: AuthorizationServer) -> Iterator[tuple[Guard, Guard]]:
    strict, forms = served.guards(server.issuer)
    with strict, forms:
        yield strict, forms


@pytest.fixture(scope="package")
def uvicorn(guards: tuple[Guard, Guard]) -> Iterator[int]:
    app = served.make_asgi_app(*guards)
    with on_uvicorn(app, server_header=False, date_header=False, lifespan="off") as port:
        yield port


@pytest.fixture(scope="package")
def uvicorn_h11(guards: tuple[Guard, Guard]) -> Iterator[int]:
    app = served.make_asgi_app(*guards)
    with on_uvicorn(app, http="h11", lifespan="off") as port:
        yield port


@pytest.fixture(scope="package")
def gunicorn(server: AuthorizationServer) -> Iterator[int]:
    with on_gunicorn("contract.served:wsgi_app()", CONTRACT_ISSUER=server.issuer) as port:
        yield port


@pytest.fixture(scope="package")
def in_process(guards: tuple[Guard, Guard]) -> dict[str, Channel]:
    return {
        "sync": channels.sync_channel(*guards),
        "async": channels.async_channel(*guards),
        "ASGI": channels.asgi_channel(served.make_asgi_app(*guards)),
        "WSGI": channels.wsgi_channel(served.make_wsgi_app(*guards)),
    }


@pytest.fixture(scope="package")
def on_sockets(uvicorn: int, gunicorn: int) -> dict[str, Channel]:
    return {
        "ASGI on uvicorn": channels.socket_channel(uvicorn),
        "WSGI on gunicorn": channels.socket_channel(gunicorn),
    }
