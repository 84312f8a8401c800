"""Which keys the server publishes, and what rotation does to them (RFC 7517)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

from bearer_guard.testing import AuthorizationServer
from bearer_guard.testing.rsa_keys import new_rsa_key

KeySet = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def published(server: AuthorizationServer, client: httpx.Client) -> KeySet:
    def fetch() -> list[dict[str, Any]]:
        keys: list[dict[str, Any]] = client.get(server.url("/jwks")).json()["keys"]
        return keys

    return fetch


def test_a_key_set_is_never_empty(server: AuthorizationServer, published: KeySet) -> None:
    (key,) = published()
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert key["kid"] == server.signing_key().kid
    assert [key] == published()


def test_a_key_is_published_from_its_first_use_on(
    server: AuthorizationServer, published: KeySet
) -> None:
    server.jwt(algorithm="EdDSA")
    assert [key["alg"] for key in published()] == ["EdDSA", "RS256"]
    server.jwt(algorithm="ES256")
    assert [key["alg"] for key in published()] == ["EdDSA", "RS256", "ES256"]


def test_the_algorithms_of_the_settings_are_there_from_the_start() -> None:
    server = AuthorizationServer(issuer="https://h.example", algorithms=("ES256", "EdDSA"))
    with server.http_client() as client:
        keys = client.get(server.url("/jwks")).json()["keys"]
    assert [key["alg"] for key in keys] == ["ES256", "EdDSA"]
    assert jwt.get_unverified_header(server.jwt())["alg"] == "ES256"
    assert jwt.get_unverified_header(server.id_token())["alg"] == "ES256"


def test_rotation_replaces_every_key(server: AuthorizationServer, published: KeySet) -> None:
    server.jwt(algorithm="ES256")
    old = published()
    server.rotate_keys()
    new = published()
    assert sorted(key["alg"] for key in new) == ["ES256", "RS256"]
    assert not {key["kid"] for key in old} & {key["kid"] for key in new}
    assert jwt.get_unverified_header(server.jwt())["kid"] in {key["kid"] for key in new}


def test_rotation_can_keep_the_old_keys_published(
    server: AuthorizationServer, published: KeySet, verify: Callable[..., Any]
) -> None:
    token = server.jwt()
    old = published()
    server.rotate_keys(keep_old=True)
    assert published()[:1] == old
    assert len(published()) == 2
    assert verify(token)["sub"] == verify(server.jwt())["sub"]


def test_a_withdrawn_key_signs_on_but_is_published_no_more(
    server: AuthorizationServer, published: KeySet, verify: Callable[..., Any]
) -> None:
    kid = server.signing_key().kid
    server.withdraw(kid)
    assert published() == []
    token = server.jwt()
    assert jwt.get_unverified_header(token)["kid"] == kid
    with pytest.raises(jwt.PyJWKSetError):
        verify(token)
    with pytest.raises(ValueError, match="no published key is named"):
        server.withdraw(kid)


def test_any_odd_key_can_be_published_and_withdrawn(
    server: AuthorizationServer, published: KeySet
) -> None:
    odd = {"kty": "oct", "k": "c2VjcmV0", "kid": "odd"}
    server.add_jwk(odd)
    server.add_jwk({})
    assert published()[1:] == [odd, {}]
    server.rotate_keys()
    assert odd in published()
    server.withdraw("odd")
    assert odd not in published()


def test_no_two_servers_have_a_key_in_common() -> None:
    numbers = set()
    for _ in range(12):
        server = AuthorizationServer(issuer="https://same.example")
        with server.http_client() as client:
            numbers.add(client.get(server.url("/jwks")).json()["keys"][0]["n"])
    assert len(numbers) == 12


def test_rsa_keys_are_distinct_sound_and_of_2048_bits() -> None:
    keys = [new_rsa_key() for _ in range(10)]
    assert len({key.private_numbers().public_numbers.n for key in keys}) == 10
    assert {key.key_size for key in keys} == {2048}
    keys[-1].private_numbers().private_key()  # with every check of cryptography's


def test_threads_that_need_a_key_at_once_get_one_and_the_same(
    server: AuthorizationServer, published: KeySet
) -> None:
    start = threading.Barrier(8)
    kids: list[str] = []

    def sign() -> None:
        start.wait()
        kids.append(server.signing_key("ES384").kid)

    threads = [threading.Thread(target=sign) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(kids), len(set(kids))) == (8, 1)
    assert [key["alg"] for key in published()].count("ES384") == 1
