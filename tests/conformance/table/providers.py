"""Tokens in the shape of each provider of ``standards.md`` section D: let in, and their near misses."""

from __future__ import annotations

from typing import Any

from conformance.rows import Row, bearer, one, rows
from conformance.tokens import ABSENT
from conformance.verdicts import INVALID, LET_IN, Verdict, sees
from conformance.world import AUDIENCE, Setting

RS: dict[str, Any] = {"key": "rsa-1", "algorithm": "RS256"}
NO_TYP: dict[str, Any] = {"typ": ABSENT}
JWT: dict[str, Any] = {"typ": "JWT"}
DROP = dict.fromkeys(("jti", "client_id", "scope"), ABSENT)


def provider(
    name: str,
    identifier: str,
    *tokens: tuple[str, Verdict, dict[str, Any]],
    header: dict[str, Any] | None = None,
    how: dict[str, Any] | None = None,
    guard: dict[str, Any] | None = None,
    **issuer: Any,
) -> list[Row]:
    """Tokens of an issuer whose keys are at a written address."""
    setting = Setting(
        identifier=identifier,
        issuer=lambda w: {"jwks_uri": w.root + "/jwks", **issuer},
        guard=guard or {},
        fresh=True,
    )
    return [
        one(f"{name}: {sentence}", lambda w, claims=claims: bearer(w.jwt(claims, header or {}, **(RS if how is None else how))),
            verdict, setting=setting, at_most=1)
        for sentence, verdict, claims in tokens
    ]  # fmt: skip


