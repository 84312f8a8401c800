"""What each endpoint answers over a real socket, and to whom."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus

import httpx
import jwt
import pytest

from bearer_guard.testing import AuthorizationServer

METADATA = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
DEMO = ("demo", "demo")


@pytest.mark.parametrize("endpoint", METADATA)
def test_metadata_names_the_issuer_and_its_endpoints(
    server: AuthorizationServer, client: httpx.Client, endpoint: str
) -> None:
    response = client.get(server.issuer + endpoint)
    document = response.json()
    assert response.headers["Content-Type"] == "application/json"
    assert document == server.metadata()
    assert document["issuer"] == server.issuer
    assert document["jwks_uri"] == f"{server.issuer}/jwks"
    assert document["introspection_endpoint"] == f"{server.issuer}/introspect"
    assert client.get(document["jwks_uri"]).status_code == 200


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_issuers_path_goes_behind_or_before_the_well_known_part(
    client: httpx.Client, slash: str
) -> None:
    with AuthorizationServer(issuer_path="/realms/r" + slash) as server:
        origin = server.issuer.removesuffix("/realms/r" + slash)
        inserted = f"{origin}/.well-known/oauth-authorization-server/realms/r"
        appended = f"{origin}/realms/r/.well-known/openid-configuration"
        assert [client.get(url).json()["issuer"] for url in (inserted, appended)] == (
            [server.issuer] * 2
        )
        assert server.url("/jwks") == f"{origin}/realms/r/jwks"
        assert client.get(f"{origin}/jwks").status_code == 404
        assert server.count(METADATA[0]) == server.count("/realms/r" + METADATA[1]) == 1


def test_an_unchanged_key_set_is_not_sent_again(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    first = client.get(server.url("/jwks"))
    condition = {"If-None-Match": first.headers["ETag"]}
    again = client.get(server.url("/jwks"), headers=condition)
    assert (again.status_code, again.content) == (304, b"")
    server.rotate_keys()
    assert client.get(server.url("/jwks"), headers=condition).status_code == 200


def test_head_answers_like_get_without_the_body(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    full, head = (client.request(method, server.url("/jwks")) for method in ("GET", "HEAD"))
    assert head.content == b""
    assert head.headers["Content-Length"] == full.headers["Content-Length"]
    assert client.get(server.url("/jwks")).content == full.content


def test_unknown_paths_and_wrong_methods_are_refused(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    assert client.get(f"{server.issuer}/authorize").status_code == 404
    for method, endpoint, allowed in (("POST", "/jwks", "GET, HEAD"), ("GET", "/token", "POST")):
        response = client.request(method, server.url(endpoint))
        assert (response.status_code, response.headers["Allow"]) == (405, allowed)
    with pytest.raises(ValueError, match="no endpoint '/authorize': there are"):
        server.url("/authorize")


def test_a_caller_authenticates_with_form_urlencoded_basic_credentials(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    settings: Any = server.introspection_settings()
    name, secret = settings["client_id"], settings["client_secret"]
    form = {"token": server.opaque()}
    encoded = client.post(
        settings["endpoint"], data=form, auth=(quote_plus(name), quote_plus(secret))
    )
    bare = client.post(settings["endpoint"], data=form, auth=(name, secret))
    assert encoded.json()["active"] is True
    assert bare.status_code == 401  # RFC 6749 section 2.3.1


def test_a_caller_may_put_its_secret_in_the_form(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    settings: Any = server.introspection_settings()
    form = {
        "token": server.opaque(),
        "client_id": settings["client_id"],
        "client_secret": settings["client_secret"],
    }
    assert client.post(settings["endpoint"], data=form).json()["active"] is True
    assert client.post(settings["endpoint"], data=form, auth=DEMO).status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic !",
        "Bearer wrong",
        "Bearer",
        "Digest username=demo",
        "Basic " + base64.b64encode(b"demo").decode(),
        "Basic " + base64.b64encode(b"demo:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:demo").decode(),
    ],
)
def test_anybody_else_is_refused_with_a_challenge(
    server: AuthorizationServer, client: httpx.Client, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for endpoint in ("/introspect", "/revoke", "/token"):
        form = {"token": server.opaque(), "grant_type": "client_credentials"}
        response = client.post(server.url(endpoint), data=form, headers=headers)
        assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})
        assert response.headers.get_list("WWW-Authenticate") == [
            'Basic realm="authorization server"',
            'Bearer realm="authorization server"',
        ]


def test_a_bearer_token_introspects_but_does_not_revoke(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    headers = {"Authorization": f"Bearer {server.introspection_token}"}
    form = {"token": server.opaque()}
    asked = [
        client.post(server.url(e), data=form, headers=headers) for e in ("/revoke", "/introspect")
    ]
    assert [response.status_code for response in asked] == [401, 200]
    assert asked[1].json()["active"] is True


def test_changed_credentials_refuse_those_who_hold_the_old(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    old: Any = server.introspection_settings()
    server.change_credentials(client_secret="new", introspection_token="newer")
    form = {"token": server.opaque(), "client_id": old["client_id"]}
    statuses = [
        client.post(old["endpoint"], data={**form, "client_secret": secret}).status_code
        for secret in (old["client_secret"], "new")
    ]
    assert statuses == [401, 200]
    assert server.introspection_token == "newer"


@pytest.mark.parametrize("endpoint", ["/introspect", "/revoke"])
def test_a_form_without_a_token_is_a_bad_request(
    server: AuthorizationServer, client: httpx.Client, endpoint: str
) -> None:
    response = client.post(server.url(endpoint), auth=DEMO)
    assert (response.status_code, response.json()) == (400, {"error": "invalid_request"})


def test_revocation_makes_a_token_inactive_and_knows_no_unknown_token(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    token = server.jwt()
    for each in (token, "made up"):
        response = client.post(server.url("/revoke"), data={"token": each}, auth=DEMO)
        assert (response.status_code, response.content) == (200, b"")
    answer = client.post(server.url("/introspect"), data={"token": token}, auth=DEMO)
    assert answer.json() == {"active": False}


def test_client_credentials_buy_a_token_for_the_client_itself(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    form = {"grant_type": "client_credentials", "scope": "a", "resource": "https://r.example"}
    response = client.post(server.url("/token"), data=form, auth=DEMO)
    answer = response.json()
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert response.headers["Cache-Control"] == "no-store"
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 300, "a")
    assert (claims["sub"], claims["client_id"]) == ("demo", "demo")
    assert (claims["aud"], claims["scope"]) == ("https://r.example", "a")


def test_client_credentials_buy_a_referential_token_too(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    form = {"grant_type": "client_credentials", "token_format": "referential"}
    answer = client.post(server.url("/token"), data=form, auth=DEMO).json()
    told = client.post(
        server.url("/introspect"), data={"token": answer["access_token"]}, auth=DEMO
    ).json()
    assert "." not in answer["access_token"]
    assert (told["aud"], told["scope"], told["sub"]) == (server.audience, "orders:read", "demo")


def test_no_other_grant_is_supported(server: AuthorizationServer, client: httpx.Client) -> None:
    for form in ({}, {"grant_type": "password"}):
        response = client.post(server.url("/token"), data=form, auth=DEMO)
        assert (response.status_code, response.json()) == (
            400,
            {"error": "unsupported_grant_type"},
        )


def test_settings_have_the_form_of_the_librarys_mapping(server: AuthorizationServer) -> None:
    assert server.issuer_settings() == {"issuer": server.issuer}
    assert server.issuer_settings(profile="rfc9068")["profile"] == "rfc9068"
    assert server.introspection_settings(client_id="other") == {
        "endpoint": f"{server.issuer}/introspect",
        "client_id": "other",
        "client_secret": "a 100% odd:secret + more",
    }
