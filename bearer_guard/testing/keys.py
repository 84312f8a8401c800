"""An issuer's signing keys, and which of them it publishes."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bearer_guard.testing.jws import PrivateKey


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair, as its issuer knows it."""

    kid: str
    """The key id, never used twice."""
    algorithm: str
    """The one algorithm that the key signs with (RFC 7518 section 3.1)."""
    private_key: PrivateKey
    """The ``cryptography`` key object."""


class SigningKeys:
    """The signing keys of one issuer: one current key for an algorithm, made when first needed."""

    def __init__(self, lock: threading.RLock, algorithms: Sequence[str]) -> None:
        """Have keys for *algorithms* published from the start; for others from first use on."""
        self._lock = lock
        self._algorithms = tuple(algorithms)
        self._current: dict[str, SigningKey] = {}
        self._published: list[dict[str, Any]] = []
        self._added: list[Mapping[str, Any]] = []

    def current(self, algorithm: str) -> SigningKey:
        """Return the key that signs with *algorithm* now."""
        with self._lock:
            if algorithm not in self._current:
                self._make(algorithm)
            return self._current[algorithm]

    def rotate(self, *, keep_old: bool) -> None:
        """Make new keys for every algorithm in use; unpublish the old ones unless *keep_old*."""
        with self._lock:
            if not keep_old:
                self._published.clear()
            for algorithm in tuple(self._current):
                self._make(algorithm)

    def withdraw(self, kid: str) -> bool:
        """Publish no key named *kid* any more, and say whether there was one.

        If it is a current key, it goes on signing.
        """
        with self._lock:
            before = len(self._published) + len(self._added)
            self._published = [jwk for jwk in self._published if jwk.get("kid") != kid]
            self._added = [jwk for jwk in self._added if jwk.get("kid") != kid]
            return len(self._published) + len(self._added) < before

    def add(self, jwk: Mapping[str, Any]) -> None:
        """Publish *jwk* as well, however odd it is, until it is withdrawn."""
        with self._lock:
            self._added.append(dict(jwk))

    def jwks(self) -> dict[str, Any]:
        """Return the published key set (RFC 7517 section 5)."""
        with self._lock:
            for algorithm in self._algorithms:
                self.current(algorithm)
            return {"keys": [*self._published, *self._added]}

    def _make(self, algorithm: str) -> None:
        from bearer_guard.testing.jws import new_private_key, public_jwk

        kid = f"{algorithm}-{secrets.token_hex(4)}"
        key = SigningKey(kid, algorithm, new_private_key(algorithm))
        self._current[algorithm] = key
        self._published.append(public_jwk(key.private_key, algorithm=algorithm, kid=kid))
