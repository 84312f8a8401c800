"""What the claims of an issuer's tokens must say (RFC 7519 section 4.1, RFC 9068 section 4).

The same rules judge a verified JWT and an introspection answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from bearer_guard._core import token_kind
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import InvalidToken
from bearer_guard.settings.guard import ExpandScopes
from bearer_guard.settings.issuer import Issuer

Claims = dict[str, Any]

_REQUIRED_BY_RFC9068: Final = ("sub", "client_id", "iat", "jti")
"""Beside ``iss``, ``exp`` and ``aud``, which are always required (section 2.2)."""

_NOTABLE: Final = frozenset({"cnf", *token_kind.KIND_CLAIMS})
"""Claims that few access tokens have, and that decide when they are there."""


class ClaimsRules:
    """One issuer's rules, prepared once."""

    __slots__ = (
        *("_audience", "_client_id_claims", "_expand", "_grant_marks", "_issuer"),
        *("_names_claims", "_scope_claims", "leeway"),
    )

    def __init__(
        self, issuer: Issuer, audience: frozenset[str], expand: ExpandScopes | None
    ) -> None:
        self._issuer = issuer
        self._audience = audience if issuer.audience is None else frozenset(issuer.audience)
        self._expand = expand
        marks = token_kind.GRANT_MARKS
        self._grant_marks = marks.union(issuer.grant_claims) if issuer.grant_claims else marks
        self._names_claims = bool(issuer.required_claims or issuer.claims_if_present)
        self._client_id_claims, self._scope_claims = issuer.client_id_claims, issuer.scope_claims
        self.leeway = issuer.leeway

    def check_jwt(self, claims: Claims, explicit: bool, now: float) -> None:
        """Raises ``InvalidToken`` unless a JWT with these claims is an access token for us."""
        if not explicit:
            if self._issuer.profile == "rfc9068":
                # Section 4: the resource server MUST verify that typ is at+jwt.
                raise InvalidToken("type_unexpected", advice="profile rfc9068 demands typ at+jwt")
            token_kind.check_marks(claims, self._grant_marks)
        if "exp" not in claims:
            raise InvalidToken("claim_missing", claim="exp")
        self._check_common(claims, now)
        if self._issuer.profile == "rfc9068":
            _check_rfc9068(claims)

    def check_answer(self, claims: Claims, now: float) -> None:
        """The same for an introspection answer that says ``active`` (RFC 7662 sections 2.2, 4)."""
        token_kind.check_no_other_marks(claims)
        self._check_common(claims, now)

    def check_addition(self, claims: Claims, now: float) -> None:
        """The same for what an answer about a verified JWT says beyond the JWT: nothing in it
        is required, since the JWT had it, and all of it counts."""
        token_kind.check_no_other_marks(claims)
        if not _NOTABLE.isdisjoint(claims):
            _check_notable(claims)
        check_times(claims, self.leeway, now)
        if "aud" in claims:
            _audience_names(claims)
        for claim, allowed in self._issuer.required_claims.items():
            if claim in claims and claims[claim] not in allowed:
                raise InvalidToken("claim_mismatch", claim=claim)
        self._check_present_claims(claims)

    def _check_common(self, claims: Claims, now: float) -> None:
        if not _NOTABLE.isdisjoint(claims):
            _check_notable(claims)
        check_times(claims, self.leeway, now)
        # RFC 7519 section 4.1.3: we must be named. Exactly: no prefix, case or slash forgiven.
        named = claims.get("aud")
        if type(named) is not str or named not in self._audience:
            self._check_audience(claims)
        if self._names_claims:
            self._check_named_claims(claims)
        if type(claims.get("sub", "")) is not str:
            raise InvalidToken("claim_malformed", claim="sub")

    def _check_audience(self, claims: Claims) -> None:
        """An audience that is no string of ours: a list with one of ours in it, or a refusal."""
        if "aud" not in claims:
            if not self._is_trusted_client(claims):
                raise InvalidToken("audience_missing", expected=sorted(self._audience))
            return
        if not self.names_us(_audience_names(claims)):
            raise InvalidToken(
                "audience_mismatch", expected=sorted(self._audience), named=claims["aud"]
            )

    def names_us(self, names: Iterable[str]) -> bool:
        """Whether one of these is this API, exactly."""
        return not self._audience.isdisjoint(names)

    def _is_trusted_client(self, claims: Claims) -> bool:
        allowed = self._issuer.clients_instead_of_audience
        return bool(allowed) and self.client_id(claims) in allowed

    def _check_named_claims(self, claims: Claims) -> None:
        for claim, allowed in self._issuer.required_claims.items():
            if claims.get(claim) not in allowed:
                raise InvalidToken("claim_mismatch", claim=claim)
        self._check_present_claims(claims)

    def _check_present_claims(self, claims: Claims) -> None:
        for claim, allowed in self._issuer.claims_if_present.items():
            if claim in claims and claims[claim] not in allowed:
                raise InvalidToken("claim_mismatch", claim=claim)

    def client_id(self, claims: Claims) -> str | None:
        """The client that the token was issued to, by the first claim that names one."""
        for claim in self._client_id_claims:
            client_id = claims.get(claim)
            if type(client_id) is str:
                is_path = self._issuer.client_id_form == "last_path_segment"
                return client_id.rpartition("/")[2] if is_path else client_id
        return None

    def tells_scopes(self, claims: Claims) -> bool:
        """Whether they say anything of scopes, be it that there are none."""
        return not claims.keys().isdisjoint(self._scope_claims)

    def scopes(self, claims: Claims) -> frozenset[str]:
        """The scopes that were granted (RFC 6749 section 3.3), with all that they imply."""
        for claim in self._scope_claims:
            if claim in claims:
                value = claims[claim]
                granted = _split_scopes(value) if type(value) is str else self._listed(claim, value)
                break
        else:
            granted = frozenset()
        return granted if self._expand is None else granted.union(self._expand(granted))

    def _listed(self, claim: str, value: object) -> frozenset[str]:
        """What is unclear grants nothing."""
        if type(value) is list and (claim != "scope" or self._issuer.scope_may_be_list):
            return frozenset(scope for scope in value if type(scope) is str and scope)
        return frozenset()

    def access_token(self, issuer: str, claims: Claims, payload: str) -> AccessToken:
        """The value for the application, from claims that passed."""
        get = claims.get
        named = get("aud", ())
        client_id = self.client_id(claims)
        return AccessToken(
            issuer,
            get("sub"),
            client_id and _one_client_id(client_id),
            _one_audience(named) if type(named) is str else tuple(named),
            self.scopes(claims),
            get("exp"),
            get("nbf"),
            payload,
        )


