"""Self-contained tokens that are introspected as well, where the settings say so."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

from bearer_guard import AccessToken, BearerError, Guard, Introspection, Issuer, Request, Rule
from bearer_guard._core.key_set import VerificationKey
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, World, bearer, verdict, verdict_async

Run = Callable[..., Any]
PATH = "/introspect"
HOUR = 3600.0


def asked(world: World) -> int:
    return world.server.count(PATH)


def introspection(**options: Any) -> Callable[[AuthorizationServer], Introspection]:
    return lambda server: Introspection(**server.introspection_settings(**options))


@pytest.fixture
def always(new_world: Callable[..., World]) -> World:
    """Asks about each JWT for each request."""
    return new_world(introspects=introspection(), introspect_jwts_every=0)


@pytest.fixture
def minutely(new_world: Callable[..., World]) -> World:
    """Asks about each JWT once a minute."""
    return new_world(introspects=introspection(), introspect_jwts_every=60)


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each signature that is verified."""
    verified: list[str] = []
    verifies = VerificationKey.verifies

    def counted(key: VerificationKey, *arguments: Any) -> bool:
        verified.append(arguments[0])
        return verifies(key, *arguments)

    monkeypatch.setattr(VerificationKey, "verifies", counted)
    return verified


def test_always_is_one_call_for_each_request_and_one_verification(
    always: World, verifications: list[str]
) -> None:
    token = always.server.jwt()
    assert [always(token) for _ in range(5)] == ["let in"] * 5
    assert (asked(always), len(verifications)) == (5, 1)


def test_every_minute_is_one_call_a_minute_and_one_verification(
    minutely: World, verifications: list[str]
) -> None:
    token = minutely.server.jwt(expires_in=HOUR)
    for _ in range(120):
        assert minutely(token) == "let in"
        minutely.clock.turn(1)
    assert (asked(minutely), len(verifications)) == (2, 1)
    assert minutely(token) == "let in"
    assert asked(minutely) == 3


def test_within_the_leeway_past_its_expiry_it_is_verified_once_too(
    always: World, verifications: list[str]
) -> None:
    token = always.server.jwt(expires_in=100)
    always.server.introspection_answer(token, {"active": True})
    assert always(token) == "let in"
    always.clock.turn(159.9)
    assert [always(token) for _ in range(3)] == ["let in"] * 3
    assert len(verifications) == 1
    always.clock.turn(0.1)
    assert always(token) == "401 expired"


def test_one_that_expires_while_its_server_is_asked_is_expired(always: World) -> None:
    """Whatever the answer says: it was good when the question began."""
    token = always.server.jwt(expires_in=100)
    always.server.introspection_answer(token, {"active": True})
    with ThreadPoolExecutor(1) as thread:
        with always.server.held(PATH):
            late = thread.submit(always, token)
            always.server.wait_until_asked(PATH)
            always.clock.turn(160)
        assert late.result() == "401 expired"


def test_a_revoked_jwt_is_refused_at_the_next_question(minutely: World) -> None:
    token = minutely.server.jwt(expires_in=HOUR)
    assert minutely(token) == "let in"
    minutely.server.revoke(token)
    minutely.clock.turn(59.9)
    assert minutely(token) == "let in"
    minutely.clock.turn(0.1)
    assert {minutely(token) for _ in range(10)} == {"401 token_inactive"}
    assert asked(minutely) == 2


def test_a_refusal_is_kept_for_its_own_time_even_where_each_request_asks(always: World) -> None:
    token = always.server.jwt()
    always.server.revoke(token)
    assert {always(token) for _ in range(100)} == {"401 token_inactive"}
    assert asked(always) == 1


def test_without_the_setting_a_revoked_jwt_is_let_in_by_its_signature(opaque: World) -> None:
    token = opaque.server.jwt()
    opaque.server.revoke(token)
    assert opaque(token) == "let in"
    assert asked(opaque) == 0


