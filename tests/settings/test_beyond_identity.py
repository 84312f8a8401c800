"""The preset for Beyond Identity, against a realm of its own kind.

There each application of a realm is an issuer with keys of its own; introspection is the
realm's; the host is shared by all tenants of the world.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bearer_guard import (
    AccessToken,
    AuthorizationServerUnavailable,
    Guard,
    Introspection,
    InvalidToken,
    Issuer,
    Request,
    SettingsError,
    beyond_identity,
)
from bearer_guard.testing import AuthorizationServer

REALM = "/v1/tenants/t1/realms/r1"
AZP = "tenants/t1/realms/r1/applications/"


def template(path: str) -> Iterator[AuthorizationServer]:
    with AuthorizationServer(issuer_path=f"{path}/applications/{{application}}") as server:
        yield server


@pytest.fixture(scope="module")
def realm() -> Iterator[AuthorizationServer]:
    yield from template(REALM)


@pytest.fixture(scope="module")
def base_url(realm: AuthorizationServer) -> str:
    return realm.issuer.removesuffix(f"{REALM}/applications/{{application}}")


@pytest.fixture(autouse=True)
def fresh_counts(realm: AuthorizationServer) -> Iterator[None]:
    realm.reset_counts()
    yield
    realm.clear_overrides()


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # saves the reading of all roots each time
    with httpx.Client(verify=no_tls, trust_env=False) as client:
        yield client


@pytest.fixture
def judge(
    realm: AuthorizationServer, base_url: str, client: httpx.Client
) -> Iterator[Callable[..., AccessToken]]:
    """The guard of a preset with these options judges a token."""
    guards: dict[str, Guard] = {}

    def judge(presented: str, /, **options: Any) -> AccessToken:
        key = repr(options)
        if key not in guards:
            issuer = beyond_identity("t1", "r1", base_url=base_url, **options)
            guards[key] = Guard(audience=realm.audience, issuers=[issuer], http_client=client)
        request = Request(headers={"Authorization": f"Bearer {presented}"})
        return guards[key].authenticate(request)

    yield judge
    for guard in guards.values():
        guard.close()


Judge = Callable[..., AccessToken]


def jwt(realm: AuthorizationServer, application: str = "app-1", **options: Any) -> str:
    """A token as this vendor writes it: typ JWT, no client_id, the client in a path-like azp."""
    claims = {
        "client_id": realm.ABSENT,
        "azp": AZP + application,
        "bi_p": f"{AZP}{application}",
        **options.pop("claims", {}),
    }
    audience = options.pop("audience", [application, realm.audience])
    header = {"jku": "http://127.0.0.1:9/jwks.json", **options.pop("header", {})}
    return realm.jwt(
        application=application,
        typ="JWT",
        audience=audience,
        claims=claims,
        header=header,
        **options,
    )


# Against a realm


def test_each_application_is_verified_with_its_own_keys(
    realm: AuthorizationServer, judge: Judge
) -> None:
    for application in ("app-1", "app-2"):
        token = judge(jwt(realm, application, subject="alice"))
        assert token.issuer == realm.issuer_of(application)
        assert (token.subject, token.client_id) == ("alice", application)
        assert token.scopes == {"orders:read"}
        assert token.claims["bi_p"] == AZP + application
    assert realm.count("/jwks") == 2
    for application in ("app-1", "app-2"):
        assert judge(jwt(realm, application))
    assert realm.count("/jwks") == 2


def test_two_applications_with_the_same_key_id_are_not_confused(
    realm: AuthorizationServer, judge: Judge
) -> None:
    """Each application counts its keys from one: a kid says nothing outside of its issuer."""
    keys = {name: realm.signing_key(application=name) for name in ("same-1", "same-2")}
    from bearer_guard.testing.jws import public_jwk

    for name, key in keys.items():
        jwk = public_jwk(key.private_key, algorithm=key.algorithm, kid="1")
        realm.add_jwk(jwk, application=name)
    for name in keys:
        assert judge(jwt(realm, name, kid="1")).client_id == name
    for name, other in (("same-1", "same-2"), ("same-2", "same-1")):
        forged = jwt(realm, name, kid="1", key=keys[other].private_key)
        with pytest.raises(InvalidToken, match="signature_invalid"):
            judge(forged)
    assert realm.count("/jwks") == 2


def test_a_token_of_one_application_in_the_name_of_another_is_refused(
    realm: AuthorizationServer, judge: Judge
) -> None:
    claims = {"iss": realm.issuer_of("app-2")}
    realm.signing_key(application="app-2")
    with pytest.raises(InvalidToken, match=r"key_unknown|signature_invalid"):
        judge(jwt(realm, "app-1", claims=claims))


def test_the_client_is_the_last_part_of_azp(realm: AuthorizationServer, judge: Judge) -> None:
    for azp, client in (
        (f"{AZP}app-1", "app-1"),
        ("app-1", "app-1"),
        (f"{AZP}7a8cce58-fd16-0449", "7a8cce58-fd16-0449"),
        (f"{AZP}", ""),
        (realm.ABSENT, None),
        (["app-1"], None),
    ):
        assert judge(jwt(realm, claims={"azp": azp})).client_id == client


def test_a_client_id_beside_azp_is_not_the_client(realm: AuthorizationServer, judge: Judge) -> None:
    assert judge(jwt(realm, claims={"client_id": "other"})).client_id == "app-1"


def test_jku_is_ignored(realm: AuthorizationServer, judge: Judge, base_url: str) -> None:
    """The vendor's recipe checks its host, which all tenants share. Nobody is asked there."""
    stranger = AuthorizationServer(issuer_path=f"{REALM}/applications/{{application}}")
    with stranger:
        stranger.signing_key(application="app-1")
        for jku in (
            stranger.url("/jwks", application="app-1"),
            f"{base_url}/v1/tenants/evil/realms/r/applications/a/.well-known/jwks.json",
            "https://auth-us.beyondidentity.com/x",
            5,
            None,
        ):
            forged = jwt(realm, key=realm.foreign_key(), header={"jku": jku})
            with pytest.raises(InvalidToken, match="signature_invalid"):
                judge(forged)
            assert judge(jwt(realm, header={"jku": jku}))
        assert stranger.seen == []
    own = f"{REALM}/applications/app-1/.well-known/"
    assert {request.path for request in realm.seen} == {
        f"{own}openid-configuration",
        f"{own}jwks.json",
    }


