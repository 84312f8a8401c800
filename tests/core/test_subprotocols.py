"""The token among the subprotocols of a WebSocket handshake (RFC 6455 sections 4.1, 11.3.4)."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from bearer_guard._core import credentials
from bearer_guard.errors import BearerError

PREFIX = b"bearer.token."


def carrying(token: bytes) -> bytes:
    return PREFIX + urlsafe_b64encode(token).rstrip(b"=")


def found(*lines: bytes, limit: int = 1000) -> list[bytes]:
    return credentials.from_subprotocols(lines, PREFIX, limit)


def test_the_prefix_is_the_markers_own() -> None:
    assert credentials.token_prefix("bearer") == "bearer.token."


@pytest.mark.parametrize(
    "token", [b"a", b"ab", b"abc", b"a.b-c_d~e+f/g==", b"a" * 999, b"\xff\x00"]
)
def test_every_token_fits_into_the_name_of_a_subprotocol(token: bytes) -> None:
    """Which of them is a b64token is for the syntax check to say, as of any other token."""
    assert found(carrying(token)) == [token]
    name = carrying(token).decode("ascii")
    assert all(letter.isalnum() or letter in "-._" for letter in name)


@pytest.mark.parametrize(
    "lines",
    [
        (b"bearer, " + carrying(b"abc"),),
        (carrying(b"abc") + b",bearer",),
        (b"chat.v1 ,\t" + carrying(b"abc") + b" , bearer",),
        (b"chat.v1", b"bearer", carrying(b"abc")),
        (b",, ," + carrying(b"abc") + b",",),
    ],
)
def test_it_is_found_wherever_it_stands_in_the_list(lines: tuple[bytes, ...]) -> None:
    """RFC 9110 section 5.6.1: a recipient passes over empty elements."""
    assert found(*lines) == [b"abc"]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"bearer",
        b"bearer.token",
        b"bearer.tokens.YWJj",
        b"Bearer.token.YWJj",
        b"xbearer.token.YWJj",
        b"chat.bearer.token.YWJj",
        b"YWJj",
    ],
)
def test_another_subprotocol_carries_no_token(line: bytes) -> None:
    assert found(line) == []


def test_two_are_seen_to_be_two() -> None:
    assert found(carrying(b"a") + b"," + carrying(b"b")) == [b"a", b"b"]
    assert found(carrying(b"a"), carrying(b"a")) == [b"a", b"a"]


@pytest.mark.parametrize(
    "value", [b"YWJ", b"Y", b"YWJj=", b"YW==", b"YW Jj", b"Y+Jj", b"Y/Jj", b"YW.Jj", b"Y\xffJj"]
)
def test_what_is_no_canonical_base64url_is_a_bad_request(value: bytes) -> None:
    """One token has one spelling."""
    with pytest.raises(BearerError) as refused:
        found(PREFIX + value)
    assert refused.value.reason == "credentials_malformed"


def test_nothing_behind_the_prefix_is_an_empty_token() -> None:
    """Which is refused as ``Bearer`` without a token is."""
    assert found(PREFIX) == [b""]


@pytest.mark.parametrize("limit", [8, 9, 10])
def test_a_token_beyond_the_limit_is_refused_before_it_is_decoded(limit: int) -> None:
    assert found(carrying(b"a" * limit), limit=limit) == [b"a" * limit]
    with pytest.raises(BearerError) as refused:
        # Its length is enough: that it is no base64url is not looked at any more.
        found(PREFIX + b"!" * 15, limit=limit)
    assert (refused.value.reason, refused.value.details) == ("token_too_large", {"limit": limit})