def _token(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict(DROP)
    for part in (*parts, more):
        found.update(part)
    return found


AUTH0 = "https://tenant.eu.auth0.com/"
_auth0 = _token(
    sub="auth0|5f7c",
    aud=[AUDIENCE, AUTH0 + "userinfo"],
    azp="SPA1",
    scope="openid profile orders:read",
)
OKTA = "https://dev-1.okta.com/oauth2/default"
_okta = _token(
    ver=1,
    jti="AT.x",
    aud="api://default",
    cid="0oa1",
    uid="00u1",
    scp=["openid", "orders:read"],
    sub="a@example.com",
    auth_time=1_799_999_000,
)
TID = "9122040d-6c67-4c5b-b112-36a304b66dad"
ENTRA2, ENTRA1 = f"https://login.microsoftonline.com/{TID}/v2.0", f"https://sts.windows.net/{TID}/"
GUID = "6e74172b-be56-4843-9ff4-e66a39bb12e3"
_entra = _token(
    aud=GUID,
    azp="client-guid",
    azpacr="1",
    oid="o",
    tid=TID,
    ver="2.0",
    nbf=1_800_000_000,
    uti="u",
    rh="0.x",
    sub="AAAA",
)
COGNITO = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"
_cognito = _token(
    aud=ABSENT,
    client_id="4b1",
    token_use="access",
    scope="openid orders/read",
    username="u",
    version=2,
    origin_jti="x",
    event_id="e",
    **{"cognito:groups": ["g"]},
)
KEYCLOAK = "https://sso.example.com/realms/shop"
_keycloak = _token(
    typ="Bearer",
    azp="web",
    aud=["account", AUDIENCE],
    scope="openid email",
    session_state="s",
    sid="s",
    acr="1",
    realm_access={"roles": ["offline_access"]},
    resource_access={"account": {"roles": ["view"]}},
    **{"allowed-origins": ["*"]},
)
PING = "https://auth.pingone.eu/env-1/as"
FORGEROCK = "https://am.example.com/oauth2/realms/root/realms/alpha"
FIREBASE = "https://securetoken.google.com/proj-1"
GITHUB = "https://token.actions.githubusercontent.com"
KUBE = "https://kubernetes.default.svc.cluster.local"
_kube = _token(
    aud=[AUDIENCE],
    sub="system:serviceaccount:ns:sa",
    **{"kubernetes.io": {"namespace": "ns", "serviceaccount": {"name": "sa", "uid": "u"}}},
)
ZITADEL = "https://inst-1.zitadel.cloud"
HYDRA = "https://hydra.example.com/"
AUTHENTIK = "https://auth.example.com/application/o/shop/"
CURITY = "https://login.example.com/oauth/v2/oauth-anonymous"
WORKOS = "https://api.workos.com/user_management/client_01"
CLERK = "https://clerk.example.com"
SUPABASE = "https://ref.supabase.co/auth/v1"
STYTCH = "stytch.com/project-live-1"
DUENDE = "https://demo.duendesoftware.com"

SHAPES = [
    *provider("RFC 9068", "https://as.example.com/", ("the token of its section 2", LET_IN, {"auth_time": 1, "acr": "x", "amr": ["pwd"], "groups": ["a"]}), profile="rfc9068"),
    *provider("Auth0", AUTH0, ("a token", sees(client_id="SPA1", scopes=["openid", "orders:read", "profile"]), _auth0),
              ("a token with permissions alone", LET_IN, _token(_auth0, scope=ABSENT, permissions=["orders:read"])),
              ("a client-credentials token", LET_IN, _token(sub="M2M@clients", aud=AUDIENCE, azp="M2M", scope="a", gty="client-credentials")),
              ("an id token", INVALID, _token(aud="SPA1", nonce="n", sid="s")),
              ("a token for userinfo alone", INVALID, _token(_auth0, aud=AUTH0 + "userinfo")), header=JWT),
    *provider("Auth0, RFC 9068 dialect", AUTH0, ("a token", LET_IN, {"aud": [AUDIENCE]}), profile="rfc9068"),
    *provider("Okta", OKTA, ("a token", sees(client_id="0oa1", scopes=["openid", "orders:read"], subject="a@example.com"), _okta),
              ("an id token", INVALID, _token(aud="0oa1", idp="x", nonce="n", at_hash="h")),
              ("an id token without nonce, for us", INVALID, _token(aud="api://default", idp="x", ver=1, amr=["pwd"])),
              ("another audience", INVALID, _token(_okta, aud="api://other")), header=NO_TYP, audience="api://default"),
    *provider("Entra v2", ENTRA2, ("a delegated token", sees(client_id="client-guid", scopes=["orders.read", "user.read"]), _token(_entra, scp="orders.read user.read", name="N", preferred_username="p")),
              ("an application's token", LET_IN, _token(_entra, roles=["Orders.Read.All"], idtyp="app")),
              ("an id token", INVALID, _token(_entra, nonce="n", name="N")),
              ("an id token without nonce", INVALID, _token(_entra, name="N", preferred_username="p")), header=JWT, audience=GUID),
    *provider("Entra v1", ENTRA1, ("a token", sees(client_id="app-guid"), _token(_entra, azp=ABSENT, appid="app-guid", scp="user_impersonation", ver="1.0", aud=f"api://{GUID}")),
              ("the same without the slash in iss", INVALID, _token(_entra, iss=ENTRA1[:-1], appid="a", aud=f"api://{GUID}")),
              header={**JWT, "x5t": "x"}, audience=f"api://{GUID}"),
    *provider("Cognito", COGNITO, ("an access token", sees(client_id="4b1", audience=[], scopes=["openid", "orders/read"]), _cognito),
              ("an id token", INVALID, _token(_cognito, aud="4b1", client_id=ABSENT, token_use="id", scope=ABSENT)),
              ("an id token without aud", INVALID, _token(_cognito, token_use="id")),
              ("another client's token", INVALID, _token(_cognito, client_id="5c2")),
              ("a token without token_use", INVALID, _token(_cognito, token_use=ABSENT)),
              header=NO_TYP, clients_instead_of_audience=["4b1"], required_claims={"token_use": "access"}),
    *provider("Keycloak", KEYCLOAK, ("a token with an audience mapper", sees(client_id="web"), _keycloak),
              ("a token without one", INVALID, _token(_keycloak, aud="account")), ("an id token", INVALID, _token(_keycloak, typ="ID", at_hash="x", scope=ABSENT)),
              ("an id token that looks like a grant", INVALID, _token(_keycloak, typ="ID")),
              ("a refresh token", INVALID, _token(_keycloak, typ="Refresh")), ("an offline token", INVALID, _token(_keycloak, typ="Offline")),
              ("a logout token", INVALID, _token(_keycloak, typ="Logout")), ("the old path in iss", INVALID, _token(_keycloak, iss="https://sso.example.com/auth/realms/shop")),
              ("a DPoP token", INVALID, _token(_keycloak, typ="DPoP", cnf={"jkt": "x"})), header=JWT),
    *provider("PingOne", PING, ("a token with at+jwt", LET_IN, _token(client_id="c", scope="a", env="e", org="o"))),
    *provider("PingOne of today", PING, ("a token without typ", LET_IN, _token(client_id="c", scope="a", env="e", org="o")), header={**NO_TYP, "x5t": "x"}),
    *provider("PingFederate", "https://pf.example.com", ("a token", LET_IN, _token(client_id="c", scope=["a"])),
              header={**NO_TYP, "pi.atm": "1"}, scope_may_be_list=True),
    *provider("ForgeRock", FORGEROCK, ("a token", sees(scopes=["orders:read", "profile"]), _token(
        tokenName="access_token", realm="/alpha", grant_type="authorization_code", expires_in=3600, cts="OAUTH2_STATELESS", auth_level=0,
        token_type="Bearer", client_id="c", scope=["orders:read", "profile"], auth_time=1, subname="u")),
        ("an id token", INVALID, _token(tokenName="id_token", tokenType="JWTToken", aud="c", nonce="x")),
        ("a refresh token", INVALID, _token(tokenName="refresh_token", client_id="c", scope=["a"])), header=JWT, scope_may_be_list=True),
    *provider("Firebase", FIREBASE, ("a token", LET_IN, _token(aud="proj-1", auth_time=1_799_999_000, user_id="u", firebase={"identities": {}, "sign_in_provider": "password"})),
              ("another project's", INVALID, _token(aud="proj-2", firebase={})), header=JWT, audience="proj-1", grant_claims=["firebase"]),
    *provider("GitHub Actions", GITHUB, ("a token of the repository", LET_IN, _token(
        aud="https://github.com/octo", sub="repo:octo/x:ref:refs/heads/main", repository="octo/x", ref="refs/heads/main", environment="prod", nbf=1_799_999_400)),
        ("a token of another repository", INVALID, _token(aud="https://github.com/octo", repository="evil/x")),
        ("a token without repository", INVALID, _token(aud="https://github.com/octo")),
        header={**JWT, "x5t": "x"}, audience="https://github.com/octo", grant_claims=["repository"], required_claims={"repository": "octo/x"}),
    *provider("Kubernetes", KUBE, ("a service account's token", LET_IN, _kube), ("one for another audience", INVALID, _token(_kube, aud=[KUBE])),
              ("a legacy one without exp and aud", INVALID, _token(_kube, aud=ABSENT, exp=ABSENT)), header=NO_TYP, grant_claims=["kubernetes.io"]),
    *provider("Kubernetes, legacy", "kubernetes/serviceaccount", ("a token", LET_IN, _kube), header=NO_TYP, grant_claims=["kubernetes.io"]),
    *provider("Zitadel", ZITADEL, ("a token", LET_IN, _token(aud=["c@p", "17", AUDIENCE], client_id="c@p", **{"urn:zitadel:iam:org:project:roles": {"admin": {"1": "x"}}}))),
    *provider("Ory Hydra", HYDRA, ("a token", sees(scopes=["offline", "orders:read"]), _token(aud=[AUDIENCE], client_id="c", ext={"tenant": 1}, scp=["offline", "orders:read"], nbf=1_800_000_000)),
              ("a token of no audience", INVALID, _token(aud=[], client_id="c", scp=["a"])), header=JWT),
    *provider("Authentik", AUTHENTIK, ("a token with ES256", LET_IN, _token(aud="client-x", azp="client-x", uid="u", scope="openid", acr="x", auth_time=1)),
              ("the issuer without its slash", INVALID, _token(iss=AUTHENTIK[:-1], aud="client-x", scope="a")),
              header=JWT, how={}, audience="client-x"),
    *provider("FusionAuth", "acme.com", ("a token with RS256", LET_IN, _token(aud="app-1", applicationId="app-1", tid="t", roles=["admin"], gty=["authorization_code"], tty="at")),
              header=JWT, audience="app-1"),
    *provider("Curity", CURITY, ("a token", LET_IN, _token(purpose="access_token", delegationId="d", client_id="c", scope="a", nbf=1_800_000_000)), header=JWT),
    *provider("WorkOS", WORKOS, ("a session token", LET_IN, _token(aud=ABSENT, sid="s", org_id="o", role="admin", permissions=["p"], client_id="client_01")),
              ("another client's", INVALID, _token(aud=ABSENT, sid="s", permissions=["p"], client_id="client_02")), header=NO_TYP, clients_instead_of_audience=["client_01"]),
    *provider("Clerk", CLERK, ("a session token of our origin", LET_IN, _token(aud=ABSENT, azp="https://app.example.com", sid="sess_1", v=2, o={"id": "org"}, nbf=1_799_999_990)),
              ("one of another origin", INVALID, _token(aud=ABSENT, azp="https://evil.example", sid="sess_1")),
              header=JWT, clients_instead_of_audience=["https://app.example.com"], grant_claims=["sid"]),
    *provider("Supabase", SUPABASE, ("a user's token", LET_IN, _token(aud="authenticated", role="authenticated", aal="aal1", session_id="s", app_metadata={"provider": "email"}, user_metadata={}, amr=[{"method": "password", "timestamp": 1}], is_anonymous=False)),
              ("an anonymous key", INVALID, _token(aud="anon", role="anon")), header=JWT, how={}, audience="authenticated", grant_claims=["role"]),
    *provider("Descope", "P2abcDEF", ("a token", LET_IN, _token(aud=ABSENT, permissions=["p"], roles=["r"], tenants={"t": {}}, drn="DS", amr=["email"], azp="P2abcDEF")),
              ("a refresh token", INVALID, _token(aud=ABSENT, permissions=["p"], drn="DSR", azp="P2abcDEF")),
              header=NO_TYP, clients_instead_of_audience=["P2abcDEF"], claims_if_present={"drn": ["DS"]}),
    *provider("Stytch", STYTCH, ("a token", LET_IN, _token(aud=["project-live-1"], client_id="connected-app-1", scope="openid a", nbf=1_800_000_000)),
              ("another app's", INVALID, _token(aud=["project-live-1"], client_id="x", scope="a")), header=JWT, audience="project-live-1",
              required_claims={"client_id": "connected-app-1"}),
    *provider("Duende", DUENDE, ("a token with scopes in a list", sees(scopes=["api1", "openid"]), _token(aud=AUDIENCE, client_id="c", scope=["openid", "api1"], amr=["pwd"], idp="local", nbf=1_800_000_000, sid="s")),
              ("a token with one scope as a string", sees(scopes=["api1"]), _token(client_id="c", scope="api1")), scope_may_be_list=True),
]  # fmt: skip


ROWS = rows(
    "provider",
    SHAPES,
)
