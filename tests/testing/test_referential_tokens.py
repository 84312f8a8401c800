"""Tokens that only the server can resolve, and what introspection says of them (RFC 7662)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from bearer_guard.testing import AuthorizationServer, HandClock

Introspect = Callable[[str], httpx.Response]
INACTIVE = {"active": False}


@pytest.fixture
def introspect(server: AuthorizationServer, client: httpx.Client) -> Introspect:
    def ask(token: str) -> httpx.Response:
        return client.post(
            server.url("/introspect"),
            data={"token": token},
            headers={"Authorization": f"Bearer {server.introspection_token}"},
        )

    return ask


def test_an_opaque_token_is_active_with_all_its_claims(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    response = introspect(server.opaque(scope="a b", subject="alice", claims={"bi_t": "t1"}))
    answer = response.json()
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert answer.pop("exp") - answer.pop("iat") == 300
    assert answer.pop("jti")
    assert answer == {
        "active": True,
        "token_type": "Bearer",
        "iss": server.issuer,
        "sub": "alice",
        "aud": server.audience,
        "client_id": "client-1",
        "scope": "a b",
        "bi_t": "t1",
    }


def test_a_jwe_has_five_parts_and_a_header_that_looks_real(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    token = server.jwe(subject="bob")
    parts = [base64.urlsafe_b64decode(part + "==") for part in token.split(".")]
    assert json.loads(parts[0]) == {
        "alg": "RSA-OAEP-256",
        "enc": "A256GCM",
        "cty": "JWT",
        "kid": "enc-1",
    }
    assert [len(part) for part in parts[1:]] == [256, 12, 420, 16]
    assert introspect(token).json()["sub"] == "bob"


def test_a_refresh_token_is_active_too_but_says_what_it_is(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    answer = introspect(server.refresh_token()).json()
    assert (answer["active"], answer["token_type"]) == (True, "refresh_token")


def test_a_signed_token_can_be_introspected_too(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    assert introspect(server.jwt(subject="carol")).json()["sub"] == "carol"


def test_what_the_server_did_not_issue_as_an_access_token_is_inactive(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    unknown = (
        "made up",
        server.id_token(),
        server.tampered(server.jwt()),
        server.jwt(key=server.foreign_key()),
        server.jwt(payload=b"{}"),
    )
    assert [introspect(token).json() for token in unknown] == [INACTIVE] * 5


def test_a_revoked_token_is_inactive(server: AuthorizationServer, introspect: Introspect) -> None:
    token, other = server.opaque(), server.opaque()
    server.revoke(token)
    server.revoke("made up")
    assert introspect(token).json() == INACTIVE
    assert introspect(other).json()["active"] is True


def test_a_token_lives_by_the_servers_clock(
    server: AuthorizationServer, introspect: Introspect, hand_clock: HandClock
) -> None:
    server.clock = hand_clock.time
    token = server.opaque(expires_in=60)
    early = server.opaque(claims={"nbf": hand_clock.time() + 59.5})
    hand_clock.turn(59)
    assert introspect(token).json()["active"] is True
    assert introspect(early).json() == INACTIVE
    hand_clock.turn(1)
    assert introspect(token).json() == INACTIVE
    assert introspect(early).json()["active"] is True


def test_odd_times_are_left_for_the_reader_to_judge(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    for odd in ("soon", None, server.ABSENT):
        assert introspect(server.opaque(claims={"exp": odd, "nbf": odd})).json()["active"] is True


def test_an_answer_can_be_ordered_for_one_token_and_taken_back(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    token = server.opaque()
    server.introspection_answer(token, {"active": "true"})
    assert introspect(token).json() == {"active": "true"}
    server.introspection_answer(token, b"not JSON")
    assert introspect(token).content == b"not JSON"
    server.introspection_answer(token, None)
    server.introspection_answer(token, None)
    assert introspect(token).json()["active"] is True
    assert introspect(server.opaque(claims={"active": 1})).json()["active"] == 1


def test_claims_may_even_name_another_kind_of_token(
    server: AuthorizationServer, introspect: Introspect
) -> None:
    answer: Any = introspect(server.opaque(claims={"token_type": "id_token"})).json()
    assert answer["token_type"] == "id_token"