def test_metadata_is_asked_for_where_the_vendor_has_it(
    realm: AuthorizationServer, judge: Judge
) -> None:
    judge(jwt(realm))
    paths = [request.path.removeprefix(f"{REALM}/applications/app-1") for request in realm.seen]
    assert paths == ["/.well-known/openid-configuration", "/.well-known/jwks.json"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/tenants/t2/realms/r1", "/v1/tenants/t1/realms/r2", "/v1/tenants/t1x/realms/r1",
        "/v1/tenants/T1/realms/r1", "/v1/tenants/t1/realms/r1/x", "/v2/tenants/t1/realms/r1",
        "/x/v1/tenants/t1/realms/r1",
    ],
)  # fmt: skip
def test_a_foreign_tenant_or_realm_is_refused_without_a_question(
    realm: AuthorizationServer, judge: Judge, base_url: str, path: str
) -> None:
    """Validly signed by its own keys, on the same host, for our audience, with our scopes."""
    issuer = f"{base_url}{path}/applications/app-1"
    with pytest.raises(InvalidToken, match="issuer_untrusted"):
        judge(jwt(realm, claims={"iss": issuer}))
    assert realm.seen == []


@pytest.mark.parametrize(
    "application",
    [
        "..",
        ".",
        "",
        "a/b",
        "a%2Fb",
        "a?b",
        "a#b",
        "a@b",
        "a\\b",
        "a b",
        "a\n",
        "é",
        "x" * 129,
        "a/",
    ],
)
def test_an_application_is_one_plain_segment(
    realm: AuthorizationServer, judge: Judge, application: str
) -> None:
    issuer = realm.issuer.replace("{application}", application)
    with pytest.raises(InvalidToken, match="issuer_untrusted"):
        judge(jwt(realm, claims={"iss": issuer}))
    assert realm.seen == []


def test_an_application_that_the_realm_does_not_know_is_refused(
    realm: AuthorizationServer, judge: Judge
) -> None:
    issuer = realm.issuer.replace("{application}", "nobody")
    with pytest.raises(InvalidToken, match="issuer_unknown"):
        judge(jwt(realm, claims={"iss": issuer}))


def test_only_the_named_applications_are_let_in(realm: AuthorizationServer, judge: Judge) -> None:
    for applications in (["app-1"], "app-1", ("app-1", "app-7")):
        assert judge(jwt(realm, "app-1"), applications=applications)
        for other in ("app-2", "app-11", "app"):
            with pytest.raises(InvalidToken, match="issuer_untrusted"):
                judge(jwt(realm, other), applications=applications)


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"bi_t": "t1", "bi_r": "r1"}, True),
        ({"bi_t": "t1", "bi_r": "*"}, True),
        ({"bi_t": "t1"}, True),
        ({}, True),
        ({"bi_t": "t2"}, False),
        ({"bi_t": "*"}, False),
        ({"bi_r": "r2"}, False),
        ({"bi_t": None}, False),
        ({"bi_t": ["t1"]}, False),
        ({"bi_r": ""}, False),
    ],
)
def test_tenant_and_realm_must_be_ours_where_they_are_named(
    realm: AuthorizationServer, judge: Judge, claims: dict[str, Any], good: bool
) -> None:
    token = jwt(realm, claims=claims)
    if good:
        assert judge(token)
    else:
        with pytest.raises(InvalidToken, match="claim_mismatch"):
            judge(token)


