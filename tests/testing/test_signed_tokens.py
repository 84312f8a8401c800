"""Self-contained tokens, checked with PyJWT against the key set on the wire."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from bearer_guard.testing import AuthorizationServer
from bearer_guard.testing.jws import public_jwk

ALGORITHMS = (
    "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split()  # noqa: SIM905
)


def payload(token: str) -> Any:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_token_has_the_whole_of_rfc_9068_by_default(
    server: AuthorizationServer, verify: Callable[..., Any]
) -> None:
    before = int(time.time())
    token = server.jwt()
    claims = verify(token)
    assert jwt.get_unverified_header(token) == {
        "alg": "RS256",
        "kid": server.signing_key().kid,
        "typ": "at+jwt",
    }
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"}
    assert claims["iss"] == server.issuer
    assert claims["exp"] - claims["iat"] == 300
    assert before <= claims["iat"] <= time.time()


def test_each_token_has_its_own_jti(server: AuthorizationServer) -> None:
    assert len({payload(server.jwt())["jti"] for _ in range(20)}) == 20


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_verifies_under_the_key_published_for_it(
    server: AuthorizationServer, verify: Callable[..., Any], algorithm: str
) -> None:
    token = server.jwt(algorithm=algorithm)
    assert verify(token)["sub"] == "user-1"
    assert jwt.get_unverified_header(token)["alg"] == algorithm


def test_the_grant_is_what_the_token_says(
    server: AuthorizationServer, verify: Callable[..., Any]
) -> None:
    token = server.jwt(
        audience=["https://a.example", "https://b.example"],
        scope=["orders:read", "orders:write"],
        subject="alice",
        client_id="shop",
        expires_in=30,
        claims={"roles": ["admin"], "jti": server.ABSENT},
    )
    claims = verify(token, audience="https://b.example")
    assert claims.pop("exp") - claims.pop("iat") == 30
    assert claims == {
        "iss": server.issuer,
        "sub": "alice",
        "aud": ["https://a.example", "https://b.example"],
        "client_id": "shop",
        "scope": "orders:read orders:write",
        "roles": ["admin"],
    }


def test_a_negative_lifetime_makes_an_expired_token(
    server: AuthorizationServer, verify: Callable[..., Any]
) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        verify(server.jwt(expires_in=-1))


def test_typ_and_kid_can_be_left_out_or_named(server: AuthorizationServer) -> None:
    header = jwt.get_unverified_header
    assert header(server.jwt(typ=None, kid=None)) == {"alg": "RS256"}
    assert header(server.jwt(typ="JWT", kid="k"))["typ"] == "JWT"
    assert header(server.jwt(kid="k"))["kid"] == "k"


def test_header_parameters_go_over_the_defaults(server: AuthorizationServer) -> None:
    token = server.jwt(header={"jku": "https://evil.example", "typ": server.ABSENT, "alg": "none"})
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {
        "alg": "none",
        "kid": server.signing_key().kid,
        "jku": "https://evil.example",
    }


def test_a_header_or_a_payload_in_bytes_is_signed_as_it_is(server: AuthorizationServer) -> None:
    key = server.signing_key()
    odd = b'{"sub":"a","sub":"b"}'
    raw_header = b'{"alg":"RS256","alg":"RS256"}'
    token = server.jwt(header=raw_header, payload=odd)
    decoded = [base64.urlsafe_b64decode(part + "==") for part in token.split(".")]
    assert decoded[:2] == [raw_header, odd]
    algorithm = jwt.get_algorithm_by_name("RS256")
    public: Any = key.private_key
    assert algorithm.verify(token.rpartition(".")[0].encode(), public.public_key(), decoded[2])


def test_a_foreign_key_signs_under_the_name_of_the_servers_key(
    server: AuthorizationServer, verify: Callable[..., Any]
) -> None:
    token = server.jwt(algorithm="ES256", key=server.foreign_key("ES256"))
    assert jwt.get_unverified_header(token)["kid"] == server.signing_key("ES256").kid
    with pytest.raises(jwt.InvalidSignatureError):
        verify(token)
    assert jwt.get_unverified_header(server.jwt(key=server.foreign_key()))["alg"] == "RS256"


def test_an_hmac_or_no_signature_at_all_can_be_had_for_tests_of_confusion(
    server: AuthorizationServer,
) -> None:
    secret = b"a public key that is taken for a secret"
    token = server.jwt(algorithm="HS256", key=secret)
    claims = jwt.decode(token, secret, algorithms=["HS256"], audience=server.audience)
    assert claims["iss"] == server.issuer
    assert jwt.get_unverified_header(token)["kid"] == server.signing_key().kid
    assert server.jwt(algorithm="none", key=b"").endswith(".")


def test_an_unknown_algorithm_is_refused_with_those_that_exist(
    server: AuthorizationServer,
) -> None:
    with pytest.raises(ValueError, match=r"no keys for 'RS1': choose from RS256, .*EdDSA"):
        server.jwt(algorithm="RS1")
    with pytest.raises(TypeError, match="no public half"):
        public_jwk(b"secret", algorithm="HS256", kid="k")


@pytest.mark.parametrize("algorithm", ["RS256", "ES512", "EdDSA"])
def test_a_tampered_token_differs_in_one_bit_of_its_signature(
    server: AuthorizationServer, verify: Callable[..., Any], algorithm: str
) -> None:
    token = server.jwt(algorithm=algorithm)
    tampered = server.tampered(token)
    good, bad = (base64.urlsafe_b64decode(t.split(".")[2] + "==") for t in (token, tampered))
    difference = int.from_bytes(good, "big") ^ int.from_bytes(bad, "big")
    assert (difference.bit_count(), len(good)) == (1, len(bad))
    assert token.rpartition(".")[0] == tampered.rpartition(".")[0]
    with pytest.raises(jwt.InvalidSignatureError):
        verify(tampered)


def test_only_a_signature_can_be_tampered_with(server: AuthorizationServer) -> None:
    for token in (server.opaque(), server.jwe(), server.jwt(algorithm="none", key=b"")):
        with pytest.raises(ValueError, match="has a signature"):
            server.tampered(token)


def test_an_id_token_is_for_its_client_and_carries_nonce_and_at_hash(
    server: AuthorizationServer, verify: Callable[..., Any]
) -> None:
    token = server.id_token(access_token="an access token", nonce="n-1", subject="alice")
    claims = verify(token, audience="client-1")
    assert jwt.get_unverified_header(token)["typ"] == "JWT"
    assert (claims["nonce"], claims["azp"], claims["sub"]) == ("n-1", "client-1", "alice")
    half = hashlib.sha256(b"an access token").digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert not {"scope", "client_id"} & set(claims)


@pytest.mark.parametrize(("algorithm", "size"), [("ES384", 24), ("PS512", 32), ("EdDSA", 32)])
def test_at_hash_is_half_of_the_hash_that_goes_with_the_algorithm(
    server: AuthorizationServer, algorithm: str, size: int
) -> None:
    claims = payload(server.id_token(algorithm=algorithm))
    assert len(base64.urlsafe_b64decode(claims["at_hash"] + "==")) == size


def test_an_id_tokens_further_audiences_come_after_the_client(
    server: AuthorizationServer,
) -> None:
    one = payload(server.id_token(client_id="shop", audience="https://api.example.com"))
    two = payload(server.id_token(client_id="shop", audience=["a", "b"], claims={"nonce": None}))
    assert one["aud"] == ["shop", "https://api.example.com"]
    assert (two["aud"], two["nonce"]) == (["shop", "a", "b"], None)
