"""An access token, an id token, a bound token, and the others (RFC 8725 §3.11, RFC 9068 §5)."""

from __future__ import annotations

from typing import Any

from conformance.rows import Row, rows, token_row
from conformance.tokens import ABSENT
from conformance.verdicts import INVALID, LET_IN, Verdict
from conformance.world import AUDIENCE, Setting

BOUND = INVALID.but(because="token_bound")
JWT: dict[str, Any] = {"typ": "JWT"}
BARE: dict[str, Any] = {"scope": ABSENT, "client_id": ABSENT}
OWN_MARK = Setting(issuer={"grant_claims": ["repository", "firebase"]}, warm={})


def kind(
    sentence: str, verdict: Verdict, claims: dict[str, Any], typ: Any = "JWT", **options: Any
) -> Row:
    return token_row(sentence, verdict, claims, {"typ": typ}, **options)


MARKED = [
    kind(f"an id token's {mark} under typ {typ!r}, scope and client_id or not, is refused",
         INVALID.but(because="id_token"), {mark: "x"}, typ)
    for mark in ("nonce", "at_hash", "c_hash", "s_hash") for typ in ("JWT", ABSENT)
] + [
    kind(f"{mark} under typ JWT is another kind's", INVALID.but(because="other_token_kind"), {mark: value})
    for mark, value in (
        ("events", {"http://schemas.openid.net/event/backchannel-logout": {}}), ("events", None),
        ("token_introspection", {"active": True}),
    )[::2]
] + [
    kind(f"nonce {value!r} marks an id token", INVALID, {"nonce": value}) for value in ("", None, 0, [], False)
] + [
    kind("a whole id token for this API is refused", INVALID, {
        **BARE, "nonce": "n-0S6_WzA2Mj", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "auth_time": 1_799_999_990,
        "aud": ["client-1", AUDIENCE], "azp": "client-1", "jti": ABSENT}),
    kind("an id token of the plain code flow, without nonce, for this API is refused",
         INVALID.but(because="grant_unmarked"), {**BARE, "aud": ["client-1", AUDIENCE], "azp": "client-1",
         "auth_time": 1_799_999_990, "sid": "s", "email": "a@example.com", "name": "A"}),
    kind("an id token without typ, without nonce, is refused", INVALID, {**BARE, "aud": AUDIENCE}, ABSENT),
    kind("a logout token is refused", INVALID, {
        **BARE, "events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "sid": "x"}, "logout+jwt"),
    kind("an introspection answer (RFC 9701) is refused", INVALID, {
        "token_introspection": {"active": True, "scope": "x"}}, "token-introspection+jwt"),
    kind("a client assertion (RFC 7523) is refused", INVALID, {
        **BARE, "iss": "client-1", "sub": "client-1"}),
    kind("at+jwt with a nonce is an access token all the same", LET_IN, {"nonce": "x"}, "at+jwt"),
    kind("at+jwt without scope and client_id is an access token", LET_IN, BARE, "at+jwt"),
]  # fmt: skip

GRANTS = [
    kind(f"{mark} alone marks a grant under typ {typ!r}", LET_IN, {**BARE, mark: value}, typ)
    for typ in ("JWT", ABSENT)
    for mark, value in (
        ("scope", "a b"), ("scope", ""), ("scp", ["a"]), ("client_id", "c"), ("cid", "c"), ("appid", "c"),
        ("roles", ["r"]), ("permissions", ["p"]), ("entitlements", ["e"]), ("authorization_details", []),
        ("realm_access", {"roles": ["r"]}), ("resource_access", {"api": {"roles": ["r"]}}),
    )
    if not (mark == "scope" and value == "")
] + [
    kind(f"{mark} marks no grant", INVALID.but(because="grant_unmarked"), {**BARE, mark: "x"})
    for mark in ("azp", "email", "name", "groups", "sid", "auth_time", "tid", "Scope", "SCOPE", "scopes", "oid")
] + [
    kind("repository marks a grant where the settings say so", LET_IN, {**BARE, "repository": "o/r"}, setting=OWN_MARK),
    kind("firebase marks a grant where the settings say so", LET_IN, {**BARE, "firebase": {}}, setting=OWN_MARK),
    kind("environment marks none where the settings name others", INVALID, {**BARE, "environment": "x"}, setting=OWN_MARK),
    kind("a marked token with a nonce is refused though the settings name its mark", INVALID,
         {**BARE, "repository": "o/r", "nonce": "x"}, setting=OWN_MARK),
]  # fmt: skip

NAMED = [
    kind(f"{claim} {value!r} under typ {typ} names an access token", LET_IN, {claim: value}, typ)
    for typ in ("JWT", "at+jwt")
    for claim, value in (
        ("token_use", "access"), ("token_use", "access_token"), ("typ", "Bearer"), ("typ", "bearer"),
        ("typ", "JWT"), ("typ", "at+jwt"), ("token_type", "Bearer"), ("token_type", "access_token"),
        ("tokenName", "access_token"), ("token_type", "bearer"),
        ("token_type", "urn:ietf:params:oauth:token-type:access_token"),
    )
] + [
    kind(f"{claim} {value!r} under typ {typ} names another kind", INVALID.but(because="other_token_kind"), {claim: value}, typ)
    for typ in ("JWT", "at+jwt")
    for claim, value in (
        ("token_use", "id"), ("token_use", "refresh"), ("token_use", "id_token"), ("typ", "ID"),
        ("typ", "Refresh"), ("typ", "Offline"), ("typ", "Logout"), ("typ", "Serialized-ID"),
        ("token_type", "refresh_token"), ("token_type", "id_token"), ("tokenName", "id_token"),
        ("tokenName", "refresh_token"), ("token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        ("token_type", "urn:ietf:params:oauth:token-type:id_token"), ("token_use", ""), ("token_use", 1),
        ("typ", ["Bearer"]), ("typ", {}), ("typ", True), ("token_type", "N_A"), ("typ", "RegistrationAccessToken"),
        ("typ", "InitialAccessToken"), ("typ", "UserInfo"), ("token_type", "Bearer,refresh_token"),
    )
] + [
    kind(f"{claim} {value!r} under typ {typ} names a bound token", BOUND, {claim: value}, typ)
    for typ in ("JWT", "at+jwt")
    for claim, value in (("token_type", "DPoP"), ("typ", "DPoP"), ("token_type", "pop"), ("token_type", "dpop"),
                         ("token_type", "mac"))
]  # fmt: skip

JKT = {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}
CONFIRMED = [
    kind(f"cnf {cnf!r} under typ {typ} makes a token that is no bearer token", BOUND, {"cnf": cnf}, typ)
    for typ in ("JWT", "at+jwt")
    for cnf in (
        JKT, {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}, {**JKT, "x5t#S256": "x"},
        {"jwk": {"kty": "EC"}}, {"kid": "x"}, {"jku": "https://x.example/"}, {"jwe": "x"}, {"unknown": 1}, {},
        None, "x", [], 1, False, "", {"x5t#S256": None},
    )
]  # fmt: skip

ROWS = rows("token kind", MARKED, GRANTS, NAMED, CONFIRMED)