def test_what_failed_here_is_asked_about_nowhere(always: World) -> None:
    """DESIGN 4.1: introspection never lets in what the signature or a claim keeps out."""
    server = always.server
    bad = [
        server.jwt(audience="https://other.example.com"),
        server.tampered(server.jwt()),
        server.jwt(key=server.foreign_key(), kid="unknown"),
        server.jwt(expires_in=-400),
        server.id_token(audience=server.audience),
        server.jwt(claims={"cnf": {"jkt": "x"}}),
    ]
    for token in bad:
        server.introspection_answer(token, {"active": True, "aud": server.audience})
        assert always(token).startswith("401 ")
    assert asked(always) == 0


def test_the_question_is_the_standards(always: World) -> None:
    token = always.server.jwt()
    always(token)
    (seen,) = (each for each in always.server.seen if each.endpoint == PATH)
    assert seen.form == {"token": token, "token_type_hint": "access_token"}


def told(world: World, token: str, **answer: Any) -> AccessToken | str:
    world.server.introspection_answer(token, {"active": True, **answer})
    try:
        return world.guard.authenticate(bearer(token))
    except BearerError as error:
        return error.reason


def test_the_stricter_of_the_two_answers_wins(always: World) -> None:
    now = always.clock.time()
    token = always.server.jwt(scope="a b", expires_in=300)
    found = told(always, token, scope="b c", exp=now + 200)
    assert isinstance(found, AccessToken)
    assert (found.scopes, found.expires_at) == ({"b"}, now + 200)
    assert found.claims["scope"] == "a b"
    token = always.server.jwt(scope="a b", expires_in=300)
    found = told(always, token, exp=now + 900)
    assert isinstance(found, AccessToken)
    assert (found.scopes, found.expires_at) == ({"a", "b"}, now + 300)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"active": False}, "token_inactive"),
        ({"active": "true"}, "token_inactive"),
        ({"iss": "https://evil.example.com/"}, "introspection_disagrees"),
        ({"sub": "mallory"}, "introspection_disagrees"),
        ({"aud": "https://other.example.com"}, "introspection_disagrees"),
        ({"exp": 1000}, "expired"),
        ({"token_type": "refresh_token"}, "other_token_kind"),
        ({"cnf": {"jkt": "x"}}, "token_bound"),
    ],
)
def test_an_answer_that_refuses_or_contradicts_refuses(
    always: World, answer: dict[str, Any], reason: str
) -> None:
    token = always.server.jwt()
    assert told(always, token, **answer) == reason
    assert always(token) == f"401 {reason}", "and is kept like any refusal"
    assert asked(always) == 1


def test_the_earlier_expiry_ends_it(minutely: World) -> None:
    token = minutely.server.jwt(expires_in=HOUR)
    told(minutely, token, exp=minutely.clock.time() + 30)
    minutely.clock.turn(29.9)
    assert minutely(token) == "let in"
    assert asked(minutely) == 1
    minutely.clock.turn(60.1)
    assert minutely(token) == "401 expired"
    assert asked(minutely) == 2


def test_seconds_left_are_those_of_the_earlier_expiry(always: World) -> None:
    token = always.server.jwt(expires_in=300)
    found = told(always, token, exp=always.clock.time() + 100)
    assert isinstance(found, AccessToken)
    assert always.guard.seconds_left(found) == 100 + 60


def test_an_outage_of_introspection_is_503_for_jwts_too(minutely: World) -> None:
    token = minutely.server.jwt(expires_in=HOUR)
    assert minutely(token) == "let in"
    minutely.server.override(PATH, status=500)
    minutely.clock.turn(59)
    assert minutely(token) == "let in"
    minutely.clock.turn(1)
    assert minutely(token) == "503 introspection_unusable"


def test_unless_there_is_grace(new_world: Callable[..., World]) -> None:
    world = new_world(introspects=introspection(grace_for=300), introspect_jwts_every=60)
    token = world.server.jwt(expires_in=HOUR)
    assert world(token) == "let in"
    world.server.override(PATH, status=500)
    world.clock.turn(359.9)
    assert world(token) == "let in"
    world.clock.turn(0.1)
    assert world(token) == "503 introspection_unusable"
    assert world(world.server.jwt()) == "503 introspection_unusable"