def test_the_client_in_aud_alone_is_no_audience_of_ours(
    realm: AuthorizationServer, judge: Judge
) -> None:
    with pytest.raises(InvalidToken, match="audience_mismatch"):
        judge(jwt(realm, audience=["app-1", "beyondidentity"]))


def test_an_id_token_of_the_same_keys_is_refused(realm: AuthorizationServer, judge: Judge) -> None:
    with pytest.raises(InvalidToken, match="id_token"):
        judge(realm.id_token(application="app-1", audience=realm.audience))


# Referential tokens

BASIC = {"client_id": "protected-resource", "client_secret": "a 100% odd:secret + more"}


@pytest.mark.parametrize("kind", ["opaque", "jwe"])
def test_a_referential_token_is_resolved_at_the_realm(
    realm: AuthorizationServer, judge: Judge, kind: str
) -> None:
    """By basic credentials or a bearer token; one endpoint for the tokens of all applications."""
    for credentials, scheme in (
        (BASIC, "Basic "),
        ({"token": realm.introspection_token}, "Bearer "),
        ({"token": lambda: realm.introspection_token}, "Bearer "),
    ):
        realm.reset_counts()
        for application in ("app-1", "app-2"):
            issue = getattr(realm, kind)
            claims = {"client_id": realm.ABSENT, "azp": AZP + application}
            token = judge(
                issue(application=application, subject="bob", claims=claims), **credentials
            )
            assert token.issuer == realm.issuer_of(application)
            assert (token.subject, token.client_id) == ("bob", application)
        assert [request.path for request in realm.seen] == [f"{REALM}/introspect"] * 2
        for request in realm.seen:
            assert request.headers["authorization"].startswith(scheme)
            assert request.form["token_type_hint"] == "access_token"
            assert {"client_id", "client_secret"}.isdisjoint(request.form)


def test_a_self_contained_token_is_not_introspected(
    realm: AuthorizationServer, judge: Judge
) -> None:
    assert judge(jwt(realm), token=realm.introspection_token)
    assert realm.count("/introspect") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://auth-us.beyondidentity.com/v1/tenants/t1/realms/r1/applications/app-1"},
        {"iss": "{base_url}/v1/tenants/t2/realms/r1/applications/app-1"},
        {"iss": "{base_url}/v1/tenants/t1/realms/r1/applications/a/b"},
        {"aud": ["app-1", "another API"]},
        {"bi_t": "t2"},
        {"token_type": "refresh_token"},
    ],
)
def test_an_answer_for_somebody_else_is_refused(
    realm: AuthorizationServer, judge: Judge, base_url: str, changes: dict[str, Any]
) -> None:
    token = realm.opaque(application="app-1")
    answer = {
        "active": True,
        "iss": realm.issuer_of("app-1"),
        "aud": ["app-1", realm.audience],
        "azp": AZP + "app-1",
        "exp": 4_000_000_000,
    }
    realm.introspection_answer(token, answer)
    assert judge(token, token=realm.introspection_token).client_id == "app-1"
    other = realm.opaque(application="app-1")
    told = json.loads(json.dumps({**answer, **changes}).replace("{base_url}", base_url))
    realm.introspection_answer(other, told)
    with pytest.raises(InvalidToken):
        judge(other, token=realm.introspection_token)


@pytest.mark.parametrize("kind", ["opaque", "jwe"])
def test_only_the_named_applications_referential_tokens_are_let_in(
    realm: AuthorizationServer, judge: Judge, kind: str
) -> None:
    """By ``iss``, which each answer in the vendor's documentation has. The bearer token resolves
    those of all applications, and an answer that does not say whose it is lets nobody in."""
    options = {"applications": ["app-1"], "token": realm.introspection_token}
    issue = getattr(realm, kind)
    assert judge(issue(application="app-1"), **options).issuer == realm.issuer_of("app-1")
    with pytest.raises(InvalidToken, match="issuer_untrusted"):
        judge(issue(application="app-2"), **options)
    for application in ("app-1", "app-2"):
        nameless = issue(application=application)
        answer = {
            "active": True,
            "aud": [application, realm.audience],
            "azp": AZP + application,
            "client_id": application,
            "exp": 4_000_000_000,
        }
        realm.introspection_answer(nameless, answer)
        with pytest.raises(InvalidToken, match="claim_missing"):
            judge(nameless, **options)
        assert judge(nameless, token=realm.introspection_token).client_id == application


