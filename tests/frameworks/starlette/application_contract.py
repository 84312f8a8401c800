"""What the applications in ``integrations`` answer over sockets, whatever their framework."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette_world import running
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bearer_guard.testing import AuthorizationServer

FORBIDDEN = (
    'Bearer realm="api", error="insufficient_scope", '
    'error_description="The access token grants too little.", scope="{}"'
)


def serve(module: str, issuer: AuthorizationServer, folder: Path) -> Iterator[str]:
    """The application with its own example settings, on a socket."""
    example = Path(__file__).parents[3].joinpath(*module.split("."), "settings.json")
    settings = json.loads(example.read_text("utf-8"))
    settings["issuers"] = [{"issuer": issuer.issuer, "leeway": 0}]
    written = folder / "settings.json"
    written.write_text(json.dumps(settings), "utf-8")
    with running(module, written) as address:
        yield address


class Contract:
    """Tests for a module that has the fixtures ``issuer`` and ``address``."""

    @pytest.fixture
    def http(self, address: str) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=f"http://{address}", trust_env=False) as made:
            yield made

    def test_health_is_public(self, http: httpx.Client) -> None:
        answer = http.get("/health")
        assert (answer.status_code, answer.content) == (200, b'{"status": "ok"}')

    def test_orders_are_read_with_their_scope(
        self, http: httpx.Client, issuer: AuthorizationServer
    ) -> None:
        headers = _bearer(issuer.jwt(subject="alice", scope="orders:read x"))
        answer = http.get("/orders", headers=headers)
        caller = {
            "issuer": issuer.issuer,
            "subject": "alice",
            "client": "client-1",
            "audience": [issuer.audience],
            "scopes": ["orders:read", "x"],
        }
        document = {"orders": ["tea"], "caller": caller}
        assert (answer.status_code, answer.content) == (200, json.dumps(document).encode())
        assert answer.headers["content-type"] == "application/json"

    def test_orders_are_placed_with_theirs(
        self, http: httpx.Client, issuer: AuthorizationServer
    ) -> None:
        reader, writer = (_bearer(issuer.jwt(scope=f"orders:{may}")) for may in ("read", "write"))
        refused = http.post("/orders", headers=reader, content="tea")
        assert refused.status_code == 403
        assert refused.headers["www-authenticate"] == FORBIDDEN.format("orders:write")
        placed = http.post("/orders", headers=writer, content="two pounds of tea")
        assert (placed.status_code, placed.json()["ordered"]) == (201, "two pounds of tea")
        assert http.get("/orders", headers=writer).status_code == 403

    def test_the_admin_area_is_guarded_by_a_rule(
        self, http: httpx.Client, issuer: AuthorizationServer
    ) -> None:
        refused = http.get("/admin/stock", headers=_bearer(issuer.jwt()))
        assert refused.headers["www-authenticate"] == FORBIDDEN.format("admin:all")
        admin = _bearer(issuer.jwt(scope="admin:all"))
        assert http.get("/admin/stock", headers=admin).json()["stock"] == {"tea": 3}
        assert http.get("/admin/nothing", headers=_bearer(issuer.jwt())).status_code == 403

    def test_without_a_token_all_else_is_refused(self, http: httpx.Client) -> None:
        for path in ("/orders", "/admin/stock", "/nowhere"):
            assert http.get(path).status_code == 401

    def test_an_unknown_route_is_not_found(
        self, http: httpx.Client, issuer: AuthorizationServer
    ) -> None:
        every = _bearer(issuer.jwt(scope="orders:write"))
        for method, path in (("GET", "/nowhere"), ("DELETE", "/orders")):
            answer = http.request(method, path, headers=every)
            assert (answer.status_code, answer.content) == (404, b'{"error": "no such route"}')

    def test_head_is_answered_without_a_body(
        self, http: httpx.Client, issuer: AuthorizationServer
    ) -> None:
        refused = http.head("/orders")
        assert (refused.status_code, refused.content) == (401, b"")
        expected = 'Bearer realm="api", scope="orders:read"'
        assert refused.headers["www-authenticate"] == expected

    def test_a_websocket_echoes(self, address: str, issuer: AuthorizationServer) -> None:
        async def talk() -> Any:
            async with _open(address, issuer.jwt()) as websocket:
                await websocket.send("hello")
                return await websocket.recv()

        assert asyncio.run(talk()) == "hello"

    def test_a_websocket_is_denied_before_it_is_accepted(
        self, address: str, issuer: AuthorizationServer
    ) -> None:
        async def knock(token: str | None) -> Any:
            with pytest.raises(InvalidStatus) as denied:
                async with _open(address, token):
                    raise AssertionError("it is not reached")
            return denied.value.response

        for token, status, says in (
            (None, 401, 'Bearer realm="api"'),
            (issuer.jwt(scope="other"), 403, FORBIDDEN.format("orders:read")),
        ):
            response = asyncio.run(knock(token))
            assert response.status_code == status
            assert response.headers["www-authenticate"] == says
            assert response.headers["content-type"] == "application/problem+json"
            assert json.loads(response.body)["status"] == status

    def test_a_websocket_is_closed_when_its_token_expires(
        self, address: str, issuer: AuthorizationServer
    ) -> None:
        async def outlive() -> Any:
            async with _open(address, issuer.jwt(expires_in=3)) as websocket:
                await websocket.send("hello")
                assert await websocket.recv() == "hello"
                with pytest.raises(ConnectionClosed) as closed:
                    await websocket.recv()
                return closed.value.rcvd and closed.value.rcvd.code

        assert asyncio.run(outlive()) == 1008


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _open(address: str, token: str | None) -> Any:
    headers = None if token is None else _bearer(token)
    return connect(f"ws://{address}/echo", additional_headers=headers)
