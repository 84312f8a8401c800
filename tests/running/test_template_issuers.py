"""One setting that stands for the issuers of many applications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bearer_guard import AuthorizationServerUnavailable, KeySetPolicy
from bearer_guard._running import template_issuers
from key_life.world import OAUTH, OPENID, TEMPLATE, World, at_once, bearer

JWKS_PATH = "/apps/{}/.well-known/jwks.json"


@pytest.fixture
def apps(new_world: Callable[..., World]) -> Callable[..., World]:
    def make(**options: Any) -> World:
        policy = KeySetPolicy(**options.pop("key_set", {}))
        return new_world(TEMPLATE, key_set=policy, **options)

    return make


def junk(world: World, name: str) -> str:
    """A token whose issuer fits the template and does not exist."""
    return world.server.jwt(claims={"iss": TEMPLATE.replace("{application}", name)})


def looked_up(world: World) -> int:
    """How many times an issuer's metadata was asked for."""
    return world.server.count(OPENID)


def test_each_application_is_an_issuer_with_keys_of_its_own(apps: Callable[..., World]) -> None:
    world = apps()
    tokens = [world.server.jwt(application=name) for name in ("a", "b", "a")]
    assert world.many(tokens) == ["let in"] * 3
    assert looked_up(world) == 2
    forged = world.server.jwt(
        application="a", key=world.server.signing_key(application="b").private_key
    )
    assert world(forged) == "401 signature_invalid"


def test_an_application_that_does_not_exist_is_401(apps: Callable[..., World]) -> None:
    world = apps()
    assert world(junk(world, "nobody")) == "401 issuer_unknown"
    assert world(junk(world, "nobody")) == "401 issuer_unknown"
    assert world.server.count(OPENID) == world.server.count(OAUTH) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_gone_is_as_good_as_not_found(apps: Callable[..., World], status: int) -> None:
    world = apps()
    world.server.override(OPENID, status=status)
    world.server.override(OAUTH, status=status)
    assert world(world.server.jwt()) == "401 issuer_unknown"


@pytest.mark.parametrize("status", [500, 502, 503, 400, 401, 403, 405, 429, 451, 200])
def test_a_server_in_trouble_is_503(apps: Callable[..., World], status: int) -> None:
    world = apps()
    for place in (OPENID, OAUTH):
        world.server.override(place, status=status, body=b"")
    assert world(world.server.jwt()) == "503 metadata_unusable"


@pytest.mark.parametrize("status", [500, 503, 403, 429])
def test_trouble_at_one_place_and_nothing_at_the_other_is_503_too(
    apps: Callable[..., World], status: int
) -> None:
    """Most issuers publish at one place alone: 404 at the other says nothing, and a good token
    must not be thrown away for it."""
    world = apps()
    world.server.override(OPENID, status=status)
    world.server.override(OAUTH, status=404)
    token = world.server.jwt()
    assert world(token) == "503 metadata_unusable"
    world.server.clear_overrides()
    world.clock.turn(1)
    assert world(token) == "let in"


def test_an_issuer_that_is_known_is_not_unknown_for_a_404(apps: Callable[..., World]) -> None:
    world = apps()
    token = world.server.jwt(expires_in=100_000)
    world(token)
    for place in (OPENID, OAUTH, "/jwks"):
        world.server.override(place, status=404)
    world.clock.turn(600)
    assert world(token) == "let in"
    world.clock.turn(3600)
    assert world(token) == "503 metadata_unusable"


def test_a_foreign_pattern_costs_nothing(apps: Callable[..., World]) -> None:
    world = apps()
    for issuer in (
        *("https://evil.example.com/apps/a", "https://login.example.com/apps/a/b"),
        *("https://login.example.com/apps/", "https://login.example.com/apps/.."),
        *("https://login.example.com/apps/a?b", "https://login.example.com/apps/a%2Fb"),
        *("https://login.example.com/apps/a\n", "https://loginxexample.com/apps/a"),
    ):
        assert world(world.server.jwt(claims={"iss": issuer})) == "401 issuer_untrusted", issuer
    assert world.server.seen == []


def test_pinned_parts_are_the_only_ones(apps: Callable[..., World]) -> None:
    world = apps(parts={"application": ["a", "b"]})
    tokens = [world.server.jwt(application=name) for name in ("a", "b", "c")]
    verdicts = [world(token) for token in tokens]
    assert verdicts == ["let in", "let in", "401 issuer_untrusted"]


def test_a_hundred_newcomers_in_thirty_seconds_and_no_more(apps: Callable[..., World]) -> None:
    world = apps()
    verdicts = [world(junk(world, f"junk-{number}")) for number in range(110)]
    assert verdicts == ["401 issuer_unknown"] * 100 + ["503 newcomers_exhausted"] * 10
    assert looked_up(world) == 100