def test_without_credentials_nothing_is_introspected(
    realm: AuthorizationServer, judge: Judge
) -> None:
    with pytest.raises(InvalidToken, match="token_not_self_contained"):
        judge(realm.opaque(application="app-1"))
    assert realm.seen == []


def test_credentials_that_the_realm_refuses_are_our_trouble_and_not_the_clients(
    realm: AuthorizationServer, judge: Judge
) -> None:
    for credentials in ({**BASIC, "client_secret": "wrong"}, {"token": "wrong"}):
        with pytest.raises(AuthorizationServerUnavailable, match="credentials_refused"):
            judge(realm.opaque(application="app-1"), **credentials)


# The settings that it makes


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ({}, "https://auth-us.beyondidentity.com"),
        ({"region": "us"}, "https://auth-us.beyondidentity.com"),
        ({"region": "eu"}, "https://auth-eu.beyondidentity.com"),
        ({"region": "us-gov"}, "https://auth.us1.beyondidentity-gov.com"),
        ({"base_url": "https://auth.example.com"}, "https://auth.example.com"),
        ({"base_url": "https://auth.example.com/"}, "https://auth.example.com"),
        ({"base_url": "https://auth.example.com/p", "region": "eu"}, "https://auth.example.com/p"),
    ],
)
def test_addresses_are_made_of_region_tenant_and_realm(options: dict[str, Any], host: str) -> None:
    within = f"{host}/v1/tenants/0001b18ee979ce2c/realms/{'f' * 16}"
    issuer = beyond_identity("0001b18ee979ce2c", "f" * 16, token="t0ken", **options)
    assert issuer == Issuer(
        f"{within}/applications/{{application}}",
        metadata_uri=f"{within}/applications/{{application}}/.well-known/openid-configuration",
        introspection=Introspection(f"{within}/introspect", token="t0ken"),
        client_id_claims=["azp"],
        client_id_form="last_path_segment",
        claims_if_present={"bi_t": ["0001b18ee979ce2c"], "bi_r": ["f" * 16, "*"]},
    )


def test_any_other_option_of_an_issuer_may_be_given() -> None:
    issuer = beyond_identity(
        "t", "r", leeway=5, audience="a", client_id_claims=["sub"], claims_if_present={}
    )
    assert (issuer.leeway, issuer.audience) == (5, ("a",))
    assert (issuer.client_id_claims, issuer.claims_if_present) == (("sub",), {})


_ID = "write the id, as in the console's address"
_PRINTABLE = 'must be a string of printable ASCII characters: write for example "0001b18ee979ce2c"'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            ({name: value}, f"{name} is {value!r}: {_ID}")
            for name in ("tenant", "realm")
            for value in ("t/1", "..", "-", "{x}", "t 1", "t1?", "t1#", "*", "a%2F")
        ),
        *(
            ({name: value}, f"{name} {_PRINTABLE}")
            for name in ("tenant", "realm")
            for value in ("", "é", 5, None)
        ),
        ({"region": "mars"}, "region is 'mars': write one of us, eu, us-gov"),
        ({"region": ""}, "region is '': write one of us, eu, us-gov"),
        ({"region": None}, "region is None: write one of us, eu, us-gov"),
        ({"region": ["us"]}, "region is ['us']: write one of us, eu, us-gov"),
        ({"base_url": 5}, "base_url must be an absolute URL: "),
        ({"base_url": ""}, "base_url must be an absolute URL: "),
        ({"base_url": "auth.example.com"}, "base_url must be an absolute URL: "),
        ({"base_url": "http://auth.example.com"}, "base_url is plain http, "),
        ({"base_url": "https://u:s3cret@auth.example.com"}, "base_url must be an absolute URL: "),
        ({"applications": 5}, "applications must be a list of strings: "),
        ({"applications": [5]}, "each of applications must be a string of printable ASCII "),
        ({"client_id": "a"}, "introspection needs this API's own credentials: "),
        ({"client_secret": "s3cret"}, "introspection needs this API's own credentials: "),
        ({"token": "t0ken", "client_id": "a"}, "introspection has both token and client_id "),
        ({"token": ""}, "token must be a string that is not empty"),
        ({"leeway": 301}, "leeway must be a number of seconds from 0 to 300"),
        ({"algorithms": "none"}, "algorithms names none: "),
    ],
)
def test_a_wrong_option_is_answered_with_its_sentence(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        beyond_identity(**{"tenant": "t1", "realm": "r1", **options})
    assert str(refused.value).startswith(message)
    assert "s3cret" not in str(refused.value)
