"""A guard that reads tokens from ``Sec-WebSocket-Protocol`` (``websocket_protocol``)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from bearer_guard import BearerError, Guard, Request, Rule
from bearer_guard.errors import SettingsError
from bearer_guard.settings import GuardSettings, Issuer
from key_life.world import World

URL = "wss://api.example.com/chat"


@pytest.fixture
def reading(new_world: Callable[..., World]) -> World:
    return new_world(introspects=True, guard_options={"websocket_protocol": "bearer"})


def offer(token: str, prefix: str = "bearer.token.") -> str:
    return prefix + urlsafe_b64encode(token.encode()).rstrip(b"=").decode()


def handshake(*offers: str, url: str = URL, **headers: str) -> Request:
    named = [("Sec-WebSocket-Protocol", line) for line in offers]
    return Request("GET", url, headers=[*named, *headers.items()])


def reason(guard: Guard, request: Request) -> str:
    with pytest.raises(BearerError) as refused:
        guard.authenticate(request)
    return refused.value.reason


def test_it_is_taken_from_the_handshake(reading: World) -> None:
    server = reading.server
    for token in (
        server.jwt(subject="alice"),
        server.opaque(subject="alice"),
        server.jwe(subject="alice"),
    ):
        request = handshake(f"bearer, {offer(token)}")
        assert reading.guard.authenticate(request).subject == "alice"


def test_the_marker_need_not_stand_beside_it(reading: World) -> None:
    assert reading.guard.authenticate(handshake(offer(reading.server.jwt())))


def test_a_websocket_may_still_have_the_header(reading: World) -> None:
    request = handshake("bearer, chat.v1", Authorization=f"Bearer {reading.server.jwt()}")
    assert reading.guard.authenticate(request)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_only_a_websocket_has_subprotocols(reading: World, scheme: str) -> None:
    """RFC 6455 section 11.3.4: in any other request the field means nothing."""
    offered = offer(reading.server.jwt())
    assert reading.guard.authenticate(handshake(offered, url=f"{scheme}://a/chat"))
    for url in ("https://a/chat", "http://a/chat", "/chat"):
        assert reason(reading.guard, handshake(offered, url=url)) == "token_missing"


def test_nobody_reads_it_unless_the_settings_say_so(world: World) -> None:
    assert reason(world.guard, handshake(f"bearer, {offer(world.server.jwt())}")) == "token_missing"


def test_another_marker_is_another_subprotocol(reading: World) -> None:
    offered = offer(reading.server.jwt(), "access.token.")
    assert reason(reading.guard, handshake(f"bearer, {offered}")) == "token_missing"


def test_two_methods_or_two_tokens_are_a_bad_request(reading: World) -> None:
    """RFC 6750 section 2: one method in one request."""
    token = reading.server.jwt()
    twice = handshake(f"{offer(token)}, {offer(token)}")
    in_two_lines = handshake(offer(token), offer(token))
    with_header = handshake(offer(token), Authorization=f"Bearer {token}")
    for request in (twice, in_two_lines, with_header):
        assert reason(reading.guard, request) == "credentials_repeated"
    assert reading.server.seen == []


def test_the_query_is_another_method_still(new_world: Callable[..., World]) -> None:
    options = {"websocket_protocol": "bearer", "query_parameter": True}
    world = new_world(guard_options=options)
    token = world.server.jwt()
    assert world.guard.authenticate(handshake(offer(token)))
    assert world.guard.authenticate(handshake(url=f"{URL}?access_token={token}"))
    both = handshake(offer(token), url=f"{URL}?access_token={token}")
    assert reason(world.guard, both) == "credentials_repeated"


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ("bearer.token.", "credentials_malformed"),
        ("bearer.token.abcde", "credentials_malformed"),
        ("bearer.token.YQ==", "credentials_malformed"),
        (offer("not a token"), "credentials_malformed"),
        (offer("a,b"), "credentials_repeated"),
        (offer("not.a.jwt"), "header_malformed"),
        (offer("x" * 16_385), "token_too_large"),
    ],
)
def test_it_is_checked_as_any_other(reading: World, offered: str, expected: str) -> None:
    assert reason(reading.guard, handshake(f"bearer, {offered}")) == expected
    assert reading.server.seen == []


def test_a_bad_token_is_refused_for_the_reason_that_it_has(reading: World) -> None:
    server = reading.server
    assert reason(reading.guard, handshake(offer(server.jwt(expires_in=-61)))) == "expired"
    assert reason(reading.guard, handshake(offer(server.jwt(audience="x")))) == "audience_mismatch"
    assert reason(reading.guard, handshake(offer(server.tampered(server.jwt())))) == (
        "signature_invalid"
    )


def test_the_rules_of_the_path_hold(new_world: Callable[..., World]) -> None:
    rules = [Rule("/chat", scopes=["chat"])]
    world = new_world(guard_options={"websocket_protocol": "bearer", "rules": rules})
    assert world.guard.check(handshake(offer(world.server.jwt(scope="chat"))))
    with pytest.raises(BearerError) as refused:
        world.guard.check(handshake(offer(world.server.jwt(scope="orders:read"))))
    assert (refused.value.reason, refused.value.scopes) == ("scope_insufficient", ("chat",))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, ()),
        ({"query_parameter": True, "form_parameter": True}, ("query_parameter", "form_parameter")),
        ({"websocket_protocol": "bearer"}, ("websocket_protocol",)),
        (
            {"end_streams_at_expiry": True, "websocket_renewal": True},
            ("websocket_renewal", "end_streams_at_expiry"),
        ),
    ],
)
def test_settings_know_what_takes_a_middleware(options: Any, named: tuple[str, ...]) -> None:
    settings = GuardSettings(audience="a", issuers=[Issuer("https://a.example/")], **options)
    assert settings.for_middlewares_alone() == named


def test_a_marker_that_cannot_stand_in_the_header_is_refused() -> None:
    with pytest.raises(SettingsError, match="websocket_protocol must be the name of a subprotocol"):
        GuardSettings(
            audience="a", issuers=[Issuer("https://a.example/")], websocket_protocol="a b"
        )