def test_a_withdrawn_key_takes_its_tokens_with_it_whatever_introspection_said(
    minutely: World,
) -> None:
    token = minutely.server.jwt(expires_in=HOUR)
    assert minutely(token) == "let in"
    minutely.server.rotate_keys()
    minutely.clock.turn(1)
    assert minutely(minutely.server.jwt()) == "let in"
    assert minutely(token) == "401 key_unknown"


def test_a_jwt_expires_here_whatever_introspection_said(new_world: Callable[..., World]) -> None:
    world = new_world(introspects=introspection(), introspect_jwts_every=HOUR, leeway=0)
    token = world.server.jwt(expires_in=100)
    assert told(world, token) != "expired"
    world.clock.turn(99.9)
    assert world(token) == "let in"
    world.clock.turn(0.1)
    assert world(token) == "401 expired"
    assert asked(world) == 1, "an expired one is nobody's question"


def test_an_answer_about_a_jwt_is_kept_as_long_as_its_own_setting_says(
    new_world: Callable[..., World],
) -> None:
    """``cache_for`` is for referential tokens, and may be shorter or longer."""
    for every, cache_for in ((600, 10), (10, 600)):
        world = new_world(
            introspects=introspection(cache_for=cache_for), introspect_jwts_every=every
        )
        jwt, opaque = world.server.jwt(expires_in=HOUR), world.server.opaque(expires_in=HOUR)
        for token, seconds in ((jwt, every), (opaque, cache_for)):
            world.server.reset_counts()
            assert world(token) == "let in"
            world.clock.turn(seconds - 0.1)
            assert world(token) == "let in"
            assert asked(world) == 1
            world.clock.turn(0.1)
            assert world(token) == "let in"
            assert asked(world) == 2


def test_the_age_of_keys_is_looked_at_as_ever(minutely: World) -> None:
    token = minutely.server.jwt(expires_in=HOUR)
    for _ in range(2):
        assert minutely(token) == "let in"
        minutely.clock.turn(600)
    assert minutely.keys_asked() == 2


def test_what_is_not_valid_yet_is_refused_before_anybody_is_asked(minutely: World) -> None:
    token = minutely.server.jwt(claims={"nbf": minutely.clock.time() + 100})
    assert minutely(token) == "401 not_yet_valid"
    minutely.clock.turn(40)
    assert [minutely(token) for _ in range(2)] == ["401 token_inactive"] * 2, "so says the server"
    assert asked(minutely) == 1


def test_two_hundred_at_once_with_one_jwt_cost_one_fetch_and_one_introspection(
    minutely: World, run: Run
) -> None:
    token = minutely.server.jwt()
    verdicts: list[str] = []

    async def one() -> None:
        verdicts.append(await verdict_async(minutely.guard, token))

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(one)

    run(main)
    assert verdicts == ["let in"] * 200
    assert (minutely.keys_asked(), asked(minutely)) == (1, 1)
    assert minutely.many([minutely.server.jwt()] * 200) == ["let in"] * 200
    assert asked(minutely) == 2


def test_a_warm_one_never_gives_the_loop_away(minutely: World, run: Run) -> None:
    token = minutely.server.jwt()
    minutely(token)

    async def main() -> None:
        with pytest.raises(StopIteration) as done:
            minutely.guard.authenticate_async(bearer(token)).send(None)
        assert done.value.value.subject == "user-1"

    run(main)


def test_keys_and_answer_share_one_patience(new_world: Callable[..., World]) -> None:
    """The client is answered within the time of one call, however many it takes."""
    from bearer_guard import UpstreamPolicy

    world = new_world(
        introspects=introspection(),
        introspect_jwts_every=0,
        upstream=UpstreamPolicy(connect_timeout=0.3, timeout=0.3),
    )
    with world.server.held(PATH):
        assert world(world.server.jwt()) == "503 upstream_timeout"
    world.landed()


