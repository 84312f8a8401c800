"""The tokens that the server hands out, and the keys that it signs them with."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from bearer_guard.testing.claims import Grant, id_token_claims, merged
from bearer_guard.testing.keys import SigningKey
from bearer_guard.testing.sentinels import ABSENT, CURRENT, Sentinel
from bearer_guard.testing.state import State

if TYPE_CHECKING:
    from bearer_guard.testing.jws import PrivateKey


class Issuing:
    """Issue tokens, good ones and bad ones.

    Every token method takes the keyword arguments of ``Grant``: ``audience``, ``scope``,
    ``subject``, ``client_id``, ``expires_in``, ``claims`` and ``application``.
    """

    ABSENT = ABSENT
    _state: State

    def jwt(
        self,
        *,
        algorithm: str | None = None,
        typ: str | None = "at+jwt",
        kid: str | Sentinel | None = CURRENT,
        header: Mapping[str, object] | bytes | None = None,
        payload: bytes | None = None,
        key: PrivateKey | None = None,
        **grant: Unpack[Grant],
    ) -> str:
        """Return a signed access token with all the claims of RFC 9068 section 2.2.

        *algorithm* is one of RS/PS/ES256, 384, 512 and EdDSA (default: the server's first).
        ``None`` for *typ* or *kid* leaves the parameter out. *header* is merged over the JOSE
        header; as bytes it replaces it. *payload* replaces the claims set with these very bytes.
        A foreign *key* signs in place of the server's, which then never heard of the token.
        """
        claims = self._state.claims(grant)
        named: dict[str, object] = {"typ": ABSENT if typ is None else typ}
        if kid is not CURRENT:
            named["kid"] = ABSENT if kid is None else kid
        signing_key = self._signing_key(algorithm, key, grant.get("application"))
        signed = json.dumps(claims).encode() if payload is None else payload
        token = self._sign(signed, signing_key, named, header)
        if key is None and payload is None:
            self._state.ledger.enter(token, claims)
        return token

    def id_token(
        self,
        *,
        nonce: str = "n-0S6_WzA2Mj",
        access_token: str | None = None,
        algorithm: str | None = None,
        **grant: Unpack[Grant],
    ) -> str:
        """Return an id token (OpenID Connect Core 1.0 section 2), which is no access token.

        Its ``at_hash`` is that of *access_token*. Introspection calls it inactive.
        """
        from bearer_guard.testing.jws import token_hash

        algorithm = algorithm or self._state.algorithms[0]
        claims = id_token_claims(
            grant,
            issuer=self._state.addresses.issuer_of(grant.get("application")),
            nonce=nonce,
            at_hash=token_hash(access_token or secrets.token_urlsafe(32), algorithm=algorithm),
            now=self._state.clock(),
        )
        key = self.signing_key(algorithm, application=grant.get("application"))
        return self._sign(json.dumps(claims).encode(), key, {"typ": "JWT"})

    def opaque(self, **grant: Unpack[Grant]) -> str:
        """Return an access token that says nothing by itself: introspection knows its claims."""
        token = secrets.token_urlsafe(32)
        self._state.ledger.enter(token, self._state.claims(grant))
        return token

    def jwe(self, **grant: Unpack[Grant]) -> str:
        """Return an access token that looks like a JWE (RFC 7516 section 7.1) for the server alone.

        Only its header is real; the other four parts are random bytes of the usual lengths.
        """
        header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": "enc-1"}
        sizes = {"encrypted key": 256, "iv": 12, "ciphertext": 420, "tag": 16}
        parts = [json.dumps(header).encode(), *(secrets.token_bytes(n) for n in sizes.values())]
        token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        self._state.ledger.enter(token, self._state.claims(grant))
        return token

    def refresh_token(self, **grant: Unpack[Grant]) -> str:
        """Return a refresh token, which introspection calls active, as real servers do."""
        token = secrets.token_urlsafe(48)
        self._state.ledger.enter(token, self._state.claims(grant), token_type="refresh_token")  # noqa: S106
        return token

    def tampered(self, token: str) -> str:
        """Return *token*, a JWS, with one bit of its signature turned over; still base64url.

        A token without a signature is a ``ValueError``.
        """
        signed, _, signature = token.rpartition(".")
        if token.count(".") != 2 or not signature:
            raise ValueError("only a JWS, with three parts, has a signature to tamper with")
        raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
        raw[len(raw) // 2] ^= 1
        return f"{signed}.{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"

    def revoke(self, token: str) -> None:
        """Make *token* inactive at introspection; whoever looks at signatures alone lets it in."""
        self._state.ledger.revoke(token)

    def introspection_answer(self, token: str, answer: Mapping[str, Any] | bytes | None) -> None:
        """Answer introspection of *token* with *answer*; ``None`` goes back to the truth."""
        self._state.ledger.order(token, answer)

    def signing_key(
        self, algorithm: str | None = None, *, application: str | None = None
    ) -> SigningKey:
        """Return the key that signs with *algorithm* (default: the server's first) now."""
        keys = self._state.keys_of(application)
        return keys.current(algorithm or self._state.algorithms[0])

    @staticmethod
    def foreign_key(algorithm: str = "RS256") -> PrivateKey:
        """Return a new private key that no server publishes."""
        from bearer_guard.testing.jws import new_private_key

        return new_private_key(algorithm)

    def rotate_keys(self, *, keep_old: bool = False) -> None:
        """Sign with new keys from now on; publish the old ones no more unless *keep_old*."""
        with self._state.lock:
            for keys in self._state.keys.values():
                keys.rotate(keep_old=keep_old)

    def withdraw(self, kid: str) -> None:
        """Publish no key named *kid* any more; unknown, it is a ``ValueError``.

        A current key goes on signing, so that its tokens can be seen to be refused.
        """
        with self._state.lock:
            withdrawn = [keys.withdraw(kid) for keys in self._state.keys.values()]
            if not any(withdrawn):
                raise ValueError(f"no published key is named {kid!r}")

    def add_jwk(self, jwk: Mapping[str, Any], *, application: str | None = None) -> None:
        """Publish *jwk* as well, however odd it is (RFC 7517 section 4)."""
        self._state.keys_of(application).add(jwk)

    def _signing_key(
        self, algorithm: str | None, foreign: PrivateKey | None, application: str | None
    ) -> SigningKey:
        """Return the key to sign with; a foreign one under the name of the server's own."""
        from bearer_guard.testing.jws import ALGORITHMS

        if foreign is None:
            return self.signing_key(algorithm, application=application)
        own = self.signing_key(
            algorithm if algorithm in ALGORITHMS else None, application=application
        )
        return SigningKey(own.kid, algorithm or own.algorithm, foreign)

    def _sign(
        self,
        payload: bytes,
        key: SigningKey,
        named: Mapping[str, object],
        header: Mapping[str, object] | bytes | None = None,
    ) -> str:
        from bearer_guard.testing.jws import compact_jws

        if not isinstance(header, bytes):
            changes = {**named, **(header or {})}
            header = json.dumps(merged({"alg": key.algorithm, "kid": key.kid}, changes)).encode()
        return compact_jws(header, payload, algorithm=key.algorithm, key=key.private_key)
