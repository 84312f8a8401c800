"""The errand that brings an issuer's keys, stepped by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import KeySetPolicy
from bearer_guard._core.key_errand import fetch_keys
from bearer_guard._core.key_set import KeySet
from bearer_guard.exchange import Call, Reply, UpstreamFailure
from bearer_guard.testing import AuthorizationServer
from key_life.stepping import jwks, key_set, reply, run, urls

POLICY = KeySetPolicy()
ISSUER = "https://login.example.com/"
KEYS = "https://login.example.com/jwks"
UNUSABLE = {"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"}


@pytest.fixture(scope="module")
def server() -> AuthorizationServer:
    return AuthorizationServer(issuer=ISSUER)


@pytest.fixture(scope="module")
def good(server: AuthorizationServer) -> KeySet:
    return key_set(server)


def failing(errand: Any, answer: Reply) -> tuple[list[Call], UpstreamFailure]:
    """The call that an errand makes, and why its answer ends it."""
    calls = [next(errand)]
    with pytest.raises(UpstreamFailure) as caught:
        errand.send(answer)
    return calls, caught.value


def test_a_first_fetch_brings_keys_and_how_long_they_are_fresh(server: AuthorizationServer) -> None:
    headers = {"cache-control": "max-age=90", "etag": '"1"'}
    calls, fetched = run(fetch_keys(KEYS, None, None, POLICY), reply(jwks(server), headers=headers))
    assert urls(calls) == [KEYS]
    assert calls[0].headers == {"accept": "application/jwk-set+json, application/json"}
    assert len(fetched.key_set.keys) == 1
    assert (fetched.fresh_for, fetched.etag) == (90, '"1"')


def test_a_known_set_is_asked_for_by_its_validator(good: KeySet) -> None:
    headers = {"cache-control": "max-age=70"}
    answer = reply(b"", status=304, headers=headers)
    calls, fetched = run(fetch_keys(KEYS, good, '"1"', POLICY), answer)
    assert calls[0].headers["if-none-match"] == '"1"'
    assert (fetched.key_set, fetched.fresh_for, fetched.etag) == (None, 70, '"1"')


def test_a_new_validator_replaces_the_old(good: KeySet) -> None:
    answer = reply(b"", status=304, headers={"etag": '"2"'})
    assert run(fetch_keys(KEYS, good, '"1"', POLICY), answer)[1].etag == '"2"'


def test_a_confirmation_that_does_not_say_how_long_leaves_it_as_it_was(good: KeySet) -> None:
    """RFC 9111 section 4.3.4."""
    fetched = run(fetch_keys(KEYS, good, '"1"', POLICY), reply(b"", status=304))[1]
    assert fetched.fresh_for is None


def test_a_failure_tells_how_long_the_server_wants_to_be_left_alone() -> None:
    busy = reply(status=429, headers={"retry-after": "7"})
    assert failing(fetch_keys(KEYS, None, None, POLICY), busy)[1].retry_after == 7


def test_a_validator_without_keys_is_not_sent_and_its_answer_not_taken() -> None:
    calls, failure = failing(fetch_keys(KEYS, None, '"1"', POLICY), reply(b"", status=304))
    assert "if-none-match" not in calls[0].headers
    assert (failure.reason, failure.details) == ("key_set_unusable", {"status": 304})


def test_a_confirmation_that_nobody_asked_for_confirms_nothing(good: KeySet) -> None:
    """RFC 9110 section 15.4.5: or else a server that says so to all keeps withdrawn keys alive."""
    calls, failure = failing(fetch_keys(KEYS, good, None, POLICY), reply(b"", status=304))
    assert "if-none-match" not in calls[0].headers
    assert (failure.reason, failure.details) == ("key_set_unusable", {"status": 304})


def test_keys_that_stay_are_the_same_objects(server: AuthorizationServer, good: KeySet) -> None:
    """So signatures that were verified under them stay verified."""
    answer = reply(jwks(server))
    assert run(fetch_keys(KEYS, good, None, POLICY), answer)[1].key_set.keys == good.keys


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 401, 403, 404, 410, 418, 500, 503])
def test_no_other_status_brings_keys(status: int, server: AuthorizationServer) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        run(fetch_keys(KEYS, None, None, POLICY), reply(jwks(server), status=status))
    assert (caught.value.reason, caught.value.details) == ("key_set_unusable", {"status": status})


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff\xfe", {"keys": []}, {"keys": {}}])
@pytest.mark.parametrize("known", [True, False])
def test_what_is_no_set_of_keys_is_unusable(body: Any, known: bool, good: KeySet) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        run(fetch_keys(KEYS, good if known else None, None, POLICY), reply(body))
    assert caught.value.details == {"problem": "not a set of keys"}


@pytest.mark.parametrize("keys", [[UNUSABLE], [{}], [7, None]])
def test_good_keys_are_never_replaced_by_none(keys: list[Any], good: KeySet) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        run(fetch_keys(KEYS, good, None, POLICY), reply({"keys": keys}))
    assert caught.value.details == {"problem": "no usable key"}


def test_a_first_set_of_unusable_keys_names_them() -> None:
    """A token that names such a key can be told so; a nameless heap of nothing is a failure."""
    fetched = run(fetch_keys(KEYS, None, None, POLICY), reply({"keys": [UNUSABLE]}))[1]
    assert (fetched.key_set.keys, fetched.key_set.unfit) == (frozenset(), {"symmetric"})
    again = run(fetch_keys(KEYS, fetched.key_set, None, POLICY), reply({"keys": [UNUSABLE]}))[1]
    assert again.key_set.unfit == {"symmetric"}
    with pytest.raises(UpstreamFailure, match="key_set_unusable"):
        run(fetch_keys(KEYS, None, None, POLICY), reply({"keys": [{}]}))