def test_when_too_many_came_the_client_hears_when_to_come_back(apps: Callable[..., World]) -> None:
    world = apps(key_set={"failed_newcomers": 1})
    world(junk(world, "a"))
    world.clock.turn(12.5)
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        world.guard.authenticate(bearer(junk(world, "b")))
    assert (caught.value.reason, caught.value.retry_after) == ("newcomers_exhausted", 18)
    world.clock.turn(17.5)
    assert world(junk(world, "b")) == "401 issuer_unknown"


def test_newcomers_at_once_share_the_budget(apps: Callable[..., World]) -> None:
    world = apps(key_set={"failed_newcomers": 5})
    verdicts = world.many([junk(world, f"junk-{number}") for number in range(40)])
    assert sorted(set(verdicts)) == ["401 issuer_unknown", "503 newcomers_exhausted"]
    assert verdicts.count("401 issuer_unknown") == 5
    assert looked_up(world) == 5


def test_names_that_were_looked_up_in_vain_cost_no_more_than_the_budget_when_they_come_again(
    apps: Callable[..., World],
) -> None:
    """The budget bounds what made-up names cost the issuer: as many in a window, old or new."""
    world = apps(key_set={"failed_newcomers": 3})
    tokens = [junk(world, f"junk-{number}") for number in range(3)]
    counts = []
    for _ in range(4):
        for _ in range(30):
            for token in tokens:
                world(token)
            world.clock.turn(1)
        counts.append(looked_up(world))
    assert counts == [3, 6, 9, 12]


def test_newcomers_that_show_keys_cost_no_budget(apps: Callable[..., World]) -> None:
    world = apps(key_set={"failed_newcomers": 2})
    for number in range(10):
        assert world(world.server.jwt(application=f"true-{number}")) == "let in"


def test_known_issuers_are_not_pushed_out_by_junk(
    apps: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_issuers, "_NEWCOMERS", 20)
    world = apps(guard_options={"template_issuers": 2})
    good = [world.server.jwt(application=name) for name in ("a", "b")]
    assert world.many(good) == ["let in"] * 2
    for number in range(60):
        assert world(junk(world, f"junk-{number}")) == "401 issuer_unknown"
    before = len(world.server.seen)
    fresh = [world.server.jwt(application=name) for name in ("a", "b")]
    assert world.many(good + fresh) == ["let in"] * 4
    assert len(world.server.seen) == before
    templates = world.guard._authenticator._templates
    assert (len(templates._known), len(templates._newcomers)) == (2, 20)


def test_the_issuer_used_least_lately_is_forgotten_first(apps: Callable[..., World]) -> None:
    world = apps(guard_options={"template_issuers": 2, "remembered_tokens": 0})
    for name in ("a", "b", "a", "c"):
        assert world(world.server.jwt(application=name)) == "let in"
    assert looked_up(world) == 3
    assert world(world.server.jwt(application="a")) == "let in"
    assert looked_up(world) == 3
    assert world(world.server.jwt(application="b")) == "let in"
    assert looked_up(world) == 4


def test_two_hundred_at_once_for_one_new_application_cost_one_look(
    apps: Callable[..., World],
) -> None:
    world = apps()
    token = world.server.jwt(application="new")
    assert world.many([token] * 200) == ["let in"] * 200
    assert looked_up(world) == 1
    assert world.server.count(JWKS_PATH.format("new")) == 1


def test_addresses_of_the_settings_are_filled_in(apps: Callable[..., World]) -> None:
    world = apps(jwks_uri=TEMPLATE + "/.well-known/jwks.json")
    assert world(world.server.jwt(application="a")) == "let in"
    assert [request.path for request in world.server.seen] == [JWKS_PATH.format("a")]
    world = apps(metadata_uri=TEMPLATE + "/.well-known/openid-configuration")
    assert world(world.server.jwt(application="b")) == "let in"
    assert [request.path for request in world.server.seen] == [
        "/apps/b/.well-known/openid-configuration",
        JWKS_PATH.format("b"),
    ]


def test_an_unknown_kid_of_a_known_application_spends_its_own_budget(
    apps: Callable[..., World],
) -> None:
    world = apps()
    for name in ("a", "b"):
        world(world.server.jwt(application=name))
        for number in range(10):
            token = world.server.jwt(application=name, kid=f"made-up-{number}")
            assert world(token) == "401 key_unknown"
        assert world.server.count(JWKS_PATH.format(name)) == 1 + 2


def test_the_newcomers_lock_is_made_anew_in_a_fork(apps: Callable[..., World]) -> None:
    world = apps()
    templates = world.guard._authenticator._templates
    with templates._lock:
        templates.after_fork()
        (verdict,) = at_once([lambda: world(world.server.jwt())])
    assert verdict == "let in"
