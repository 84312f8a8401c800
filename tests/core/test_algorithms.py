"""Which key verifies which algorithm (RFC 7518, RFC 8037, RFC 9864)."""

from __future__ import annotations

import pytest
from jwt.exceptions import InvalidKeyError

from bearer_guard._core import algorithms
from bearer_guard.settings.issuer import ALGORITHMS
from core.making import KIND, jwk, key_set, private_key, signature

MESSAGE = b"header.payload"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_that_can_be_allowed_verifies(algorithm: str) -> None:
    """AT-13, J64-01: the settings name nothing that the core cannot check."""
    (key,) = key_set(jwk(KIND[algorithm])).keys
    good = signature(MESSAGE, algorithm=algorithm)
    assert key.verifies(algorithm, MESSAGE, good)
    assert not key.verifies(algorithm, MESSAGE + b"x", good)
    for at in (0, len(good) // 2, len(good) - 1):
        flipped = good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :]
        assert not key.verifies(algorithm, MESSAGE, flipped)
    for odd in (b"", good[:-1], good + b"\x00", bytes(len(good)), b"\x00" * 5000):
        assert not key.verifies(algorithm, MESSAGE, odd)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key_of_the_same_kind_verifies_nothing(algorithm: str) -> None:
    (key,) = key_set(jwk(KIND[algorithm], number=1)).keys
    assert not key.verifies(algorithm, MESSAGE, signature(MESSAGE, algorithm=algorithm))


def test_the_tables_hold_every_asymmetric_algorithm_and_no_other() -> None:
    """J18-05, BCP-01, RFC 8725 section 3.1: no HMAC, no ``none``, under any name."""
    by_curve = frozenset().union(*algorithms.BY_CURVE.values())
    assert algorithms.RSA | by_curve == set(ALGORITHMS)
    assert not algorithms.RSA & by_curve


def test_a_der_encoded_ecdsa_signature_is_refused() -> None:
    """J18-03, RFC 7518 section 3.4: R and S of fixed length, nothing else."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    der = private_key("p256").sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    (key,) = key_set(jwk("p256")).keys
    assert not key.verifies("ES256", MESSAGE, der)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512"])
def test_an_ecdsa_signature_has_one_spelling(algorithm: str) -> None:
    """J18-03: a nought before R or S changes no number, and would make a second signature."""
    (key,) = key_set(jwk(KIND[algorithm])).keys
    good = signature(MESSAGE, algorithm=algorithm)
    half = len(good) // 2
    r, s = good[:half], good[half:]
    for padded in (r + b"\0" + s, b"\0" + r + s, b"\0" + r + b"\0" + s, r + bytes(half) + s):
        assert not key.verifies(algorithm, MESSAGE, padded)


@pytest.mark.parametrize("salt", [0, 20, 64])
def test_a_pss_salt_of_another_length_is_refused(salt: int) -> None:
    """J18-07, RFC 7518 section 3.5: as long as the hash."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    odd = private_key("rsa").sign(MESSAGE, pss, hashes.SHA256())
    (key,) = key_set(jwk("rsa")).keys
    assert not key.verifies("PS256", MESSAGE, odd)


def test_a_key_of_a_named_curve_serves_the_old_name_and_the_new() -> None:
    """J64-01, RFC 9864 section 2.2: ``EdDSA`` says no curve, ``Ed25519`` and ``Ed448`` do."""
    for curve in ("Ed25519", "Ed448"):
        (key,) = key_set(jwk(curve.lower())).keys
        made = signature(MESSAGE, algorithm=curve)
        assert key.verifies(curve, MESSAGE, made)
        assert key.verifies("EdDSA", MESSAGE, made)
        assert key.algorithms == {curve, "EdDSA"}


@pytest.mark.parametrize(
    ("algorithm", "material"),
    [
        ("RS256", {"kty": "RSA", "n": "AQAB", "e": "AQ"}),
        ("RS256", {"kty": "RSA", "n": "", "e": ""}),
        ("RS256", {"kty": "EC", "n": "AQAB", "e": "AQAB"}),
        ("RS256", {"kty": "RSA"}),
        ("RS256", {"kty": "RSA", "n": 5, "e": "AQAB"}),
        ("ES256", {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}),
        ("ES256", {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}),
        ("ES256", {"kty": "EC", "crv": "P-257", "x": "A" * 43, "y": "A" * 43}),
        ("Ed25519", {"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
        ("Ed25519", {"kty": "OKP", "crv": "X25519", "x": "A" * 43}),
    ],
)
def test_what_is_no_key_is_a_value_error(algorithm: str, material: dict[str, object]) -> None:
    """J18-08: whatever PyJWT or the cryptography library raises."""
    with pytest.raises(ValueError):
        algorithms.public_key(algorithm, material)


def test_pyjwts_own_exceptions_do_not_get_out() -> None:
    assert not issubclass(InvalidKeyError, ValueError)
    with pytest.raises(ValueError, match="not a key") as refused:
        algorithms.public_key("ES256", {"kty": "EC", "crv": "P-256"})
    assert isinstance(refused.value.__cause__, InvalidKeyError)