def test_no_signature_is_remembered_where_none_is_to_be(
    new_world: Callable[..., World], verifications: list[str]
) -> None:
    world = new_world(
        introspects=introspection(),
        introspect_jwts_every=60,
        guard_options={"remembered_tokens": 0},
    )
    token = world.server.jwt()
    assert [world(token) for _ in range(3)] == ["let in"] * 3
    assert (len(verifications), asked(world)) == (3, 1)


def test_in_an_outage_a_signature_is_verified_once_too(
    always: World, verifications: list[str]
) -> None:
    token = always.server.jwt()
    always(token)
    always.server.override(PATH, status=500)
    for _ in range(5):
        assert always(token).startswith("503 ")
    assert len(verifications) == 1


# By path


def on(world: World, path: str, token: str) -> str:
    request = Request(url=path, headers={"Authorization": f"Bearer {token}"})
    try:
        world.guard.check(request)
    except BearerError as error:
        return f"{world.guard.refusal(error).status} {error.reason}"
    return "let in"


async def on_async(world: World, path: str, token: str) -> str:
    request = Request(url=path, headers={"Authorization": f"Bearer {token}"})
    try:
        await world.guard.check_async(request)
    except BearerError as error:
        return f"{world.guard.refusal(error).status} {error.reason}"
    return "let in"


@pytest.fixture
def by_path(new_world: Callable[..., World]) -> World:
    rules = [
        Rule("/payments/**", scopes=["pay"], introspect_every=0),
        Rule("/orders", introspect_every=30),
    ]
    return new_world(introspects=introspection(), guard_options={"rules": rules})


def test_a_path_may_demand_a_question_where_others_do_not(by_path: World) -> None:
    token = by_path.server.jwt(scope="pay", expires_in=HOUR)
    assert [on(by_path, "/other", token) for _ in range(3)] == ["let in"] * 3
    assert asked(by_path) == 0
    assert [on(by_path, "/payments/1", token) for _ in range(3)] == ["let in"] * 3
    assert asked(by_path) == 3
    assert [on(by_path, "/orders", token) for _ in range(3)] == ["let in"] * 3
    assert asked(by_path) == 3, "one that was heard just now is young enough here"
    by_path.clock.turn(30)
    assert on(by_path, "/orders", token) == "let in"
    assert asked(by_path) == 4


def test_a_path_may_take_an_older_answer_than_any_other_is_kept(
    new_world: Callable[..., World],
) -> None:
    rules = [Rule("/slow", introspect_every=600), Rule("/fast", introspect_every=5)]
    world = new_world(introspects=introspection(cache_for=10), guard_options={"rules": rules})
    token = world.server.jwt(expires_in=HOUR)
    assert on(world, "/fast", token) == "let in"
    world.clock.turn(599.9)
    assert on(world, "/slow", token) == "let in"
    assert asked(world) == 1
    world.clock.turn(0.1)
    assert on(world, "/slow", token) == "let in"
    assert asked(world) == 2


def test_on_an_event_loop_too(by_path: World, run: Run) -> None:
    token = by_path.server.jwt(scope="pay")
    for path, calls in (("/payments/1", 1), ("/other", 1), ("/payments/2", 2)):
        assert run(on_async, by_path, path, token) == "let in"
        assert asked(by_path) == calls
    by_path.server.revoke(token)
    assert run(on_async, by_path, "/payments/1", token) == "401 token_inactive"


def test_what_one_path_learned_binds_no_other(by_path: World) -> None:
    """Other paths go by the signature, before and after: nobody is to wonder why a token that
    the one refuses is taken by the other, now and then."""
    token = by_path.server.jwt(scope="pay")
    assert on(by_path, "/other", token) == "let in"
    by_path.server.revoke(token)
    assert on(by_path, "/payments/1", token) == "401 token_inactive"
    assert on(by_path, "/other", token) == "let in"
    assert on(by_path, "/payments/1", token) == "401 token_inactive"
    assert asked(by_path) == 1


