"""Several workers with one store act as one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from bearer_guard import Guard, Introspection, KeySetPolicy
from bearer_guard._upstream import forks
from bearer_guard._upstream.redis_store import RedisStore
from bearer_guard.settings.shared import Shared
from fleet.workers import INTROSPECT, ISSUER, JWKS, OPENID, Workers, verdict


def test_one_after_the_other_they_fetch_the_keys_once(workers: Workers) -> None:
    token = workers.server.jwt()
    assert [verdict(guard, token) for guard in workers.new(5)] == ["let in"] * 5
    assert (workers.server.count(OPENID), workers.server.count(JWKS)) == (1, 1)


def test_all_at_once_they_fetch_the_keys_once(workers: Workers) -> None:
    token, guards = workers.server.jwt(), workers.new(8)
    barrier = threading.Barrier(8)

    def enter(guard: object) -> str:
        barrier.wait(5)
        return verdict(guard, token)  # type: ignore[arg-type]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(enter, guards)) == ["let in"] * 8
    assert (workers.server.count(OPENID), workers.server.count(JWKS)) == (1, 1)


def test_without_a_store_each_fetches_them(workers: Workers) -> None:
    token = workers.server.jwt()
    assert [verdict(guard, token) for guard in workers.new(3, shared=None)] == ["let in"] * 3
    assert workers.server.count(JWKS) == 3


def test_a_rotated_key_costs_the_fleet_one_fetch(workers: Workers) -> None:
    guards = workers.new(4)
    for guard in guards:
        verdict(guard, workers.server.jwt())
    workers.server.rotate_keys()
    token = workers.server.jwt()
    assert [verdict(guard, token) for guard in guards] == ["let in"] * 4
    assert workers.server.count(JWKS) == 2


def test_two_rotations_within_a_moment_are_both_found(workers: Workers) -> None:
    first, second = workers.new(2)
    for guard in (first, second):
        verdict(guard, workers.server.jwt())
    workers.server.rotate_keys()
    between = workers.server.jwt()
    workers.clock.turn(1)
    assert verdict(first, between) == "let in"
    workers.server.rotate_keys()
    # What the first one fetched has not this key: the second must not take it for the last word.
    assert verdict(second, workers.server.jwt()) == "let in"
    assert workers.server.count(JWKS) == 3


def test_made_up_key_ids_cost_the_fleet_one_budget(workers: Workers) -> None:
    guards = workers.new(4)
    for guard in guards:
        verdict(guard, workers.server.jwt())
    before = workers.server.count(JWKS)
    for number in range(5):
        for guard in guards:
            made_up = workers.server.jwt(kid=f"made up {number}")
            assert verdict(guard, made_up) == "401 key_unknown"
    assert workers.server.count(JWKS) == before + 2


def test_keys_that_another_fetched_cost_no_budget(workers: Workers) -> None:
    (first,) = workers.new(key_set=KeySetPolicy(forced_fetches=10))
    (second,) = workers.new(key_set=KeySetPolicy(forced_fetches=1))
    for _ in range(4):
        token = workers.server.jwt()
        assert [verdict(guard, token) for guard in (first, second)] == ["let in"] * 2
        workers.server.rotate_keys()
    assert workers.server.count(JWKS) == 4


def test_a_withdrawn_key_is_dead_in_all_of_them_after_the_next_refresh(workers: Workers) -> None:
    guards = workers.new(3)
    old = workers.server.jwt(expires_in=10_000)
    assert [verdict(guard, old) for guard in guards] == ["let in"] * 3
    workers.server.rotate_keys()
    workers.clock.turn(601)
    assert {verdict(guard, old) for guard in guards} == {"401 key_unknown"}


def test_keys_that_are_older_than_a_minute_are_not_taken_over(workers: Workers) -> None:
    token = workers.server.jwt(expires_in=10_000)
    first, second = workers.new(2)
    verdict(first, token)
    workers.clock.turn(61)
    verdict(second, token)
    assert workers.server.count(JWKS) == 2


def test_a_refresh_asks_for_the_keys_in_full_and_is_the_others_too(workers: Workers) -> None:
    """That nothing has changed would tell nothing to those who come later."""
    token = workers.server.jwt(expires_in=10_000)
    guards = workers.new(3)
    assert [verdict(guard, token) for guard in guards] == ["let in"] * 3
    workers.clock.turn(601)
    assert [verdict(guard, token) for guard in guards] == ["let in"] * 3
    asked = [request for request in workers.server.seen if request.path == JWKS]
    assert ["if-none-match" in request.headers for request in asked] == [False, False]


def test_taken_over_keys_are_not_fresh_for_longer_than_their_answer_says(workers: Workers) -> None:
    workers.server.override(JWKS, headers={"Cache-Control": "max-age=100"})
    token = workers.server.jwt(expires_in=10_000)
    first, second = workers.new(2)
    verdict(first, token)
    workers.clock.turn(40)
    verdict(second, token)
    assert workers.server.count(JWKS) == 1
    # Heard 40 seconds ago, so 60 are left, and it asks again.
    workers.clock.turn(60)
    verdict(second, token)
    assert workers.server.count(JWKS) == 2


def test_an_opaque_token_is_asked_about_once(workers: Workers) -> None:
    good, bad = workers.server.opaque(), "opaque-of-nobody"
    for guard in workers.new(4):
        assert verdict(guard, good) == "let in"
        assert verdict(guard, bad) == "401 token_inactive"
    assert workers.server.count(INTROSPECT) == 2


def test_an_answer_serves_no_longer_than_it_would_have_where_it_was_heard(workers: Workers) -> None:
    token = workers.server.opaque()
    first, second = workers.new(2)
    verdict(first, token)
    workers.clock.turn(40)
    assert verdict(second, token) == "let in"
    workers.server.revoke(token)
    workers.clock.turn(19)
    assert verdict(second, token) == "let in"
    workers.clock.turn(1)
    assert verdict(second, token) == "401 token_inactive"
    assert workers.server.count(INTROSPECT) == 2


def test_an_answer_is_not_shared_past_the_tokens_end(workers: Workers) -> None:
    token = workers.server.opaque(expires_in=30)
    first, second = workers.new(2, leeway=0)
    verdict(first, token)
    workers.clock.turn(30)
    assert verdict(second, token) == "401 token_inactive"


def test_an_answer_that_names_no_end_is_shared(workers: Workers) -> None:
    answer = {"active": True, "iss": ISSUER, "aud": workers.server.audience, "scope": "a"}
    workers.server.introspection_answer("opaque", answer)
    assert {verdict(guard, "opaque") for guard in workers.new(3)} == {"let in"}
    assert workers.server.count(INTROSPECT) == 1


def test_an_answer_that_is_older_than_who_asks_takes_it_is_not_shared(workers: Workers) -> None:
    token = workers.server.jwt(expires_in=1000)
    (patient,) = workers.new(introspect_jwts_every=60)
    (strict,) = workers.new(introspect_jwts_every=10)
    assert verdict(patient, token) == "let in"
    # Five seconds more, since the two clocks may differ by so many.
    workers.clock.turn(4.9)
    assert verdict(strict, token) == "let in"
    assert workers.server.count(INTROSPECT) == 1
    workers.server.revoke(token)
    workers.clock.turn(5.1)
    assert verdict(patient, token) == "let in"
    assert verdict(strict, token) == "401 token_inactive"
    assert workers.server.count(INTROSPECT) == 2


def test_an_answer_is_not_shared_with_those_who_are_somebody_else_at_the_endpoint(
    workers: Workers,
) -> None:
    """RFC 7662 section 5: what a server answers may depend on who asks."""
    settings = workers.server.introspection_settings()
    stranger = Introspection(**{**settings, "client_id": "a stranger"})  # type: ignore[arg-type]
    token = workers.server.opaque()
    (first,) = workers.new()
    (second,) = workers.new(introspection=stranger)
    assert verdict(first, token) == "let in"
    assert verdict(second, token) == "503 introspection_credentials_refused"
    assert workers.server.count(INTROSPECT) == 2


def test_nor_with_those_who_ask_by_another_token_of_their_own(workers: Workers) -> None:
    endpoint = workers.server.introspection_settings()["endpoint"]
    theirs, token = workers.server.introspection_token, workers.server.opaque()
    (first,) = workers.new(introspection=Introspection(endpoint, token=theirs))  # type: ignore[arg-type]
    (second,) = workers.new(introspection=Introspection(endpoint, token="a-stranger"))  # type: ignore[arg-type]
    assert verdict(first, token) == "let in"
    assert verdict(second, token) == "503 introspection_credentials_refused"


def test_an_answer_that_another_heard_does_not_end_a_suspension(workers: Workers) -> None:
    """It was given before the trouble, and tells nothing of how the endpoint does now."""
    settings = workers.server.introspection_settings(failures_to_suspend=1)
    introspection = Introspection(**settings)  # type: ignore[arg-type]
    heard, new = workers.server.opaque(), workers.server.opaque()
    first, second = workers.new(2, introspection=introspection)
    assert verdict(first, heard) == "let in"
    workers.server.override(INTROSPECT, status=500)
    assert verdict(second, new) == "503 introspection_unusable"
    workers.clock.turn(1)
    assert breaker(second) == "half_open"
    assert verdict(second, heard) == "let in"
    assert breaker(second) == "half_open"
    assert workers.server.count(INTROSPECT) == 2
    # One that is heard now does.
    workers.server.override(INTROSPECT)
    assert verdict(second, new) == "let in"
    assert breaker(second) == "closed"


def breaker(guard: Guard) -> str:
    (issuer,) = guard.health().issuers
    assert issuer.introspection is not None
    return issuer.introspection.breaker


def test_each_worker_judges_an_answer_by_its_own_rules(workers: Workers) -> None:
    (first,) = workers.new()
    (stricter,) = workers.new(audience="https://other.example.com")
    token = workers.server.opaque()
    assert verdict(first, token) == "let in"
    assert verdict(stricter, token) == "401 audience_mismatch"
    assert workers.server.count(INTROSPECT) == 1


def test_an_answer_that_cannot_be_used_is_not_shared(workers: Workers) -> None:
    workers.server.override(INTROSPECT, status=418, times=2)
    token = workers.server.opaque()
    first, second = workers.new(2)
    assert verdict(first, token) == "503 introspection_unusable"
    assert verdict(second, token) == "503 introspection_unusable"
    assert workers.server.count(INTROSPECT) == 2


def test_what_was_forgotten_is_asked_for_anew(workers: Workers) -> None:
    token = workers.server.opaque()
    first, second = workers.new(2)
    verdict(first, token)
    verdict(second, token)
    workers.server.revoke(token)
    workers.clock.turn(1)
    second.forget(token)
    assert verdict(second, token) == "401 token_inactive"
    assert workers.server.count(INTROSPECT) == 2


def test_an_outage_is_found_out_once(workers: Workers) -> None:
    workers.server.go_down()
    token = workers.server.jwt()
    assert {verdict(guard, token) for guard in workers.new(3)} == {"503 upstream_unreachable"}
    workers.server.come_back()
    workers.clock.turn(1)
    assert {verdict(guard, token) for guard in workers.new(3)} == {"let in"}
    assert workers.server.count(JWKS) == 1


def test_a_store_that_is_full_of_rubbish_changes_no_verdict(
    workers: Workers, store: RedisStore
) -> None:
    good, bad = workers.server.jwt(), workers.server.jwt(key=workers.server.foreign_key())
    opaque = workers.server.opaque()
    (first,) = workers.new()
    assert [verdict(first, token) for token in (good, opaque)] == ["let in"] * 2
    keep = store._client.ready().keys(f"{workers.shared.prefix}:*")
    for name in keep:
        store._client.ready().set(name, b"\x01rubbish")
    (second,) = workers.new()
    assert [verdict(second, token) for token in (good, opaque)] == ["let in"] * 2
    assert verdict(second, bad) == "401 signature_invalid"


def test_without_the_secret_nobody_is_believed(workers: Workers, shared: Shared) -> None:
    """The same names cannot even be found."""
    import dataclasses

    stranger = dataclasses.replace(shared, secret="another secret of 32 characters!!")
    token = workers.server.jwt()
    for fleet in (shared, stranger):
        (guard,) = workers.new(shared=fleet)
        assert verdict(guard, token) == "let in"
    assert workers.server.count(JWKS) == 2


def test_who_keeps_no_answers_takes_none_that_another_kept(workers: Workers) -> None:
    server = workers.server
    keeps_none = Introspection(**server.introspection_settings(cache_for=0))  # type: ignore[arg-type]
    token = server.opaque()
    (keeper,) = workers.new()
    (asker,) = workers.new(introspection=keeps_none)
    assert verdict(keeper, token) == "let in"
    assert [verdict(asker, token) for _ in range(2)] == ["let in"] * 2
    assert server.count(INTROSPECT) == 3


def test_who_keeps_no_answers_takes_no_failure_of_anothers_either(workers: Workers) -> None:
    server = workers.server
    keeps_none = Introspection(**server.introspection_settings(cache_for=0))  # type: ignore[arg-type]
    token = server.opaque()
    (keeper,) = workers.new()
    (asker,) = workers.new(introspection=keeps_none)
    server.go_down()
    assert verdict(keeper, token) == "503 upstream_unreachable"
    server.come_back()
    assert verdict(keeper, token) == "503 upstream_unreachable", "for a moment"
    assert verdict(asker, token) == "let in"
    assert server.count(INTROSPECT) == 1


def test_a_refusal_is_shared_as_long_as_it_is_kept_and_no_longer(workers: Workers) -> None:
    first, second, third = workers.new(3)
    assert verdict(first, "opaque") == "401 token_inactive"
    answer = {"active": True, "iss": ISSUER, "aud": workers.server.audience, "scope": "a"}
    workers.server.introspection_answer("opaque", answer)
    workers.clock.turn(9.9)
    assert verdict(second, "opaque") == "401 token_inactive"
    workers.clock.turn(0.1)
    assert verdict(third, "opaque") == "let in"
    assert workers.server.count(INTROSPECT) == 2


def test_a_key_set_that_was_not_found_is_not_kept_for_others(workers: Workers) -> None:
    first, second = workers.new(2)
    workers.server.override(JWKS, status=404, times=1)
    token = workers.server.jwt()
    assert verdict(first, token).startswith("503")
    workers.clock.turn(2)
    assert verdict(second, token) == "let in"
    assert workers.server.count(JWKS) == 2


def test_a_failure_that_another_worker_met_suspends_nothing_here(workers: Workers) -> None:
    """A call that failed once failed once, however often the fleet hears of it."""
    first, second = workers.new(2)
    token, other = workers.server.opaque(), workers.server.opaque()
    workers.server.go_down()
    assert verdict(first, token).startswith("503 ")
    asked = workers.server.count(INTROSPECT)
    workers.server.come_back()
    for _ in range(10):
        assert verdict(second, token).startswith("503 ")
    assert workers.server.count(INTROSPECT) == asked
    introspection = second.health().issuers[0].introspection
    assert introspection is not None
    assert introspection.breaker == "closed"
    assert verdict(second, other) == "let in"


def test_workers_that_were_forked_share_answers_from_the_first_moment(workers: Workers) -> None:
    first, second = workers.new(2)
    token = workers.server.opaque()
    for guard in (first, second):
        revocations = guard._authenticator.equipment.revocations
        assert isinstance(revocations, forks.Settling)
        revocations.after_fork()
        revocations.settle_after_fork()
    assert [verdict(guard, token) for guard in (first, second)] == ["let in"] * 2
    assert workers.server.count(INTROSPECT) == 1
