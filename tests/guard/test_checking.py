"""A request judged by its path and its token, sync and async alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from bearer_guard import (
    AccessToken,
    AuthorizationServerUnavailable,
    Guard,
    InsufficientScope,
    Introspection,
    InvalidToken,
    Issuer,
    MissingToken,
    Request,
    Rule,
)
from bearer_guard._core.key_set import VerificationKey
from bearer_guard.testing import ABSENT, AuthorizationServer, HandClock
from key_life.world import ISSUER, TEMPLATE, World, verdict

Check = Callable[[Guard, Request], AccessToken | None]


def check_async(guard: Guard, request: Request) -> AccessToken | None:
    return anyio.run(guard.check_async, request)


@pytest.fixture(params=[Guard.check, check_async], ids=["sync", "async"])
def check(request: pytest.FixtureRequest) -> Check:
    return request.param


@pytest.fixture
def ruled(new_world: Callable[..., World]) -> World:
    rules = [
        Rule("/orders", methods=["POST"], scopes=["orders:write"]),
        Rule("/reports/**", scopes=["reports:read", "orders:read"]),
    ]
    options = {"public": ["/health"], "rules": rules, "required_scopes": ["orders:read"]}
    return new_world(guard_options=options)


def request(world: World, method: str = "GET", path: str = "/", **grant: Any) -> Request:
    token = world.server.jwt(**grant)
    return Request(method, path, headers={"Authorization": f"Bearer {token}"})


def test_a_public_path_needs_no_token_and_costs_no_network(ruled: World, check: Check) -> None:
    assert check(ruled.guard, Request("GET", "/health")) is None
    assert ruled.server.seen == []


def test_a_good_token_is_handed_over(ruled: World, check: Check) -> None:
    token = check(ruled.guard, request(ruled, path="/orders"))
    assert token is not None
    assert token.scopes == {"orders:read"}


def test_a_token_that_grants_too_little_hears_what_is_needed(ruled: World, check: Check) -> None:
    with pytest.raises(InsufficientScope) as caught:
        check(ruled.guard, request(ruled, "POST", "/orders"))
    assert caught.value.scopes == ("orders:read", "orders:write")
    granted = request(ruled, "POST", "/orders", scope="orders:write orders:read")
    assert check(ruled.guard, granted) is not None


def test_without_a_token_the_challenge_tells_the_scopes(ruled: World, check: Check) -> None:
    with pytest.raises(MissingToken) as caught:
        check(ruled.guard, Request("GET", "/reports/2026"))
    assert caught.value.scopes == ("orders:read", "reports:read")


def test_a_bad_token_is_refused(ruled: World, check: Check) -> None:
    with pytest.raises(InvalidToken, match="audience_mismatch"):
        check(ruled.guard, request(ruled, audience="https://other.example.com"))


def test_a_kept_scope_check_never_stands_in_for_another(ruled: World, check: Check) -> None:
    """What was good for one path is asked again for the next."""
    kept = request(ruled, path="/orders")
    assert check(ruled.guard, kept) is not None
    credentials = kept.header_values(b"authorization")[0].decode()
    post = Request("POST", "/orders", headers={"Authorization": credentials})
    with pytest.raises(InsufficientScope):
        check(ruled.guard, post)


def test_a_refusal_is_a_whole_answer_and_one_record(
    ruled: World, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = ruled.guard.refusal(AuthorizationServerUnavailable("upstream_timeout", retry_after=7))
    assert refusal.status == 503
    assert dict(refusal.headers)["retry-after"] == "7"
    assert [record.reason for record in caplog.records] == ["upstream_timeout"]


def test_a_token_is_let_in_for_its_life_and_the_leeway(world: World) -> None:
    token = world.guard.authenticate(request(world, expires_in=300))
    assert world.guard.seconds_left(token) == 360
    world.clock.turn(359.5)
    assert world.guard.seconds_left(token) == 0.5
    world.clock.turn(100)
    assert world.guard.seconds_left(token) == 0


@pytest.mark.parametrize("exp", [1e300, 10**400], ids=["float", "endless"])
def test_a_life_beyond_all_range_is_a_year(world: World, exp: float) -> None:
    token = world.guard.authenticate(request(world, claims={"exp": exp}))
    assert world.guard.seconds_left(token) == 365 * 86_400 + 60


def test_an_answer_without_expiry_has_no_end(new_world: Callable[..., World]) -> None:
    world = new_world(introspects=True)
    opaque = world.server.opaque(claims={"exp": ABSENT})
    world.server.introspection_answer(opaque, {"active": True, "aud": world.server.audience})
    token = world.guard.authenticate(Request(headers={"Authorization": f"Bearer {opaque}"}))
    assert world.guard.seconds_left(token) is None


def test_so_is_one_of_a_templates_issuers(new_world: Callable[..., World]) -> None:
    world = new_world(TEMPLATE, leeway=10)
    token = world.guard.authenticate(request(world, application="a", expires_in=300))
    assert world.guard.seconds_left(token) == 310


def test_an_answer_whose_url_carried_the_token_stays_private(
    new_world: Callable[..., World],
) -> None:
    """RFC 6750 section 2.3."""
    world = new_world(guard_options={"query_parameter": True})
    token = world.server.jwt()
    in_query = Request("GET", f"/orders?access_token={token}")
    assert world.guard.authenticate(in_query).subject == "user-1"
    assert world.guard.must_stay_private(in_query)
    assert not world.guard.must_stay_private(Request("GET", "/orders?a=b"))
    assert not new_world().guard.must_stay_private(in_query)


def test_a_token_in_a_form_is_taken_where_the_settings_say_so(
    new_world: Callable[..., World],
) -> None:
    world = new_world(guard_options={"form_parameter": True})
    form = f"access_token={world.server.jwt()}".encode()
    assert world.guard.authenticate(Request("POST", "/", form=form)).subject == "user-1"


def test_with_no_memory_for_signatures_each_is_verified(
    new_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[bytes] = []
    verifies = VerificationKey.verifies
    monkeypatch.setattr(
        VerificationKey,
        "verifies",
        lambda key, alg, octets, signature: (
            verified.append(octets) or verifies(key, alg, octets, signature)
        ),
    )
    for size, times in ((0, 3), (10_000, 1)):
        verified.clear()
        world = new_world(guard_options={"remembered_tokens": size})
        token = world.server.jwt()
        assert [world(token) for _ in range(3)] == ["let in"] * 3
        assert len(verified) == times


def test_no_more_signatures_are_remembered_than_the_settings_say(
    new_world: Callable[..., World],
) -> None:
    world = new_world(guard_options={"remembered_tokens": 2})
    for _ in range(5):
        assert world(world.server.jwt()) == "let in"
    assert len(world.guard._authenticator._verified.recent) == 2


def test_a_remembered_token_expires_and_starts_like_any_other(world: World) -> None:
    token = world.server.jwt(expires_in=300)
    later = world.server.jwt(expires_in=1000, claims={"nbf": world.clock.time() + 100})
    assert world(token) == "let in"
    assert world(later) == "401 not_yet_valid"
    world.clock.turn(40)
    assert world(later) == "let in"
    assert world(later) == "let in"
    world.clock.turn(319.9)
    assert world(token) == "let in"
    world.clock.turn(0.1)
    assert world(token) == "401 expired"


class SetBack(HandClock):
    """The wall clock may be set back, by an operator or by NTP; the other one never is."""

    behind = 0.0

    def time(self) -> float:
        return super().time() - self.behind


@pytest.mark.parametrize("every", [None, 60])
def test_a_remembered_token_has_not_begun_yet_where_the_clock_was_set_back(
    every: float | None,
) -> None:
    clock = SetBack()
    server = AuthorizationServer(issuer=ISSUER, clock=clock.time)
    issuer = Issuer(
        ISSUER,
        introspection=Introspection(**server.introspection_settings()),
        introspect_jwts_every=every,
        leeway=10,
    )
    with Guard(
        audience=server.audience, issuers=[issuer], http_client=server.http_client(), clock=clock
    ) as guard:
        token = server.jwt(claims={"nbf": clock.time(), "iat": clock.time() - 1000})
        assert verdict(guard, token) == "let in"
        clock.behind = 10
        assert verdict(guard, token) == "let in"
        asked = server.count("/introspect")
        clock.turn(61)
        clock.behind += 61.1
        assert verdict(guard, token) == "401 not_yet_valid"
        assert server.count("/introspect") == asked, "it is refused by what it says itself"


def test_two_guards_share_nothing(new_world: Callable[..., World]) -> None:
    first, second = new_world(), new_world()
    token = first.server.jwt()
    assert first(token) == "let in"
    assert second(token) == "401 key_unknown"
