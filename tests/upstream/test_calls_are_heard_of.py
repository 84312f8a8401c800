"""Whoever wants to hears of each call: that it is made, and how it went."""

from __future__ import annotations

import time

import pytest

from bearer_guard import UpstreamPolicy
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.exchange import Call, Ended, UpstreamFailure
from bearer_guard.testing import AuthorizationServer
from upstream.calling import one_call

POLICY = UpstreamPolicy(retries=1)


class Ears:
    """Hears, and writes down."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def __call__(self, call: Call) -> Ended:
        self.heard.append(call.url)
        return lambda reason, status: self.heard.append((reason, status))


@pytest.fixture
def ears() -> Ears:
    return Ears()


def ask(caller: HttpCaller, url: str, ears: Ears, seconds: float = 5) -> None:
    caller.run(one_call(url), POLICY, time.monotonic() + seconds, ears)


def test_a_call_is_heard_of_when_it_is_made_and_when_it_is_over(
    caller: HttpCaller, authorization_server: AuthorizationServer, ears: Ears
) -> None:
    url = authorization_server.url("/jwks")
    ask(caller, url, ears)
    assert ears.heard == [url, ("", 200)]


def test_so_is_each_repetition(
    caller: HttpCaller, authorization_server: AuthorizationServer, ears: Ears
) -> None:
    authorization_server.override("/jwks", status=502, times=1)
    url = authorization_server.url("/jwks")
    ask(caller, url, ears)
    assert ears.heard == [url, ("", 502), url, ("", 200)]


def test_so_is_a_failure_with_its_reason(
    caller: HttpCaller, authorization_server: AuthorizationServer, ears: Ears
) -> None:
    url = authorization_server.url("/jwks")
    authorization_server.go_down()
    with pytest.raises(UpstreamFailure):
        ask(caller, url, ears)
    assert ears.heard == [url, ("upstream_unreachable", 0)] * 2


def test_a_call_for_which_no_time_is_left_is_none(
    caller: HttpCaller, authorization_server: AuthorizationServer, ears: Ears
) -> None:
    with pytest.raises(UpstreamFailure, match="upstream_timeout"):
        ask(caller, authorization_server.url("/jwks"), ears, seconds=0)
    assert ears.heard == []
    assert authorization_server.seen == []
