"""The whole call is over by its deadline, whatever the server does on the wire."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from bearer_guard import Guard, Issuer, UpstreamPolicy
from bearer_guard._upstream.deadline import Deadline
from bearer_guard._upstream.deadline_transport import DeadlineTransport
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.testing import AuthorizationServer
from faults import ways
from faults.answers import Answer, ok
from faults.server import serving
from key_life.world import at_once, verdict
from upstream.calling import HASTY, ask, failure

GENEROUS = 3.0


@contextmanager
def within(seconds: float) -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < seconds


SLOW = {
    "says nothing": ways.silence(),
    "drips a status line": ways.endless(b"HTTP/1.1 200 O", b"K"),
    "drips header fields": ways.endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    "drips one endless header": ways.endless(b"HTTP/1.1 200 OK\r\nA: ", b"b"),
    "drips a body": ways.endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
    "drips chunks": ways.endless(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"
    ),
    "drips a body without end": ways.endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "drips informational answers": ways.endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}


@pytest.mark.parametrize("way", SLOW)
def test_a_call_ends_by_its_deadline(caller: HttpCaller, way: str) -> None:
    with serving(SLOW[way]) as server, within(GENEROUS):
        assert failure(caller, server.url, HASTY).reason == "upstream_timeout"


def test_past_its_deadline_a_transport_opens_nothing() -> None:
    deadline = Deadline()
    deadline.until = time.monotonic()
    transport = DeadlineTransport(1, 1, deadline)
    with (
        serving(ok()) as server,
        httpx.Client(transport=transport) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            client.get(server.url)
        assert server.connections == 0


@contextmanager
def blackhole(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port where no connection is ever made: the backlog of a listener that never accepts."""
    with socket.create_server((host, port), backlog=0) as full, ExitStack() as fillers:
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def test_a_server_that_does_not_even_accept_is_left_after_the_connect_timeout(
    caller: HttpCaller,
) -> None:
    with blackhole() as port:
        policy = UpstreamPolicy(connect_timeout=0.2, timeout=5, retries=0)
        with within(GENEROUS):
            failed = failure(caller, f"http://127.0.0.1:{port}/", policy)
    assert (failed.reason, failed.details) == ("upstream_unreachable", {"error": "ConnectTimeout"})


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a made-up host these addresses."""
    look_up = socket.getaddrinfo

    def resolves(*addresses: str) -> None:
        def found(host: str, *rest: Any, **more: Any) -> list[Any]:
            names = addresses if host == "many.example" else (host,)
            return [entry for name in names for entry in look_up(name, *rest, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", found)

    return resolves


def test_many_addresses_that_do_not_answer_take_no_longer_than_one(
    caller: HttpCaller, resolves: Callable[..., None]
) -> None:
    resolves(*["127.0.0.1"] * 40)
    policy = UpstreamPolicy(connect_timeout=0.3, timeout=0.6, retries=0)
    with blackhole() as port, within(GENEROUS):
        failed = failure(caller, f"http://many.example:{port}/", policy)
    assert failed.reason in ("upstream_unreachable", "upstream_timeout")


@pytest.mark.parametrize("connect_timeout", [0.2, 2])
def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    caller: HttpCaller, resolves: Callable[..., None], connect_timeout: float
) -> None:
    """As where a network drops IPv6."""
    resolves("127.0.0.2", "127.0.0.1")
    policy = UpstreamPolicy(connect_timeout=connect_timeout, timeout=2, retries=0)
    with serving(ok()) as server, ExitStack() as stack:
        try:
            stack.enter_context(blackhole("127.0.0.2", server.server.port))
        except OSError:
            pytest.skip("this system has one loopback address")
        url = server.url.replace("127.0.0.1", "many.example")
        assert ask(caller, url, policy).status == 200


def test_a_name_that_took_too_long_to_look_up_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deadline = Deadline()
    look_up = socket.getaddrinfo

    def slow(*arguments: Any, **more: Any) -> Any:
        deadline.until = time.monotonic()
        return look_up(*arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with (
        serving(ok()) as server,
        httpx.Client(transport=DeadlineTransport(1, 1, deadline)) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            client.get(server.url)
        assert server.connections == 0


def test_a_name_that_is_not_there_is_a_server_that_cannot_be_reached(
    caller: HttpCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    failed = failure(caller, "http://many.example/")
    assert (failed.reason, failed.details) == ("upstream_unreachable", {"error": "ConnectError"})


def test_a_deadline_ends_with_its_call(caller: HttpCaller) -> None:
    with serving(ways.silence()) as server:
        failure(caller, server.url, HASTY)
    with serving(ok()) as server:
        assert ask(caller, server.url).status == 200


def test_a_kept_connection_is_not_read_past_the_next_deadline(caller: HttpCaller) -> None:
    with serving(ok(), Answer(raw=b"HTTP/1.1 200 O")) as server, within(GENEROUS):
        assert ask(caller, server.url).status == 200
        failure(caller, server.url, HASTY)


def test_repeated_calls_share_one_deadline(caller: HttpCaller) -> None:
    policy = UpstreamPolicy(connect_timeout=0.3, timeout=0.3, retries=5)
    with serving(ways.endless(b"HTTP/1.1 200 O", b"K")) as server, within(GENEROUS):
        assert failure(caller, server.url, policy).reason == "upstream_timeout"


@pytest.mark.parametrize("way", ["says nothing", "drips a body"])
def test_a_request_is_answered_in_time_though_its_flights_are_slow(way: str) -> None:
    """Metadata, keys, and keys again for an unknown kid: one patience in all."""
    upstream = UpstreamPolicy(connect_timeout=0.4, timeout=0.4)
    with AuthorizationServer() as server, serving(SLOW[way]) as slow:
        issuer = Issuer(server.issuer, jwks_uri=slow.url, upstream=upstream)
        with Guard(audience=server.audience, issuers=[issuer]) as guard, within(GENEROUS):
            assert verdict(guard, server.jwt()) == "503 upstream_timeout"


def test_nobody_waits_longer_than_the_timeout_for_two_flights_in_sum() -> None:
    """The second flight would bring its answer, only too late for who waited for the first."""
    upstream = UpstreamPolicy(connect_timeout=0.8, timeout=0.8)
    with AuthorizationServer() as server:
        issuer = Issuer(server.issuer, jwks_uri=server.url("/jwks"), upstream=upstream)
        with Guard(audience=server.audience, issuers=[issuer]) as guard, within(GENEROUS):
            tokens = server.jwt(), server.jwt(kid="unknown")
            server.override("/jwks", delay=0.5)

            def join() -> str:
                server.wait_until_asked("/jwks")
                return verdict(guard, tokens[1])

            _, second = at_once([lambda: verdict(guard, tokens[0]), join])
    assert second == "503 upstream_timeout"
