"""Which message renews, and which token may take another's place."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import AccessToken, Request, RequestView
from bearer_guard._core.renewal import Renewal, check_continues, renewal
from bearer_guard.errors import BearerError

OPENED = Request(
    "GET",
    "wss://api.example.com/orders/%31?access_token=old",
    headers={
        "Authorization": "Bearer old",
        "Sec-WebSocket-Protocol": "bearer, bearer.token.b2xk",
        "DPoP": "proof",
    },
    client_certificate=b"DER",
)


def asked(message: str, limit: int = 100) -> Renewal:
    found = renewal(message, OPENED, limit)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hello",
        "bearer_guard.renew",
        "bearer_guard.renewal abc",
        " bearer_guard.renew abc",
        "Bearer_guard.renew abc",
        '{"text": "bearer_guard.renew abc"}',
        "\ufeffbearer_guard.renew abc",
    ],
)
def test_what_does_not_begin_with_the_prefix_is_the_applications(message: str) -> None:
    assert renewal(message, OPENED, 100) is None


def test_the_request_is_made_again_with_the_fresh_token_and_nothing_of_the_old() -> None:
    view: RequestView = asked("bearer_guard.renew fresh")
    assert view.header_values(b"authorization") == [b"Bearer fresh"]
    for gone in (b"sec-websocket-protocol", b"dpop", b"cookie"):
        assert view.header_values(gone) == []
    assert (view.query, view.form) == (b"", b"")
    assert (view.method, view.path, view.raw_path) == ("GET", "/orders/1", "/orders/%31")
    assert (view.url, view.client_certificate) == (OPENED.url, b"DER")


def test_of_a_token_that_is_too_long_one_character_too_many_is_kept() -> None:
    assert asked("bearer_guard.renew " + "a" * 10, 10).header_values(b"authorization") == [
        b"Bearer " + b"a" * 10
    ]
    assert asked("bearer_guard.renew " + "a" * 99_999, 10).header_values(b"authorization") == [
        b"Bearer " + b"a" * 11
    ]


def test_what_is_no_ascii_becomes_what_stands_in_no_token() -> None:
    assert asked("bearer_guard.renew tök").header_values(b"authorization") == [b"Bearer t?k"]


def token(**changes: Any) -> AccessToken:
    values: dict[str, Any] = {
        "issuer": "https://login.example.com/", "subject": "alice", "client_id": "shop",
        "audience": ("a",), "scopes": frozenset({"a", "b"}), "expires_at": 1.0,
        "not_before": None, "payload": "{}",
    }  # fmt: skip
    return AccessToken(**{**values, **changes})


@pytest.mark.parametrize(
    ("before", "fresh"),
    [
        ({}, {}),
        ({}, {"expires_at": 2.0, "audience": ("a", "b"), "not_before": 1.0, "payload": "{ }"}),
        ({}, {"scopes": frozenset({"a", "b", "c"})}),
        ({"subject": None}, {"subject": None}),
        ({"client_id": None}, {"client_id": None}),
    ],
)
def test_the_same_user_goes_on(before: dict[str, Any], fresh: dict[str, Any]) -> None:
    check_continues(token(**before), token(**fresh))


@pytest.mark.parametrize(
    ("before", "fresh", "differing"),
    [
        ({}, {"subject": "bob"}, ["subject"]),
        ({}, {"subject": None}, ["subject"]),
        ({"subject": None}, {}, ["subject"]),
        ({}, {"issuer": "https://login.example.com"}, ["issuer"]),
        ({}, {"client_id": "other"}, ["client_id"]),
        ({}, {"client_id": None}, ["client_id"]),
        ({}, {"issuer": "x", "subject": "y", "client_id": "z"}, ["issuer", "subject", "client_id"]),
        ({"subject": None, "client_id": None}, {"subject": None, "client_id": None}, []),
    ],
)
def test_another_user_does_not_and_nobody_in_particular_neither(
    before: dict[str, Any], fresh: dict[str, Any], differing: list[str]
) -> None:
    """A subject is unique within its issuer alone (RFC 8725 section 3.8)."""
    with pytest.raises(BearerError) as refused:
        check_continues(token(**before), token(**fresh))
    assert refused.value.reason == "renewal_mismatch"
    assert refused.value.details == {"differing": differing}


def test_a_token_that_grants_less_does_not_go_on() -> None:
    """Handlers asked for scopes when the connection began, and do not ask again."""
    with pytest.raises(BearerError) as refused:
        check_continues(token(scopes=frozenset("abc")), token(scopes=frozenset("bx")))
    assert refused.value.reason == "scope_insufficient"
    assert refused.value.scopes == ("a", "c")
