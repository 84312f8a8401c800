"""Streams that outlive their token on gunicorn and waitress, a real SSE client before them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import httpx
import pytest
from httpx_sse import connect_sse

from adapters.long_lived import wsgi_ticking
from adapters.real_servers import on_gunicorn, on_waitress
from bearer_guard.testing import AuthorizationServer


@pytest.fixture(scope="module")
def issuing() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


@contextmanager
def served(name: str, settings: dict[str, str]) -> Iterator[int]:
    if name == "gunicorn":
        with on_gunicorn("adapters.long_lived.wsgi_ticking:app()", **settings) as port:
            yield port
        return
    with mock.patch.dict(os.environ, settings):
        app = wsgi_ticking.app()
    with on_waitress(app) as port:
        yield port


class Api:
    """A server, and a client of it whose token expires when it is told to."""

    def __init__(self, port: int, issuing: AuthorizationServer) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)
        self.issuing = issuing
        self.turned = 0

    def headers(self) -> dict[str, str]:
        token = self.issuing.jwt(expires_in=self.turned + 300)
        return {"Authorization": f"Bearer {token}"}

    def expire(self) -> None:
        assert self.client.get("/expire").status_code == 204
        self.turned += 1000


@pytest.fixture(scope="module", params=["gunicorn", "waitress"])
def api(request: pytest.FixtureRequest, issuing: AuthorizationServer) -> Iterator[Api]:
    settings = {"BEARER_GUARD_AUDIENCE": issuing.audience, "BEARER_GUARD_ISSUERS": issuing.issuer}
    with served(request.param, settings) as port:
        api = Api(port, issuing)
        with api.client:
            yield api


def test_a_client_of_events_sees_a_proper_end(api: Api) -> None:
    seen = []
    with connect_sse(api.client, "GET", "/events", headers=api.headers()) as source:
        for event in source.iter_sse():
            seen.append(event.data)
            if seen == ["one"]:
                api.expire()
    # The second may have been waited for already.
    assert seen in (["one"], ["one", "two"])


def test_a_client_that_was_promised_more_sees_that_it_was_broken_off(api: Api) -> None:
    with api.client.stream("GET", "/half", headers=api.headers()) as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"data: one\n\n"
        api.expire()
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
            list(chunks)