def test_an_opaque_tokens_answer_must_be_as_young_there(by_path: World) -> None:
    token = by_path.server.opaque(scope="pay")
    for path, calls in (("/other", 1), ("/orders", 1), ("/payments/1", 2), ("/payments/1", 3)):
        assert on(by_path, path, token) == "let in"
        assert asked(by_path) == calls, path
    by_path.clock.turn(40)
    assert on(by_path, "/other", token) == "let in"
    assert asked(by_path) == 3
    assert on(by_path, "/orders", token) == "let in"
    assert asked(by_path) == 4


def test_a_path_that_could_be_read_in_two_ways_demands_the_younger_answer(by_path: World) -> None:
    token = by_path.server.jwt(scope="pay")
    for path in ("/other/../payments/1", "/other/%2e%2e/payments/1", "//payments/1"):
        before = asked(by_path)
        assert on(by_path, path, token) == "let in"
        assert asked(by_path) == before + 1, path


def test_scopes_are_those_that_both_grant_on_that_path(by_path: World) -> None:
    token = by_path.server.jwt(scope="pay")
    answer = {"active": True, "scope": "read"}
    by_path.server.introspection_answer(token, answer)
    assert on(by_path, "/payments/1", token) == "403 scope_insufficient"


def test_authenticate_has_no_path_and_goes_by_the_issuer(by_path: World) -> None:
    assert by_path(by_path.server.jwt()) == "let in"
    assert asked(by_path) == 0


def test_a_path_does_not_loosen_what_the_issuer_demands(new_world: Callable[..., World]) -> None:
    world = new_world(
        introspects=introspection(),
        introspect_jwts_every=10,
        guard_options={"rules": [Rule("/slow", introspect_every=600)]},
    )
    token = world.server.jwt()
    assert on(world, "/slow", token) == "let in"
    world.clock.turn(10)
    assert on(world, "/slow", token) == "let in"
    assert asked(world) == 2


def test_a_missing_token_is_told_the_scopes_of_the_path(by_path: World, run: Run) -> None:
    request = Request(url="/payments/1")
    with pytest.raises(BearerError) as refused:
        by_path.guard.check(request)
    assert refused.value.scopes == ("pay",)
    with pytest.raises(BearerError) as refused:
        run(by_path.guard.check_async, request)
    assert refused.value.scopes == ("pay",)


# Several issuers


def test_each_token_is_asked_about_at_its_own_issuers_endpoint_and_nowhere_else() -> None:
    with AuthorizationServer() as one, AuthorizationServer() as other:
        issuers = [
            Issuer(
                server.issuer,
                introspection=Introspection(**server.introspection_settings()),
                introspect_jwts_every=every,
            )
            for server, every in ((one, 0), (other, None))
        ]
        with Guard(audience=one.audience, issuers=issuers, opaque_issuer=other.issuer) as guard:
            for _ in range(2):
                assert verdict(guard, one.jwt()) == "let in"
            assert (one.count(PATH), other.count(PATH)) == (2, 0)
            token = other.jwt()
            for _ in range(2):
                assert verdict(guard, token) == "let in"
            assert (one.count(PATH), other.count(PATH)) == (2, 0)
            assert verdict(guard, other.opaque()) == "let in"
            assert (one.count(PATH), other.count(PATH)) == (2, 1)
            assert other.count(JWKS) == 1


def test_each_application_of_a_template_is_asked_about_at_its_one_endpoint(
    new_world: Callable[..., World],
) -> None:
    world = new_world(
        "https://login.example.com/apps/{application}",
        introspects=lambda server: Introspection(
            server.url(PATH, application="a"), token="may-introspect"
        ),
        introspect_jwts_every=0,
    )
    token = world.server.jwt(application="a")
    assert world(token) == "let in"
    assert asked(world) == 1
    world.server.introspection_answer(token, {"active": True, "iss": world.server.issuer_of("b")})
    assert world(token) == "401 introspection_disagrees"
