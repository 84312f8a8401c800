"""What a message on an open WebSocket does to its token (``Guard.renew_async``)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from bearer_guard import AccessToken, BearerError, Request, Rule
from key_life.world import World, bearer

OPENED = Request("GET", "wss://api.example.com/chat", headers={"Authorization": "Bearer old"})


@pytest.fixture
def renewing(new_world: Callable[..., World]) -> World:
    rules = [Rule("/chat", scopes=["chat"])]
    return new_world(introspects=True, guard_options={"websocket_renewal": True, "rules": rules})


def opened_by(world: World, **grant: Any) -> AccessToken:
    return world.guard.authenticate(bearer(world.server.jwt(**{"scope": "chat", **grant})))


def renew(world: World, before: AccessToken, token: str, request: Request = OPENED) -> Any:
    return anyio.run(world.guard.renew_async, before, request, f"bearer_guard.renew {token}")


def reason(world: World, before: AccessToken, token: str) -> str:
    with pytest.raises(BearerError) as refused:
        renew(world, before, token)
    return refused.value.reason


def test_a_fresh_token_takes_the_place_of_the_old(renewing: World) -> None:
    before = opened_by(renewing, expires_in=100)
    fresh = renew(renewing, before, renewing.server.jwt(scope="chat", expires_in=500))
    assert fresh.expires_at - before.expires_at == 400
    assert renewing.keys_asked() == 1


def test_a_referential_token_renews_too(renewing: World) -> None:
    fresh = renew(renewing, opened_by(renewing), renewing.server.opaque(scope="chat profile"))
    assert fresh.scopes == {"chat", "profile"}


def test_what_does_not_ask_for_it_is_the_applications(renewing: World) -> None:
    before = opened_by(renewing)
    assert anyio.run(renewing.guard.renew_async, before, OPENED, "hello") is None


def test_nothing_is_renewed_unless_the_settings_say_so(world: World) -> None:
    assert renew(world, opened_by(world), world.server.jwt(scope="chat")) is None


def test_a_bad_token_is_refused_for_the_reason_that_it_has(renewing: World) -> None:
    before, server = opened_by(renewing), renewing.server
    assert reason(renewing, before, server.jwt(scope="chat", expires_in=-61)) == "expired"
    assert reason(renewing, before, server.jwt(audience="x")) == "audience_mismatch"
    assert reason(renewing, before, server.tampered(server.jwt())) == "signature_invalid"
    assert reason(renewing, before, "") == "credentials_malformed"
    assert reason(renewing, before, "tök") == "credentials_malformed"
    assert reason(renewing, before, "t,k") == "credentials_repeated"
    assert reason(renewing, before, "x" * 16_385) == "token_too_large"
    assert reason(renewing, before, "x" * 1_000_000) == "token_too_large"


def test_it_needs_what_the_path_needs_and_what_the_old_one_had(renewing: World) -> None:
    server = renewing.server
    had_enough = opened_by(renewing)
    assert reason(renewing, had_enough, server.jwt(scope="profile")) == "scope_insufficient"
    had_too_little = opened_by(renewing, scope="profile")
    assert reason(renewing, had_too_little, server.jwt(scope="profile")) == "scope_insufficient"
    had_more = opened_by(renewing, scope="chat admin")
    assert reason(renewing, had_more, server.jwt(scope="chat")) == "scope_insufficient"


def test_where_the_path_has_tokens_introspected_the_fresh_one_is_too(
    new_world: Callable[..., World],
) -> None:
    rules = [Rule("/chat", scopes=["chat"], introspect_every=0)]
    world = new_world(introspects=True, guard_options={"websocket_renewal": True, "rules": rules})
    before = opened_by(world)
    good, revoked = (world.server.jwt(scope="chat") for _ in range(2))
    world.server.revoke(revoked)
    assert world.server.count("/introspect") == 0
    assert renew(world, before, good).subject == before.subject
    assert reason(world, before, revoked) == "token_inactive"
    assert world.server.count("/introspect") == 2


def test_another_users_token_is_refused(renewing: World) -> None:
    before, server = opened_by(renewing, subject="alice"), renewing.server
    assert reason(renewing, before, server.jwt(scope="chat", subject="bob")) == "renewal_mismatch"


def test_in_an_outage_the_old_token_goes_on_counting(
    renewing: World, caplog: pytest.LogCaptureFixture
) -> None:
    before, token = opened_by(renewing), renewing.server.opaque(scope="chat")
    renewing.server.go_down()
    with caplog.at_level(logging.WARNING):
        assert renew(renewing, before, token) is before
    assert [
        record.reason for record in caplog.records if "refused" in record.msg % record.args
    ] == ["upstream_unreachable"]
    assert token not in caplog.text
    renewing.server.come_back()
    assert renew(renewing, before, token) is not before


def test_the_query_that_opened_it_is_no_second_method(new_world: Callable[..., World]) -> None:
    world = new_world(guard_options={"websocket_renewal": True, "query_parameter": True})
    before = opened_by(world)
    opened = Request("GET", "wss://a/chat?access_token=old")
    assert renew(world, before, world.server.jwt(scope="chat"), opened) is not None
