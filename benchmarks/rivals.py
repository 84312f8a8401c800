"""Other libraries' checks of the same token, as their own documentation writes them.

Each gets the token already taken out of the request, and a fetched key set: less than a guard
does. Claims are checked by all: issuer, audience, lifetime, with the same leeway.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.material import AUDIENCE, LONG_LIVED, SignedWith

if TYPE_CHECKING:
    from collections.abc import Callable

    from bearer_guard.testing import AuthorizationServer

_LEEWAY = 60


def pyjwt_prepared(issuer: str, key: SignedWith) -> Callable[[str], object]:
    """PyJWT's ``decode`` with a key at hand: no ``kid``, no key set, one algorithm."""
    return partial(
        jwt.decode,
        key=key.public_key,
        algorithms=[key.algorithm],
        audience=AUDIENCE,
        issuer=issuer,
        leeway=_LEEWAY,
    )


def pyjwk_client(running: AuthorizationServer) -> Callable[[str], object]:
    """``PyJWKClient`` and ``decode``, as PyJWT's page of usage examples writes it.

    The key set is kept all through the measurement (its default is five minutes).
    """
    client = jwt.PyJWKClient(running.url("/jwks"), lifespan=LONG_LIVED)
    return partial(checked_by_hand, client, running.issuer)


def checked_by_hand(client: jwt.PyJWKClient, issuer: str, token: str) -> object:
    """One check with a client that all requests share."""
    return jwt.decode(
        token,
        client.get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        audience=AUDIENCE,
        issuer=issuer,
        leeway=_LEEWAY,
    )


def joserfc(issuer: str, key: SignedWith) -> Callable[[str], object]:
    """joserfc's ``decode`` and claims registry with a key at hand."""
    from joserfc import jwt as jose
    from joserfc.jwk import RSAKey

    pem = key.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = RSAKey.import_key(pem)
    registry = jose.JWTClaimsRegistry(
        leeway=_LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
    )

    def check(token: str) -> object:
        decoded = jose.decode(token, own, algorithms=[key.algorithm])
        registry.validate(decoded.claims)
        return decoded

    return check
