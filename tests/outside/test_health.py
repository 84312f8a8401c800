"""``Guard.health()``: how a guard does, issuer by issuer, without asking anybody."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from bearer_guard import Guard, Introspection, Issuer, KeySetPolicy
from bearer_guard.health import (
    CacheHealth,
    Health,
    IntrospectionHealth,
    IssuerHealth,
    KeySetHealth,
    LastError,
    TemplateHealth,
)
from bearer_guard.testing import AuthorizationServer
from key_life.world import ISSUER, JWKS, TEMPLATE, World, at_once, verdict

NO_CACHE = CacheHealth(entries=0, capacity=10_000, hits=0, misses=0, hit_rate=None)
EXACT = KeySetPolicy(jitter=0)


def keys(world: World) -> KeySetHealth:
    (issuer,) = world.guard.health().issuers
    assert issuer.key_set is not None
    return issuer.key_set


def introspection(world: World) -> IntrospectionHealth:
    (issuer,) = world.guard.health().issuers
    assert issuer.introspection is not None
    return issuer.introspection


def template(world: World) -> TemplateHealth:
    (issuer,) = world.guard.health().issuers
    assert issuer.template is not None
    return issuer.template


def test_a_new_guard_has_nothing_and_is_ready(world: World) -> None:
    assert world.guard.health() == Health(
        issuers=(
            IssuerHealth(
                issuer=ISSUER,
                alias="login.example.com",
                ready=True,
                key_set=KeySetHealth(
                    state="nothing", age=None, keys=0, unfit=0, last_error=None, next_try_in=0
                ),
                template=None,
                introspection=None,
            ),
        ),
        signatures=NO_CACHE,
        template_issuers=0,
        store=None,
    )
    assert world.server.seen == []


def test_keys_are_fresh_then_age_then_are_stale_then_gone(new_world: Callable[..., World]) -> None:
    world = new_world(key_set=EXACT)
    world(world.server.jwt())
    seen = []
    for turn in (0, 479, 1, 119, 1, 3599, 1):
        world.clock.turn(turn)
        now = keys(world)
        seen.append((world.clock.monotonic(), now.state, now.age, now.next_try_in))
    assert seen == [
        (0, "fresh", 0, 480),
        (479, "fresh", 479, 1),
        (480, "ageing", 480, 0),
        (599, "ageing", 599, 0),
        (600, "stale", 600, 0),
        (4199, "stale", 4199, 0),
        (4200, "gone", 4200, 0),
    ]
    assert keys(world).last_error is None, "nobody asked, so nobody failed"
    assert world.guard.health().is_ready(), "the next request fetches them"
    assert world.keys_asked() == 1


def test_an_answer_of_not_modified_makes_them_young_again(new_world: Callable[..., World]) -> None:
    world = new_world(key_set=EXACT)
    token = world.server.jwt(expires_in=5000)
    world(token)
    world.clock.turn(480)
    world(token)
    world.landed()
    assert "if-none-match" in world.server.seen[-1].headers
    assert (keys(world).state, keys(world).age) == ("fresh", 0)


def test_it_counts_the_keys_that_can_be_used_and_those_that_cannot(world: World) -> None:
    world.server.jwt()
    published = json.loads(world.http_client.get(world.server.url("/jwks")).content)
    weak = {**published["keys"][0], "kid": "other", "use": "enc"}
    world.server.override(JWKS, body={"keys": [*published["keys"], weak]})
    world(world.server.jwt())
    assert (keys(world).keys, keys(world).unfit) == (1, 1)


def test_the_last_error_has_its_reason_and_its_age_and_outlives_the_recovery(
    new_world: Callable[..., World],
) -> None:
    world = new_world(key_set=EXACT)
    token = world.server.jwt(expires_in=9000)
    world.server.go_down()
    world(token)
    assert keys(world).last_error == LastError(reason="upstream_unreachable", seconds_ago=0)
    assert (keys(world).state, keys(world).next_try_in) == ("nothing", 1)
    world.clock.turn(1)
    world.server.come_back()
    assert world(token) == "let in"
    now = keys(world)
    assert (now.state, now.next_try_in) == ("fresh", 480)
    assert now.last_error == LastError(reason="upstream_unreachable", seconds_ago=1)


def test_an_issuer_is_not_ready_only_while_requests_are_turned_away_unasked(world: World) -> None:
    """If it were not ready for want of keys, nobody would be sent who has them fetched."""
    token = world.server.jwt()
    world.server.go_down()
    assert world(token) == "503 upstream_unreachable"
    asked = world.guard.health()
    assert not asked.issuers[0].ready
    assert not asked.is_ready()
    world.clock.turn(0.999)
    assert not world.guard.health().is_ready()
    world.clock.turn(0.001)
    assert world.guard.health().is_ready()
    world.server.come_back()
    assert world(token) == "let in"
    assert world.guard.health().is_ready()


def test_stale_keys_that_serve_are_ready(new_world: Callable[..., World]) -> None:
    world = new_world(key_set=EXACT)
    token = world.server.jwt(expires_in=9000)
    world(token)
    world.server.go_down()
    world.clock.turn(700)
    assert world(token) == "let in"
    now = world.guard.health().issuers[0]
    assert (now.state, now.ready) == ("stale", True)
    world.clock.turn(3500)
    assert world(token) == "503 upstream_unreachable"
    now = world.guard.health().issuers[0]
    assert (now.state, now.ready) == ("gone", False)


def test_an_issuer_that_publishes_no_keys_is_not_away(opaque: World) -> None:
    """Its tokens are all referential. A stranger who brings a JWT in its name changes nothing."""
    metadata = {**opaque.server.metadata()}
    del metadata["jwks_uri"]
    for place in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        opaque.server.override(place, body=metadata)
    assert opaque(opaque.server.jwt()) == "503 metadata_unusable"
    assert opaque.guard.health().is_ready()
    assert opaque(opaque.server.opaque()) == "let in"


def test_remembered_signatures_are_counted(world: World) -> None:
    first, second = world.server.jwt(), world.server.jwt()
    for token in (first, first, first, second):
        assert world(token) == "let in"
    assert world.guard.health().signatures == CacheHealth(
        entries=2, capacity=10_000, hits=2, misses=2, hit_rate=0.5
    )


def test_junk_does_not_spoil_the_hit_rate(world: World) -> None:
    good = world.server.jwt()
    world(good)
    for junk in ("x", world.server.tampered(good), world.server.jwt(expires_in=-1000)):
        assert world(junk).startswith("401")
    assert world.guard.health().signatures.misses == 1


def test_a_guard_that_remembers_nothing_counts_all_the_same(
    new_world: Callable[..., World],
) -> None:
    world = new_world(guard_options={"remembered_tokens": 0})
    token = world.server.jwt()
    assert {world(token) for _ in range(3)} == {"let in"}
    assert world.guard.health().signatures == CacheHealth(
        entries=0, capacity=0, hits=0, misses=3, hit_rate=0.0
    )


def test_introspection_answers_are_counted(opaque: World) -> None:
    token, other = opaque.server.opaque(), opaque.server.opaque()
    for each in (token, token, token, other, "dead", "dead"):
        opaque(each)
    now = introspection(opaque)
    assert now.answers == CacheHealth(entries=3, capacity=10_000, hits=3, misses=3, hit_rate=0.5)
    assert (now.breaker, now.next_try_in, now.last_error) == ("closed", 0, None)
    assert opaque.guard.health().signatures == NO_CACHE


def test_introspections_last_error_has_its_reason_and_its_age(opaque: World) -> None:
    opaque.server.override("/introspect", status=500)
    assert opaque(opaque.server.opaque()) == "503 introspection_unusable"
    opaque.clock.turn(5)
    assert introspection(opaque).last_error == LastError(
        reason="introspection_unusable", seconds_ago=5
    )


def test_a_suspended_endpoint_is_not_ready_until_a_probe_may_go(
    new_world: Callable[..., World],
) -> None:
    def impatient(server: AuthorizationServer) -> Introspection:
        return Introspection(**server.introspection_settings(failures_to_suspend=2))

    world = new_world(introspects=impatient)
    world.server.override("/introspect", status=500, times=2)
    seen = []
    for _ in range(3):
        world(world.server.opaque())
        now = introspection(world)
        seen.append((now.breaker, now.next_try_in, world.guard.health().is_ready()))
    assert seen == [("closed", 0, True), ("open", 1, False), ("open", 1, False)]
    assert world.server.count("/introspect") == 2
    assert introspection(world).last_error.reason == "introspection_unusable"
    world.clock.turn(1)
    assert introspection(world).breaker == "half_open"
    assert world.guard.health().is_ready(), "the next request is the probe"
    assert world(world.server.opaque()) == "let in"
    assert introspection(world).breaker == "closed"


def test_a_jwt_that_is_introspected_as_well_counts_in_both_memories(
    new_world: Callable[..., World],
) -> None:
    world = new_world(introspects=True, introspect_jwts_every=60)
    token, other = world.server.jwt(), world.server.jwt()
    assert [world(each) for each in (token, token, token, other)] == ["let in"] * 4
    assert world.guard.health().signatures == CacheHealth(
        entries=2, capacity=10_000, hits=2, misses=2, hit_rate=0.5
    )
    answers = introspection(world).answers
    assert (answers.hits, answers.misses) == (2, 2)


def test_of_several_introspecting_issuers_the_one_that_is_asked_tells(
    new_world: Callable[..., World],
) -> None:
    credentials = Introspection("https://h.example/i", token="t")
    issuers = [Issuer(f"https://{name}.example/", introspection=credentials) for name in "ab"]
    with Guard(audience="a", issuers=issuers, opaque_issuer="https://b.example/") as guard:
        first, second = guard.health().issuers
    assert first.introspection is None
    assert second.introspection is not None


def test_a_template_tells_of_the_issuers_that_have_shown_keys(
    new_world: Callable[..., World],
) -> None:
    world = new_world(TEMPLATE, key_set=EXACT)
    assert template(world) == TemplateHealth(issuers=0, states={}, oldest=None, last_error=None)
    assert world.guard.health().issuers[0].state == "nothing"
    for application, turn in (("a", 100), ("b", 400), ("c", 7)):
        assert world(world.server.jwt(application=application)) == "let in"
        world.clock.turn(turn)
    now = world.guard.health()
    assert now.template_issuers == 3
    assert template(world) == TemplateHealth(
        issuers=3, states={"ageing": 1, "fresh": 2}, oldest=507, last_error=None
    )
    assert now.issuers[0].state == "fresh", "the best of them"
    assert now.issuers[0].key_set is None


def test_a_template_is_ready_while_one_of_its_issuers_is(new_world: Callable[..., World]) -> None:
    world = new_world(TEMPLATE, key_set=EXACT)
    tokens = [world.server.jwt(application=application, expires_in=90_000) for application in "ab"]
    assert {world(token) for token in tokens} == {"let in"}
    world.clock.turn(5000)
    world.server.override(urlsplit(world.server.url(JWKS, application="a")).path, status=500)
    assert [world(token) for token in tokens] == ["503 key_set_unusable", "let in"]
    assert world.guard.health().is_ready()
    error = template(world).last_error
    assert error == LastError(reason="key_set_unusable", seconds_ago=0)
    world.clock.turn(5000)
    world.server.go_down()
    assert [world(token)[:3] for token in tokens] == ["503", "503"]
    assert not world.guard.health().is_ready()


def test_issuers_that_strangers_make_up_change_nothing(new_world: Callable[..., World]) -> None:
    world = new_world(TEMPLATE)
    world.server.unavailable()
    for number in range(20):
        made_up = world.server.jwt(claims={"iss": f"https://login.example.com/apps/x{number}"})
        assert world(made_up) == "503 metadata_unusable"
    assert world.guard.health().is_ready()
    assert template(world).issuers == 0


def test_a_look_at_ten_thousand_issuers_sees_a_thousand(new_world: Callable[..., World]) -> None:
    world = new_world(TEMPLATE)
    assert world(world.server.jwt(application="a")) == "let in"
    known = world.guard._authenticator._templates._known
    (issuer,) = known.newest(10)
    for number in range(1500):
        known.put(f"x{number}", issuer)
    assert template(world).issuers == 1000
    assert world.guard.health().template_issuers == 1501


def test_of_the_errors_of_a_templates_issuers_the_last_is_told(
    new_world: Callable[..., World],
) -> None:
    world = new_world(TEMPLATE, key_set=EXACT)
    tokens = [world.server.jwt(application=application, expires_in=90_000) for application in "ab"]
    assert {world(token) for token in tokens} == {"let in"}
    world.clock.turn(700)
    world.server.override(urlsplit(world.server.url(JWKS, application="a")).path, status=500)
    assert world(tokens[0]) == "let in"
    assert template(world).last_error == LastError(reason="key_set_unusable", seconds_ago=0)
    world.clock.turn(10)
    world.server.go_down()
    assert world(tokens[1]) == "let in"
    assert template(world).last_error == LastError(reason="upstream_unreachable", seconds_ago=0)


def test_it_is_plain_data_as_json_holds_it(new_world: Callable[..., World]) -> None:
    exact = new_world(introspects=True)
    exact(exact.server.jwt())
    exact(exact.server.opaque())
    many = new_world(TEMPLATE)
    many(many.server.jwt(application="a"))
    for world in (exact, many):
        told = world.guard.health().as_dict()
        assert json.loads(json.dumps(told, allow_nan=False)) == {
            **told,
            "issuers": list(told["issuers"]),
        }
        assert set(told) == {field.name for field in dataclasses.fields(Health)}


def test_it_is_frozen(world: World) -> None:
    health = world.guard.health()
    with pytest.raises(dataclasses.FrozenInstanceError):
        health.issuers = ()  # type: ignore[misc]


def test_it_holds_no_token_no_secret_no_claim_and_no_key_id(opaque: World) -> None:
    server = opaque.server
    secret = server.introspection_settings()["client_secret"]
    jwt, referential = server.jwt(subject="user-77"), server.opaque(subject="user-78")
    for token in (jwt, referential, "junk-token"):
        opaque(token)
    server.go_down()
    opaque(server.opaque())
    text = f"{opaque.guard.health()!r} {json.dumps(opaque.guard.health().as_dict())}"
    for word in (jwt, referential, "junk", secret, "user-7", server.signing_key().kid, "api."):
        assert str(word) not in text, word


def test_it_asks_nobody_even_if_everything_is_old(new_world: Callable[..., World]) -> None:
    world = new_world(introspects=True)
    world(world.server.jwt())
    asked = len(world.server.seen)
    for _ in range(50):
        world.clock.turn(1000)
        world.guard.health()
    world.landed()
    assert len(world.server.seen) == asked


def test_it_can_be_read_while_many_threads_use_the_guard(new_world: Callable[..., World]) -> None:
    world = new_world(TEMPLATE, guard_options={"template_issuers": 20})
    tokens = [world.server.jwt(application=f"a{number}") for number in range(60)]
    looks: list[Health] = []

    def use() -> None:
        for token in tokens:
            assert verdict(world.guard, token) == "let in"

    def look() -> None:
        looks.extend(world.guard.health() for _ in range(300))

    assert [result for result in at_once([use, use, look, look]) if result is not None] == []
    assert len(looks) == 600
