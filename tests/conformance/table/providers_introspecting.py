"""Beyond Identity, and the introspection answers of other providers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bearer_guard import Introspection, Issuer, beyond_identity
from conformance.rows import Row, bearer, one, rows
from conformance.tokens import ABSENT, b64, jwk
from conformance.verdicts import INVALID, LET_IN, Verdict, sees
from conformance.world import AUDIENCE, Setting, World
from faults.answers import document

TENANT, REALM, APP = "0001b18ee979ce2c", "19b9bb7c9a4f2a1b", "4a1b8c0e-3f6d-4c5e-9d2a-7b8e6f5a4c3d"


def _bi(world: World) -> dict[str, Any]:
    issuer = beyond_identity(TENANT, REALM, base_url=world.root, token="may-introspect")
    return {"issuers": [issuer], "audience": "http://myexampleapi"}


def _bi_act(world: World) -> None:
    for tenant, key in ((TENANT, "rsa-1"), ("ffff000000000000", "rsa-2")):
        path = f"/v1/tenants/{tenant}/realms/{REALM}/applications/{APP}"
        world.at(
            path + "/.well-known/openid-configuration",
            document(
                world.metadata(
                    issuer=world.root + path, jwks_uri=f"{world.root}{path}/.well-known/jwks.json"
                )
            ),
        )
        world.at(
            path + "/.well-known/jwks.json", document({"keys": [jwk(key, kid="k", alg="RS256")]})
        )
    answer = {name: value for name, value in _bi_claims(world).items() if value is not ABSENT}
    world.at(
        f"/v1/tenants/{TENANT}/realms/{REALM}/introspect", document({**answer, "active": True})
    )


def _bi_claims(world: World, **changes: Any) -> dict[str, Any]:
    path = f"tenants/{TENANT}/realms/{REALM}/applications/{APP}"
    return {"bi_ty": "authorization_code", "iss": f"{world.root}/v1/{path}", "sub": "7a8cce58fd160449", "aud": [APP, "http://myexampleapi"],
            "exp": 1_800_086_400, "nbf": 1_800_000_000, "iat": 1_800_000_000, "jti": "cKigHwlWRW5h3Dv4CCMBICiqf-j1i1yJ",
            "scope": "myapp:read myapp:write", "azp": path, "bi_p": f"tenants/{TENANT}/realms/{REALM}/identities/7a8", "bi_s": "", "bi_x": "c6E",
            "client_id": ABSENT, **changes}  # fmt: skip


BI = Setting(
    identifier=lambda w: f"{w.root}/v1/tenants/{TENANT}/realms/{REALM}/applications/{APP}",
    guard=_bi,
    act=_bi_act,
    fresh=True,
)


def bi(
    sentence: str,
    verdict: Verdict,
    change: Callable[[World], dict[str, Any]] = lambda w: {},
    key: str = "rsa-1",
    at_most: int = 2,
) -> Row:
    return one(f"Beyond Identity: {sentence}", lambda w: bearer(w.jwt(_bi_claims(w, **change(w)), {
        "typ": "JWT", "kid": "k", "jku": w.tripwire + "/jwks"}, key=key, algorithm="RS256")), verdict, setting=BI, at_most=at_most)  # fmt: skip


BEYOND = [
    bi("a self-contained token, its jku unread", sees(client_id=APP, scopes=["myapp:read", "myapp:write"])),
    bi("bi_t and bi_r that are ours", LET_IN, lambda w: {"bi_t": TENANT, "bi_r": REALM}),
    bi("bi_r for the whole tenant", LET_IN, lambda w: {"bi_t": TENANT, "bi_r": "*"}),
    bi("bi_t of another tenant", INVALID, lambda w: {"bi_t": "ffff000000000000"}, at_most=0),
    bi("bi_r of another realm", INVALID, lambda w: {"bi_r": "x"}, at_most=0),
    bi("another tenant on the same host, with our audience and its own good key", INVALID.but(because="issuer_untrusted"),
       lambda w: {"iss": f"{w.root}/v1/tenants/ffff000000000000/realms/{REALM}/applications/{APP}"}, "rsa-2", 0),
    bi("our issuer signed by another tenant's key of the same kid", INVALID, key="rsa-2"),
    bi("the client's id as its only audience", INVALID, lambda w: {"aud": [APP]}, at_most=0),
    bi("an id token", INVALID, lambda w: {"scope": ABSENT, "nonce": "n", "at_hash": "h"}, at_most=0),
    bi("an application that does not exist", INVALID, lambda w: {"iss": f"{w.root}/v1/tenants/{TENANT}/realms/{REALM}/applications/none"}),
    one("Beyond Identity: a referential token (JWE) is introspected at the realm", lambda w: bearer(".".join(
        b64(part) for part in (b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"x","cty":"JWT"}', b"k" * 256, b"i" * 12, b"c" * 200, b"t" * 16))),
        sees(client_id=APP, subject="7a8cce58fd160449"), setting=BI, at_most=1),
]  # fmt: skip


def answers(name: str, answer: dict[str, Any], verdict: Verdict = LET_IN, **options: Any) -> Row:
    """An opaque token of a provider that introspects."""
    setting = Setting(fresh=True, guard=lambda w: {"issuers": [Issuer(
        w.root, introspection=Introspection(w.root + "/introspect", client_id="api", client_secret="s"), **options)]})  # fmt: skip
    full = {"active": True, "aud": AUDIENCE, "exp": 1_800_000_300, **answer}
    return one(f"introspection by {name}", lambda w: bearer(w.opaque({k: v for k, v in full.items() if v is not ABSENT})), verdict,
               setting=setting, at_most=1)  # fmt: skip


INTROSPECTING = [
    answers("Keycloak", {"typ": "Bearer", "token_type": "Bearer", "azp": "web", "username": "a", "scope": "openid", "acr": "1", "aud": ["account", AUDIENCE], "realm_access": {"roles": []}}),
    answers("Keycloak of a refresh token", {"typ": "Refresh", "token_type": "Refresh", "azp": "web"}, INVALID),
    answers("Okta", {"token_type": "Bearer", "scope": "openid a", "client_id": "0oa", "username": "u", "sub": "u", "uid": "00u", "jti": "AT.x", "device_id": "q"}),
    answers("PingFederate", {"token_type": "Bearer", "client_id": "c", "scope": "a"}),
    answers("Zitadel", {"token_type": "Bearer", "aud": ["17", AUDIENCE], "client_id": "c@p", "username": "u", "scope": "openid", "urn:zitadel:iam:org:project:roles": {}}),
    answers("Ory Hydra", {"token_type": "Bearer", "token_use": "access_token", "aud": [AUDIENCE], "client_id": "c", "scope": "a b", "ext": {}, "nbf": 1_800_000_000}),
    answers("Ory Hydra of a refresh token", {"token_type": "Bearer", "token_use": "refresh_token", "client_id": "c"}, INVALID),
    answers("Stytch", {"token_type": "access_token", "status_code": 200, "request_id": "r", "client_id": "c", "scope": "a"}),
    answers("ForgeRock", {"token_type": "Bearer", "scope": "a", "client_id": "c", "user_id": "u", "realm": "/", "expires_in": 300, "auth_level": 0, "authGrantId": "x"}),
    answers("Duende", {"client_id": "c", "scope": "api1", "sub": "1", "amr": "pwd", "idp": "local", "nbf": 1_800_000_000}),
    answers("Curity", {"token_type": "bearer", "purpose": "access_token", "client_id": "c", "scope": "a", "delegationId": "d"}),
    answers("Authentik", {"scope": "openid a", "client_id": AUDIENCE, "sub": "u"}),
    answers("one that names no audience, client of the list", {"aud": ABSENT, "client_id": "c"}, clients_instead_of_audience=["c"]),
    answers("one that names no audience, client not of the list", {"aud": ABSENT, "client_id": "d"}, INVALID, clients_instead_of_audience=["c"]),
    answers("GitHub-like, with numbers as strings", {"exp": "1800000300"}, INVALID),
]  # fmt: skip


ROWS = rows("provider", BEYOND, INTROSPECTING)