# Many tokens say the same few things. One value serves them all, which saves memory too. Only what
# was verified may come here: what is looked at before, a stranger has made up, as long and as often
# as they like. The least used is forgotten.
@lru_cache(maxsize=1024)
def _split_scopes(text: str) -> frozenset[str]:
    """RFC 6749 section 3.3: at U+0020 and at nothing else."""
    return frozenset(filter(None, text.split(" ")))


@lru_cache(maxsize=1024)
def _one_audience(name: str) -> tuple[str, ...]:
    return (name,)


@lru_cache(maxsize=4096)
def _one_client_id(client_id: str) -> str:
    return client_id


def _check_notable(claims: Claims) -> None:
    token_kind.check_named_kind(claims)
    if "cnf" in claims:
        # RFC 8705 section 3, RFC 9449 section 7.2: a bound token needs a proof that this request
        # does not carry; to ignore the binding is to make a thief's day.
        raise InvalidToken("token_bound", claim="cnf")


def _audience_names(claims: Claims) -> list[str]:
    """RFC 7519 section 4.1.3: one string, or a list of strings."""
    named = claims["aud"]
    names = [named] if type(named) is str else named
    if type(names) is not list or not all(type(name) is str for name in names):
        raise InvalidToken("claim_malformed", claim="aud")
    return names


def check_times(claims: Claims, leeway: float, now: float) -> None:
    """RFC 7519 sections 4.1.4 to 4.1.6. A NumericDate is a number, fractions allowed (section 2);
    what is far out of range is compared, never computed with."""
    if "exp" in claims:
        exp = claims["exp"]
        if now - leeway >= (exp if type(exp) is int else _numeric_date(exp, "exp")):
            raise InvalidToken("expired")
    for claim in ("iat", "nbf"):
        if claim in claims:
            start = claims[claim]
            if now + leeway < (start if type(start) is int else _numeric_date(start, claim)):
                raise InvalidToken("not_yet_valid", claim=claim)


def check_token_times(token: AccessToken, leeway: float, now: float) -> None:
    """The same for a token that was good before."""
    if token.expires_at is not None and now - leeway >= token.expires_at:
        raise InvalidToken("expired")
    if token.not_before is not None and now + leeway < token.not_before:
        raise InvalidToken("not_yet_valid", claim="nbf")


def _numeric_date(value: object, claim: str) -> float:
    if type(value) is not float or not math.isfinite(value):
        # A boolean is an int to Python and no number to JSON.
        raise InvalidToken("claim_malformed", claim=claim)
    return value


def _check_rfc9068(claims: Claims) -> None:
    for claim in _REQUIRED_BY_RFC9068:
        if claim not in claims:
            raise InvalidToken("claim_missing", claim=claim)
        if claim != "iat" and type(claims[claim]) is not str:
            raise InvalidToken("claim_malformed", claim=claim)
