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


@pytest.fixture(params=["gunicorn", "waitress"])
def api(request: pytest.FixtureRequest, issuing: AuthorizationServer) -> Iterator[httpx.Client]:
    settings = {"BEARER_GUARD_AUDIENCE": issuing.audience, "BEARER_GUARD_ISSUERS": issuing.issuer}
    with served(request.param, settings) as port:
        headers = {"Authorization": f"Bearer {issuing.jwt(expires_in=300)}"}
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers=headers, timeout=5, trust_env=False) as client:
            yield client


def test_a_client_of_events_sees_a_proper_end(api: httpx.Client) -> None:
    with connect_sse(api, "GET", "/events") as source:
        seen = []
        for event in source.iter_sse():
            seen.append(event.data)
            if seen == ["one"]:
                assert api.get("/expire").status_code == 204
    # The second may have been waited for already.
    assert seen in (["one"], ["one", "two"])


def test_a_client_that_was_promised_more_sees_that_it_was_broken_off(api: httpx.Client) -> None:
    with api.stream("GET", "/half") as response:
        chunks = response.iter_raw()
        assert next(chunks) == b"data: one\n\n"
        assert api.get("/expire").status_code == 204
        with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
            list(chunks)
