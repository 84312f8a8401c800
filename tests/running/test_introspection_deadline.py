"""One deadline for everything that an introspection takes: queue, metadata, call, repetition."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bearer_guard import Guard, Introspection, Issuer, UpstreamPolicy
from bearer_guard.testing import AuthorizationServer
from key_life.world import OPENID, World, all_landed, at_once, verdict

PATH = "/introspect"
PATIENCE = 1.5
EARLIER = 0.95 * PATIENCE
"""When a flight gives up, so that its passengers hear why."""


def hasty(
    server: AuthorizationServer, endpoint: bool, retries: int = 0, concurrent_calls: int = 64
) -> Guard:
    """A guard that answers within ``PATIENCE``, through real sockets."""
    introspection = Introspection(
        server.url(PATH) if endpoint else None,
        token=server.introspection_token,
        concurrent_calls=concurrent_calls,
    )
    upstream = UpstreamPolicy(connect_timeout=PATIENCE, timeout=PATIENCE, retries=retries)
    issuer = Issuer(server.issuer, introspection=introspection, upstream=upstream)
    guard = Guard(audience=server.audience, issuers=[issuer])
    # To load the client and the system's authorities takes its time too, once.
    guard._authenticator.equipment._caller._clients.ready()
    return guard


@contextmanager
def in_time() -> Iterator[None]:
    """What takes the deadline, and neither much more nor less. A second is for a busy machine."""
    start = time.monotonic()
    yield
    assert EARLIER - 0.05 <= time.monotonic() - start <= PATIENCE + 1


def test_metadata_and_call_share_it(authorization_server: AuthorizationServer) -> None:
    """Each of the two alone would be in time."""
    authorization_server.answer_slowly(0.8)
    with hasty(authorization_server, endpoint=False) as guard:
        with in_time():
            assert verdict(guard, authorization_server.opaque()) == "503 upstream_timeout"
        all_landed()
        assert authorization_server.count(OPENID) == 1
        assert authorization_server.count(PATH) == 1


def test_call_and_repetition_share_it(authorization_server: AuthorizationServer) -> None:
    authorization_server.override(PATH, status=503, delay=0.8)
    with hasty(authorization_server, endpoint=True, retries=5) as guard:
        with in_time():
            assert verdict(guard, authorization_server.opaque()) == "503 upstream_timeout"
        all_landed()
        assert authorization_server.count(PATH) == 2


def test_a_repetition_in_time_lets_in(authorization_server: AuthorizationServer) -> None:
    authorization_server.override(PATH, status=503, delay=0.1, times=2)
    with hasty(authorization_server, endpoint=True, retries=2) as guard:
        assert verdict(guard, authorization_server.opaque()) == "let in"
        assert authorization_server.count(PATH) == 3


@pytest.mark.parametrize("held", [PATH, OPENID])
def test_an_endpoint_that_hangs_takes_all_of_it_and_no_more(
    authorization_server: AuthorizationServer, held: str
) -> None:
    with (
        hasty(authorization_server, endpoint=held == PATH) as guard,
        authorization_server.held(held),
        in_time(),
    ):
        assert verdict(guard, authorization_server.opaque()) == "503 upstream_timeout"


def test_the_time_in_the_queue_counts(new_world: Callable[..., World]) -> None:
    """Nobody waits for an answer that comes too late, so nobody asks for it either."""
    options = {"concurrent_calls": 1, "failures_to_suspend": 1000}
    world = new_world(
        introspects=lambda server: Introspection(**server.introspection_settings(**options)),
        upstream=UpstreamPolicy(connect_timeout=PATIENCE, timeout=PATIENCE),
    )
    tokens = [world.server.opaque() for _ in range(20)]
    with world.server.held(PATH), in_time():
        assert world.many(tokens) == ["503 upstream_timeout"] * 20
    all_landed()
    assert world.server.count(PATH) == 1


def test_what_is_left_of_it_after_the_queue_is_what_the_call_has(
    authorization_server: AuthorizationServer,
) -> None:
    """Two that go one after the other, each of which takes more than half of the time."""
    authorization_server.answer_slowly(0.8)
    tokens = [authorization_server.opaque() for _ in range(2)]
    with hasty(authorization_server, endpoint=True, concurrent_calls=1) as guard:
        with in_time():
            verdicts = at_once([lambda token=token: verdict(guard, token) for token in tokens])
        assert sorted(verdicts) == ["503 upstream_timeout", "let in"]
