"""Nobody waits longer than its patience, and nobody for another issuer's server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx

from bearer_guard import Guard, Issuer, UpstreamPolicy
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, OPENID, World, verdict_async

Run = Callable[..., Any]


def test_patience_runs_out_for_tasks_as_for_threads(
    new_world: Callable[..., World], run: Run
) -> None:
    world = new_world(introspects=True, upstream=UpstreamPolicy(connect_timeout=0.1, timeout=0.1))
    tokens = world.server.jwt(), world.server.opaque()
    expected = ["503 upstream_timeout"] * 2
    with world.server.held(OPENID), world.server.held("/introspect"):
        assert [world(token) for token in tokens] == expected
        assert [run(verdict_async, world.guard, token) for token in tokens] == expected
    world.landed()


def test_stale_keys_serve_when_patience_runs_out(new_world: Callable[..., World]) -> None:
    upstream = UpstreamPolicy(connect_timeout=0.3, timeout=0.3)
    world = new_world(jwks_uri="https://login.example.com/jwks", upstream=upstream)
    token = world.server.jwt(expires_in=3000)
    assert world(token) == "let in"
    world.clock.turn(600)
    with world.server.held(JWKS):
        assert world(token) == "let in"
    world.landed()


def test_one_issuers_hanging_server_holds_up_no_others_keys(
    new_world: Callable[..., World],
) -> None:
    """The pool is a bulkhead: a slow server fills its own threads, and nobody else's. Anybody
    can make up names of applications for the slow one to be asked for."""
    slow = AuthorizationServer(issuer="https://slow.example.com/apps/{application}")
    well = AuthorizationServer(issuer="https://well.example.com/")
    transports = {
        "slow.example.com": slow.http_client()._transport,
        "well.example.com": well.http_client()._transport,
    }

    class Both(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return transports[request.url.host].handle_request(request)

    upstream = UpstreamPolicy(connect_timeout=1, timeout=1)
    issuers = [Issuer(server.issuer, upstream=upstream) for server in (slow, well)]
    client = httpx.Client(transport=Both())
    names = [f"https://slow.example.com/apps/junk-{number}" for number in range(8)]
    with Guard(audience=well.audience, issuers=issuers, http_client=client) as guard:

        async def main() -> str:
            async with anyio.create_task_group() as tasks:
                for name in names:
                    token = slow.jwt(claims={"iss": name})
                    tasks.start_soon(verdict_async, guard, token)
                await anyio.wait_all_tasks_blocked()
                verdict = await verdict_async(guard, well.jwt())
                tasks.cancel_scope.cancel()
                return verdict

        with slow.held(OPENID):
            verdict = anyio.run(main)
    assert verdict == "let in"
