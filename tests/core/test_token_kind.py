"""What tells an access token from other kinds (RFC 8725 sections 3.11 and 3.12)."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard._core import token_kind
from bearer_guard._core.token_kind import GRANT_MARKS
from bearer_guard.errors import InvalidToken


def refusal_of(claims: dict[str, Any], marks: frozenset[str] = GRANT_MARKS) -> InvalidToken:
    with pytest.raises(InvalidToken) as refused:
        token_kind.check_marks(claims, marks)
    return refused.value


@pytest.mark.parametrize("mark", sorted(GRANT_MARKS))
def test_a_mark_of_a_grant_makes_an_access_token(mark: str) -> None:
    token_kind.check_marks({"sub": "a", mark: ""}, GRANT_MARKS)


@pytest.mark.parametrize("mark", ["nonce", "at_hash", "c_hash", "s_hash"])
@pytest.mark.parametrize("value", ["x", "", None, 0])
def test_a_mark_of_an_id_token_unmakes_it_whatever_else_there_is(mark: str, value: object) -> None:
    """BCP-14: OpenID Connect Core sections 2 and 3.3.2.11."""
    error = refusal_of({mark: value, "scope": "a", "client_id": "b"})
    assert (error.reason, error.details) == ("id_token", {"mark": mark})


@pytest.mark.parametrize("mark", ["events", "token_introspection"])
def test_marks_of_other_tokens_do_so_too(mark: str) -> None:
    """BCP-13, BCP-14: RFC 8417 section 2, RFC 9701 section 5."""
    error = refusal_of({mark: {}, "scope": "a"})
    assert (error.reason, error.details) == ("other_token_kind", {"mark": mark})


@pytest.mark.parametrize(
    "claims", [{}, {"sub": "a", "azp": "b", "sid": "c"}, {"Scope": "a"}, {"aud": "scope"}]
)
def test_claims_without_any_mark_are_refused_with_advice(claims: dict[str, Any]) -> None:
    """An issuer that marks nothing can be told by the settings, and the log says how."""
    error = refusal_of(claims)
    assert error.reason == "grant_unmarked"
    assert "grant_claims" in str(error.details["advice"])


def test_a_mark_that_the_settings_name_counts() -> None:
    token_kind.check_marks({"urn:x:tenant": 1}, GRANT_MARKS | {"urn:x:tenant"})


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("token_use", "access"),
        ("typ", "Bearer"),
        ("typ", "at+jwt"),
        ("typ", "JWT"),
        ("token_type", "Bearer"),
        ("token_type", "bEaReR"),
        ("token_type", "access_token"),
        ("token_type", "AccessToken"),
        ("token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("tokenName", "access_token"),
        ("token_use", None),
    ],
)
def test_a_claim_may_name_the_kind_access_token(claim: str, name: object) -> None:
    token_kind.check_named_kind({claim: name})


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("token_use", "id"),
        ("typ", "ID"),
        ("typ", "Refresh"),
        ("typ", "Offline"),
        ("typ", "Logout"),
        ("token_type", "refresh_token"),
        ("token_type", "id_token"),
        ("token_type", "N_A"),
        ("token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        ("tokenName", "id_token"),
        ("token_use", ""),
        ("token_use", "access "),
        ("token_use", True),
        ("token_use", ["access"]),
        ("typ", 1),
        ("typ", {}),
    ],
)
def test_a_claim_that_names_another_kind_refuses_the_token(claim: str, name: object) -> None:
    """Keycloak's payload ``typ``, Cognito's ``token_use``, ForgeRock's ``tokenName``; and
    three servers that call a refresh token active."""
    with pytest.raises(InvalidToken) as refused:
        token_kind.check_named_kind({"scope": "a", claim: name})
    assert refused.value.reason == "other_token_kind"
    assert refused.value.details == {"mark": claim}


@pytest.mark.parametrize("claim", token_kind.KIND_CLAIMS)
@pytest.mark.parametrize("name", ["DPoP", "dpop", "PoP", "mac"])
def test_a_kind_that_needs_a_proof_is_no_bearer_token(claim: str, name: str) -> None:
    """RFC 9449 section 7.2: without a proof, whoever stole it would be let in."""
    with pytest.raises(InvalidToken) as refused:
        token_kind.check_named_kind({claim: name})
    assert (refused.value.reason, refused.value.details) == ("token_bound", {"claim": claim})


def test_every_claim_that_names_a_kind_is_looked_at() -> None:
    for claim in token_kind.KIND_CLAIMS:
        others = dict.fromkeys(token_kind.KIND_CLAIMS, "bearer")
        with pytest.raises(InvalidToken):
            token_kind.check_named_kind({**others, claim: "id"})
