"""An issuer's public keys (RFC 7517), as an immutable value.

What cannot be used is left out and remembered by its key id, so that the rest serves
(RFC 7517 section 5) and a token that names it is told so. A symmetric or private key that
an issuer publishes by mistake is never used: whoever read the set could sign with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

from bearer_guard._core import algorithms, roca, signatures, strict_json

MAX_TRIES: Final = 16
"""How many keys one token may be tried against, where its ``kid`` does not say which."""

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MATERIAL: Final = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
_MAX_EXPONENT: Final = 64
"""Bits of an RSA exponent: a longer one makes each verification many times as costly."""

_MAX_MEMBER: Final = 2732
"""Characters of a key's member: 16,384 bits of modulus, the most that OpenSSL takes."""


class VerificationKey:
    """A public key and the algorithms that it may verify. Compared by identity."""

    __slots__ = ("algorithms", "fingerprint", "key", "kid")

    def __init__(self, kid: str | None, fits: frozenset[str], key: Any, fingerprint: bytes) -> None:
        self.kid = kid
        self.algorithms = fits
        self.key = key
        self.fingerprint = fingerprint

    def verifies(self, algorithm: str, signing_input: bytes, signature: bytes) -> bool:
        """RFC 7515 section 5.2 step 8."""
        return signatures.verification(algorithm)(self.key, signing_input, signature)


class KeySet:
    """The usable keys of one issuer, and the key ids of the others."""

    __slots__ = ("_by_kid", "_in_order", "_without_kid", "keys", "unfit")

    def __init__(self, keys: tuple[VerificationKey, ...], unfit: frozenset[str]) -> None:
        self.keys = frozenset(keys)
        self.unfit = unfit
        by_kid: dict[str, tuple[VerificationKey, ...]] = {}
        for key in keys:
            if key.kid is not None:
                by_kid[key.kid] = (*by_kid.get(key.kid, ()), key)
        self._by_kid = by_kid
        self._without_kid = tuple(key for key in keys if key.kid is None)
        self._in_order = keys

    def knows(self, kid: str) -> bool:
        """Whether the issuer publishes a key under this id, usable or not."""
        return kid in self._by_kid or kid in self.unfit

    def candidates(self, kid: str | None) -> Iterable[VerificationKey]:
        """The keys that may have signed a token with this ``kid``, as far as their id tells.

        ``kid`` is a case-sensitive hint (RFC 7515 section 4.1.4): where keys have that id,
        they alone are tried, all of them when two share it; where none has, keys without an
        id are. A token without ``kid`` may have been signed by any key.
        """
        if kid is None:
            return self._in_order
        return self._by_kid.get(kid, self._without_kid)


def read_key_set(octets: bytes, previous: KeySet | None) -> KeySet:
    """The keys of a JWK Set document (RFC 7517 section 5).

    Keys that ``previous`` holds already are taken over as they are, so what was verified
    with them stays so. Raises ``ValueError`` when the document is no key set or an empty one.
    """
    document = strict_json.read_document(octets)
    entries = document.get("keys")
    if not isinstance(entries, list) or not entries:
        raise ValueError("no list of keys")
    known = {key.fingerprint: key for key in previous.keys} if previous else {}
    keys: dict[bytes, VerificationKey] = {}
    unfit: set[str] = set()
    for entry in entries:
        try:
            fingerprint = _fingerprint(entry)
            keys[fingerprint] = known.get(fingerprint) or _read_key(entry, fingerprint)
        except ValueError:
            if isinstance(entry, dict) and isinstance(entry.get("kid"), str):
                unfit.add(entry["kid"])
    return KeySet(tuple(keys.values()), frozenset(unfit - {key.kid for key in keys.values()}))


def _fingerprint(entry: object) -> bytes:
    if type(entry) is not dict:
        # Not an object, or one with a member twice: two readers would see two keys.
        raise ValueError("no certain JWK")
    return blake2b(json.dumps(entry, sort_keys=True).encode(), digest_size=16).digest()


def _read_key(entry: dict[str, Any], fingerprint: bytes) -> VerificationKey:
    """Raises ``ValueError`` when the JWK is not a public key for signatures that we check."""
    # Some servers write every member there is, and null for those that a key has not.
    jwk = {name: value for name, value in entry.items() if value is not None}
    kid = jwk.get("kid")
    if not isinstance(kid, str | None):
        raise ValueError("kid is no string")
    if not _PRIVATE.isdisjoint(jwk):
        raise ValueError("a private or symmetric key")
    _check_purpose(jwk)
    fits = _fitting_algorithms(jwk)
    key = algorithms.public_key(min(fits), _material(jwk))
    if jwk["kty"] == "RSA":
        _check_strength(key)
    return VerificationKey(kid, fits, key, fingerprint)


def _check_purpose(jwk: Mapping[str, Any]) -> None:
    """RFC 7517 sections 4.2 and 4.3: both, where given, must allow verification."""
    if jwk.get("use", "sig") != "sig":
        raise ValueError("not for signatures")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("not for verification")


def _fitting_algorithms(jwk: Mapping[str, Any]) -> frozenset[str]:
    """RFC 7517 section 4.4: ``alg`` ties a key to one algorithm, its type and curve to a few."""
    kty, crv, alg = jwk.get("kty"), jwk.get("crv", ""), jwk.get("alg")
    if not isinstance(kty, str) or not isinstance(crv, str):
        raise ValueError("no certain type")
    fits = algorithms.RSA if kty == "RSA" else algorithms.BY_CURVE.get((kty, crv))
    if fits is None:
        raise ValueError("no supported type")
    if alg is None:
        return fits
    if not isinstance(alg, str) or alg not in fits:
        raise ValueError("for another algorithm")
    return _ONLY.get(alg, fits)


_ONLY: Final = {name: frozenset({name}) for name in algorithms.RSA}


def _material(jwk: Mapping[str, Any]) -> dict[str, str]:
    """What defines the key (RFC 7638 section 3.2), without what merely describes it."""
    material = {name: jwk.get(name) for name in (*_MATERIAL[jwk["kty"]], "kty", "crv")}
    if jwk["kty"] == "RSA":
        del material["crv"]
    found = {name: value for name, value in material.items() if isinstance(value, str)}
    if len(found) != len(material):
        raise ValueError("a member is missing")
    if any(len(value) > _MAX_MEMBER for value in found.values()):
        raise ValueError("a member too long")
    # RFC 7518 section 2 has no padding; an issuer that writes it means the same number.
    return {name: value.rstrip("=") for name, value in found.items()}


def _check_strength(key: Any) -> None:
    if key.key_size < algorithms.MIN_RSA_BITS:
        raise ValueError("a weak key")
    numbers = key.public_numbers()
    if numbers.e.bit_length() > _MAX_EXPONENT:
        raise ValueError("an exponent too large")
    if roca.is_breakable(numbers.n):
        raise ValueError("a breakable key")
