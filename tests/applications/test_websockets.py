"""The WebSocket at ``/echo``, with a real client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from applications.rows import no_token
from applications.ways import WAYS
from bearer_guard.testing import AuthorizationServer
from end_to_end.expectations import EXPIRED, Verdict, body_of, too_little
from integrations.serving.applications import APPLICATIONS
from integrations.serving.launch import GuardedApp, Way

pytestmark = pytest.mark.parametrize(
    "way", [way for way in WAYS if APPLICATIONS[way.application].websockets], ids=str
)


def opened(app: GuardedApp, token: str | None) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return connect(f"ws://{app.address}{app.way.mount}/echo", additional_headers=headers)


def test_it_echoes(way: Way, apps: dict[Way, GuardedApp], tokens: dict[str, str]) -> None:
    async def talk() -> Any:
        async with opened(apps[way], tokens["reader"]) as websocket:
            await websocket.send("hello")
            return await websocket.recv()

    assert asyncio.run(talk()) == "hello"


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        (None, no_token()),
        ("expired", EXPIRED),
        ("writer", too_little("orders:read")),
    ],
)
def test_it_is_denied_before_it_is_accepted(
    way: Way,
    apps: dict[Way, GuardedApp],
    tokens: dict[str, str],
    token: str | None,
    verdict: Verdict,
) -> None:
    async def knock() -> Any:
        with pytest.raises(InvalidStatus) as denied:
            async with opened(apps[way], token and tokens[token]):
                raise AssertionError("it is not reached")
        return denied.value.response

    response = asyncio.run(knock())
    assert (response.status_code, response.body) == (verdict.status, body_of(verdict))
    assert response.headers.get_all("www-authenticate") == [verdict.challenge]
    assert response.headers["content-type"] == "application/problem+json"


def test_it_is_closed_when_its_token_expires(
    way: Way, apps: dict[Way, GuardedApp], issuer: AuthorizationServer
) -> None:
    async def outlive() -> Any:
        async with opened(apps[way], issuer.jwt(expires_in=2)) as websocket:
            await websocket.send("hello")
            assert await websocket.recv() == "hello"
            with pytest.raises(ConnectionClosed) as closed:
                await websocket.recv()
            return closed.value.rcvd and closed.value.rcvd.code

    assert asyncio.run(outlive()) == 1008
