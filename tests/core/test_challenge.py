"""What the client hears (RFC 6750 section 3, RFC 9110 sections 11.6.1 and 15.5, RFC 9728 §5.1)."""

from __future__ import annotations

import json
import re

import pytest

from bearer_guard._core.challenge import Challenger, Refusal
from bearer_guard.errors import (
    AuthorizationServerUnavailable,
    BearerError,
    InsufficientScope,
    InvalidRequest,
    InvalidToken,
    MissingToken,
)

PLAIN = Challenger("api", None)
METADATA = "https://api.example.com/.well-known/oauth-protected-resource"
PARAMETER = re.compile(r'([a-z_]+)="([\x20\x21\x23-\x5b\x5d-\x7e]*)"')
"""RFC 6750 section 3: quoted, without quote, backslash, control or non-ASCII characters."""

EVERY = [
    MissingToken(),
    InvalidRequest("credentials_repeated"),
    InvalidToken("signature_invalid"),
    InsufficientScope(("a", "b")),
]


def parameters(refusal: Refusal) -> dict[str, str]:
    """The challenge's, read as strictly as the RFCs allow them to be written."""
    (challenge,) = [value for name, value in refusal.headers if name == "www-authenticate"]
    scheme, _, rest = challenge.partition(" ")
    assert scheme == "Bearer"
    assert re.fullmatch(f"{PARAMETER.pattern}(?:, {PARAMETER.pattern})*", rest)
    pairs = PARAMETER.findall(rest)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (MissingToken(), 401, None),
        (InvalidRequest("credentials_malformed"), 400, "invalid_request"),
        (InvalidToken("audience_mismatch"), 401, "invalid_token"),
        (InsufficientScope(("a",)), 403, "insufficient_scope"),
    ],
)
def test_each_error_has_its_status_and_its_code(
    error: BearerError, status: int, code: str | None
) -> None:
    """B-13 to B-17, HTTP-03, HTTP-08: RFC 6750 section 3.1."""
    refusal = PLAIN.refusal(error)
    assert refusal.status == status
    assert parameters(refusal).get("error") == code
    assert ("error_description" in parameters(refusal)) == (code is not None)
    body = json.loads(refusal.body)
    assert (body["status"], body.get("error")) == (status, code)


def test_without_credentials_there_is_no_error_to_speak_of() -> None:
    """B-09, B-13: and never a bare ``Bearer``."""
    assert parameters(PLAIN.refusal(MissingToken())) == {"realm": "api"}


def test_the_scopes_that_are_needed_are_named_in_their_order() -> None:
    """B-12, B-16, MCP-07: with a 401 too, where they are known."""
    assert parameters(PLAIN.refusal(InsufficientScope(("b", "a"))))["scope"] == "b a"
    missing = MissingToken()
    missing.scopes = ("c",)
    assert parameters(PLAIN.refusal(missing)) == {"realm": "api", "scope": "c"}


@pytest.mark.parametrize("error", EVERY)
def test_the_metadata_of_the_resource_is_named_where_it_is_known(error: BearerError) -> None:
    """PRM-08, MCP-06: RFC 9728 section 5.1, with every challenge."""
    assert parameters(Challenger("api", METADATA).refusal(error))["resource_metadata"] == METADATA
    assert "resource_metadata" not in parameters(PLAIN.refusal(error))


@pytest.mark.parametrize("error", EVERY)
def test_the_realm_stands_in_every_challenge_and_is_quoted(error: BearerError) -> None:
    """HTTP-05, RFC 9110 section 11.5."""
    assert parameters(Challenger("orders, v2", None).refusal(error))["realm"] == "orders, v2"


@pytest.mark.parametrize(
    "odd",
    [
        'x", error="y',
        "x\\",
        "x\r\nset-cookie: a=b",
        "x\x00",
        "ä",
        "€",
        "\udc80",
        "",
    ],
)
def test_a_scope_that_is_none_never_breaks_the_challenge(odd: str) -> None:
    """HTTP-06, B-11: handlers make scopes from paths (``f"tenant:{tenant}"``), which clients
    write. RFC 6749 section 3.3 says which characters a scope has."""
    refusal = PLAIN.refusal(InsufficientScope(("good", odd)))
    assert refusal.status == 403
    assert parameters(refusal)["error"] == "insufficient_scope"
    assert parameters(refusal).get("scope", "good") == "good"


def test_an_expired_token_is_called_so_and_every_other_fault_is_not_told() -> None:
    """B-15, O-05: a client may refresh it; what else is wrong is for the operator alone."""
    expired = parameters(PLAIN.refusal(InvalidToken("expired")))
    assert (expired["error"], expired["error_description"]) == (
        "invalid_token",
        "The access token expired.",
    )
    others = {
        PLAIN.refusal(InvalidToken(reason, named="https://evil.example/", kid="k"))
        for reason in ("signature_invalid", "audience_mismatch", "key_unknown", "issuer_untrusted")
    }
    assert len(others) == 1
    (only,) = others
    assert parameters(only)["error_description"] == "The access token is not valid."


def test_an_outage_is_no_fault_of_the_token() -> None:
    """HTTP-13, INT-07: 503 and when to come back, and no challenge."""
    error = AuthorizationServerUnavailable("upstream_timeout", retry_after=7, issuer="x")
    refusal = PLAIN.refusal(error)
    names = [name for name, _ in refusal.headers]
    assert refusal.status == 503
    assert ("retry-after", "7") in refusal.headers
    assert "www-authenticate" not in names
    assert json.loads(refusal.body) == {
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The access token cannot be checked now. Try again.",
    }


@pytest.mark.parametrize("error", [*EVERY, AuthorizationServerUnavailable("upstream_timeout")])
def test_every_answer_is_a_problem_document_that_nobody_stores(error: BearerError) -> None:
    """CA-12, RFC 9457 section 3, RFC 9111 section 5.2.2.5; header names as WSGI and ASGI agree."""
    refusal = PLAIN.refusal(error)
    headers = dict(refusal.headers)
    assert len(headers) == len(refusal.headers)
    assert headers["content-type"] == "application/problem+json"
    assert headers["content-length"] == str(len(refusal.body))
    assert headers["cache-control"] == "no-store"
    assert all(name == name.lower() for name in headers)
    assert ("retry-after" in headers) != ("www-authenticate" in headers)


def test_errors_of_a_users_own_are_answered_as_what_they_descend_from() -> None:
    class TooPoor(InsufficientScope):
        pass

    class Strange(BearerError):
        pass

    assert PLAIN.refusal(TooPoor(("gold",))).status == 403
    assert parameters(PLAIN.refusal(TooPoor(("gold",))))["scope"] == "gold"
    assert parameters(PLAIN.refusal(Strange("strange")))["error"] == "invalid_token"


def test_details_and_reasons_never_leave_the_process() -> None:
    """O-05: no library message, token part or key id in any answer."""
    secret = "eyJhbGciOiJSUzI1NiJ9"
    for error in (
        InvalidRequest("r-" + secret, token=secret),
        InvalidToken("r-" + secret, token=secret),
        AuthorizationServerUnavailable("r-" + secret, token=secret),
        MissingToken("r-" + secret, token=secret),
    ):
        assert secret not in repr(PLAIN.refusal(error))
