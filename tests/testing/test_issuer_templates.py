"""An issuer for each application of a realm, as Beyond Identity has it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import jwt
import pytest

from bearer_guard.testing import AuthorizationServer

REALM = "/v1/tenants/t1/realms/r1"
DEMO = ("demo", "demo")


@pytest.fixture
def server() -> Iterator[AuthorizationServer]:
    with AuthorizationServer(issuer_path=REALM + "/applications/{application}") as server:
        yield server


def test_each_application_is_an_issuer_with_its_own_keys(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    origin = server.issuer.split("/v1")[0]
    tokens = {name: server.jwt(application=name) for name in ("app-1", "app-2")}
    for name, token in tokens.items():
        issuer = f"{origin}{REALM}/applications/{name}"
        document = client.get(f"{issuer}/.well-known/openid-configuration").json()
        assert document == server.metadata(application=name)
        assert document["issuer"] == issuer == server.issuer_of(name)
        assert document["jwks_uri"] == f"{issuer}/.well-known/jwks.json"
        (key,) = jwt.PyJWKSet.from_dict(client.get(document["jwks_uri"]).json()).keys
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience=server.audience, issuer=issuer
        )
        assert claims["iss"] == issuer
        other = tokens["app-2" if name == "app-1" else "app-1"]
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(other, key, algorithms=["RS256"], audience=server.audience)
    assert server.count("/jwks") == 2


def test_introspection_belongs_to_the_realm(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    endpoint = str(server.introspection_settings()["endpoint"])
    assert endpoint.endswith(f"{REALM}/introspect")
    for token, name in (
        (server.opaque(application="app-1"), "app-1"),
        (server.jwe(application="app-2"), "app-2"),
    ):
        answer = client.post(endpoint, data={"token": token}, auth=DEMO).json()
        assert answer["iss"] == server.issuer_of(name)


def test_metadata_is_found_by_insertion_too(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.signing_key(application="app-2")
    url = server.url("/.well-known/oauth-authorization-server", application="app-2")
    assert url.endswith(f"/.well-known/oauth-authorization-server{REALM}/applications/app-2")
    assert client.get(url).json()["issuer"] == server.issuer_of("app-2")


def test_an_application_that_nobody_named_does_not_exist(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    url = server.url("/jwks", application="app-9")
    assert client.get(url).status_code == 404
    server.add_jwk({"kty": "odd"}, application="app-9")
    assert len(client.get(url).json()["keys"]) == 2


def test_app_1_is_meant_where_no_application_is_named(server: AuthorizationServer) -> None:
    assert server.issuer_of() == server.issuer_of("app-1")
    assert server.signing_key() == server.signing_key(application="app-1")
    claims = jwt.decode(server.id_token(), options={"verify_signature": False})
    assert claims["iss"] == server.issuer_of("app-1")


def test_the_issuer_of_the_settings_is_the_template(server: AuthorizationServer) -> None:
    assert server.issuer_settings()["issuer"] == server.issuer
    assert server.issuer.endswith("/applications/{application}")


def test_keys_rotate_and_are_withdrawn_in_every_application(server: AuthorizationServer) -> None:
    kids = [server.signing_key(application=name).kid for name in ("a", "b")]
    server.withdraw(kids[1])
    server.rotate_keys()
    assert all(
        server.signing_key(application=name).kid != kid
        for name, kid in zip("ab", kids, strict=True)
    )


def test_the_token_endpoint_issues_for_its_application(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.signing_key(application="shop")
    form = {"grant_type": "client_credentials"}
    answer = client.post(server.url("/token", application="shop"), data=form, auth=DEMO).json()
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["iss"] == server.issuer_of("shop")


def test_a_template_may_stand_at_the_root_of_an_issuer() -> None:
    server = AuthorizationServer(issuer="https://h.example/{tenant}/v2.0")
    assert server.issuer_of("t") == "https://h.example/t/v2.0"
    assert server.url("/introspect", application="t") == "https://h.example/introspect"


def test_a_plain_issuer_has_no_applications_and_a_template_one_part() -> None:
    server = AuthorizationServer(issuer="https://h.example")
    with pytest.raises(ValueError, match="is no template"):
        server.jwt(application="app-1")
    with pytest.raises(ValueError, match="one named part"):
        AuthorizationServer(issuer="https://h.example/{tenant}/{application}")
