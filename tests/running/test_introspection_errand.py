"""Token introspection (RFC 7662), stepped by hand: what is asked, and what is made of it."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

import pytest

from bearer_guard import Introspection, InvalidToken
from bearer_guard._core.introspection import introspect, read_answer
from bearer_guard.exchange import Call, UpstreamFailure
from key_life.stepping import reply, run

URL = "https://login.example.com/introspect"
TOKEN = b"opaque/token+1=="
ACTIVE = {"active": True, "sub": "u"}


def call(settings: Introspection, bearer: str = "") -> Call:
    calls, answer = run(introspect(URL, TOKEN, settings, bearer), reply(ACTIVE))
    assert answer.claims == ACTIVE
    return calls[0]


def form(asked: Call) -> dict[str, list[str]]:
    return parse_qs(asked.body.decode("ascii"), strict_parsing=True)


def test_the_token_is_posted_in_a_form_with_its_kind() -> None:
    """Section 2.1; never in a URL (section 4)."""
    asked = call(Introspection(URL, client_id="a", client_secret="b"))
    assert (asked.method, asked.url) == ("POST", URL)
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["accept"] == "application/json"
    assert form(asked) == {"token": [TOKEN.decode()], "token_type_hint": ["access_token"]}


def test_basic_credentials_are_form_urlencoded_before_they_are_joined() -> None:
    """RFC 6749 section 2.3.1."""
    asked = call(Introspection(URL, client_id="a b:c", client_secret="p%&+ü"))
    scheme, _, encoded = asked.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(encoded) == b"a+b%3Ac:p%25%26%2B%C3%BC"


def test_credentials_may_travel_in_the_form() -> None:
    settings = Introspection(
        URL, client_id="a b", client_secret="ü&", auth_method="client_secret_post"
    )
    asked = call(settings)
    assert "authorization" not in asked.headers
    assert form(asked)["client_id"] == ["a b"]
    assert form(asked)["client_secret"] == ["ü&"]


def test_a_bearer_token_may_stand_in_for_them() -> None:
    asked = call(Introspection(URL, token="settings"), bearer="now")
    assert asked.headers["authorization"] == "Bearer now"
    assert set(form(asked)) == {"token", "token_type_hint"}


@pytest.mark.parametrize(
    "active", [False, None, "true", "True", 1, 1.0, [True], {"active": True}, "false", 0]
)
def test_active_is_the_json_value_true_and_nothing_else(active: Any) -> None:
    with pytest.raises(InvalidToken, match="token_inactive"):
        read_answer(reply({"active": active, "scope": "all"}))


def test_an_answer_without_active_is_not_active() -> None:
    with pytest.raises(InvalidToken, match="token_inactive"):
        read_answer(reply({"sub": "u"}))


def test_members_that_are_null_are_not_there() -> None:
    answer = read_answer(reply({"active": True, "aud": None, "sub": "u"}))
    assert answer.claims == {"active": True, "sub": "u"}
    assert answer.payload == '{"active": true, "aud": null, "sub": "u"}'


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"true", b"\xff", b'{"active":false,"active":true}', b"{} {}"]
)
def test_what_is_not_one_json_object_settles_nothing(body: bytes) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        read_answer(reply(body))
    assert caught.value.reason == "introspection_unusable"
    assert caught.value.details == {"problem": "not one JSON object"}


@pytest.mark.parametrize(
    "content_type",
    [
        *("application/json", "application/json; charset=utf-8", "Application/JSON", "text/json"),
        *("application/vnd.example+json", " application/json "),
    ],
)
def test_json_goes_by_several_names(content_type: str) -> None:
    answer = reply(ACTIVE, headers={"content-type": content_type})
    assert read_answer(answer).claims == ACTIVE


@pytest.mark.parametrize(
    "content_type",
    [
        *("text/html", "text/plain", "application/jwt", "application/token-introspection+jwt"),
        *("json", "x/y+json", ""),
    ],
)
def test_other_kinds_of_answer_settle_nothing(content_type: str) -> None:
    """RFC 9701 answers are no JSON, and a phantom token is no answer."""
    with pytest.raises(UpstreamFailure) as caught:
        read_answer(reply(ACTIVE, headers={"content-type": content_type}))
    assert caught.value.details == {"problem": "not application/json"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_caller_is_us_and_not_the_token(status: int) -> None:
    """Section 2.3."""
    with pytest.raises(UpstreamFailure) as caught:
        read_answer(reply(ACTIVE, status=status))
    assert caught.value.reason == "introspection_credentials_refused"
    assert caught.value.details["status"] == status
    assert "advice" in caught.value.details


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 404, 405, 429, 500, 503])
def test_other_statuses_settle_nothing(status: int) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        read_answer(reply(ACTIVE, status=status))
    assert (caught.value.reason, caught.value.details) == (
        "introspection_unusable",
        {"status": status},
    )


@pytest.mark.parametrize("body", [b"", b"[]", {"error": "invalid_request"}, {"error": None}])
def test_a_bad_request_is_ours(body: Any) -> None:
    with pytest.raises(UpstreamFailure, match="introspection_unusable"):
        read_answer(reply(body, status=400))


def test_save_one_that_says_the_token_is_of_a_kind_that_is_not_introspected() -> None:
    """RFC 7009 section 2.2.1 defined it."""
    with pytest.raises(InvalidToken) as caught:
        read_answer(reply({"error": "unsupported_token_type"}, status=400))
    assert caught.value.reason == "token_inactive"
    with pytest.raises(UpstreamFailure):
        read_answer(reply({"error": "unsupported_token_type"}, status=500))
