"""Tokens and what checks them: the same bytes for every contestant."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from bearer_guard import Guard, Issuer, Request
from bearer_guard.testing import AuthorizationServer
from bearer_guard.testing.jws import public_jwk

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

AUDIENCE = "https://api.example.com"
SIZE = 757
"""Octets of the usual token: a 2048 bit signature, a short header, a dozen claims."""
LARGE = 3900
"""Octets of a token with a list of groups in it."""
LONG_LIVED = 24 * 3600
"""No benchmark outlives its tokens."""


@dataclass(frozen=True, slots=True)
class SignedWith:
    """How a token was signed, and how ``cryptography`` alone would verify it."""

    algorithm: str
    kid: str
    public_key: Any

    def bare(self) -> Callable[..., object]:
        """The verification and nothing else: no decoding, no loop, no claims."""
        verify: Callable[..., object] = self.public_key.verify
        return verify

    def bare_arguments(self, token: str) -> tuple[Any, ...]:
        """All that ``bare()`` is called with, prepared: whatever can be done ahead, is."""
        signing_input, _, encoded = token.rpartition(".")
        signature = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        message = signing_input.encode()
        if isinstance(self.public_key, ed25519.Ed25519PublicKey):
            return signature, message
        if isinstance(self.public_key, ec.EllipticCurvePublicKey):
            half = len(signature) // 2
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            return encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256())
        return signature, message, padding.PKCS1v15(), hashes.SHA256()


@contextmanager
def server() -> Generator[AuthorizationServer]:
    """An authorization server on a loopback socket, in this process."""
    with AuthorizationServer(algorithms=("RS256", "ES256", "EdDSA"), audience=AUDIENCE) as running:
        yield running


def signed_with(running: AuthorizationServer, algorithm: str) -> SignedWith:
    """The key with which the server signs by ``algorithm``; ``RS256-3072`` is a longer one."""
    if algorithm == "RS256-3072":
        return _long_rsa(running)
    key = running.signing_key(algorithm)
    if isinstance(key.private_key, bytes):
        raise TypeError("no symmetric keys here")
    return SignedWith(algorithm, key.kid, key.private_key.public_key())


_LONG_RSA_KID = "RS256-3072bits"


@cache
def _long_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 3072)


def _long_rsa(running: AuthorizationServer) -> SignedWith:
    key = _long_rsa_key()
    running.add_jwk(public_jwk(key, algorithm="RS256", kid=_LONG_RSA_KID))
    return SignedWith("RS256-3072", _LONG_RSA_KID, key.public_key())


def token(running: AuthorizationServer, algorithm: str = "RS256", size: int = SIZE) -> str:
    """A new token of as near to ``size`` octets as base64url allows."""
    return tokens(running, 1, algorithm, size)[0]


def tokens(
    running: AuthorizationServer, count: int, algorithm: str = "RS256", size: int = SIZE
) -> list[str]:
    """So many different ones. Their claims are those of RFC 9068, and groups up to ``size``.

    Each has its own subject and ``jti``; groups and scope are the same in all.
    """

    def signed(groups: list[str]) -> str:
        return running.jwt(
            **signing,
            subject=f"user-{secrets.token_hex(4)}",
            expires_in=LONG_LIVED,
            claims={"groups": groups},
        )

    signing: Any = {"algorithm": algorithm}
    if algorithm == "RS256-3072":
        signing = {"algorithm": "RS256", "key": _long_rsa_key(), "kid": _LONG_RSA_KID}
    missing = (size - len(signed([]))) * 3 // 4
    # Each group is its text and quotation marks; between two stand a comma and a space.
    whole, rest = divmod(missing - 2, _GROUP + 4)
    groups = [*["g" * _GROUP] * whole, "g" * rest]
    return [signed(groups) for _ in range(count)]


_GROUP = 20


def guard(running: AuthorizationServer, **options: Any) -> Guard:
    """A guard as users make it."""
    return Guard(audience=AUDIENCE, issuers=[Issuer(running.issuer)], **options)


def request(bearer: str) -> Request:
    """What a small client sends."""
    return Request(
        "GET",
        "/orders",
        headers=[
            ("Host", "api.example.com"),
            ("User-Agent", "benchmark/1"),
            ("Accept", "*/*"),
            ("Authorization", f"Bearer {bearer}"),
        ],
    )


def is_first_sight(guarded: Guard, requests: Sequence[Request]) -> bool:
    """Whether the guard has forgotten the first of ``requests`` when they come round again.

    A token that was remembered comes back as the very same ``AccessToken``.
    """
    before = guarded.authenticate(requests[0])
    for each in requests[1:]:
        guarded.authenticate(each)
    return guarded.authenticate(requests[0]) is not before
