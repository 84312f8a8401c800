"""The authorization servers as the soak sees them: what they publish, since when, and whether they
are up. All that is judged later is written down here, by the clock of this process."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bearer_guard.testing.jws import compact_jws, new_private_key, public_jwk
from soak import numbers
from soak.processes import HOST, Process, reserved_port

if TYPE_CHECKING:
    from bearer_guard.testing.jws import PrivateKey

_ALGORITHM = "ES256"
_LIFETIME = 3600


@dataclass
class Key:
    """A signing key, and from when until when its issuer publishes it."""

    kid: str
    private: PrivateKey
    published_at: float
    withdrawn_at: float | None = None


@dataclass
class Outage:
    """The authorization server was away."""

    began: float
    ended: float | None = None


@dataclass
class Token:
    """What is sent, and all that decides whether it is good."""

    text: str | None
    """``None``: no token at all."""
    kind: str
    authority: Authority | None = None
    subject: str = ""
    key: Key | None = None
    """Of a good JWT: who signed it."""
    revoked_at: float | None = None


@dataclass
class Authority:
    """One issuer and its process."""

    name: str
    room: Path
    keys: list[Key] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reserved = reserved_port()
        self.port: int = self._reserved.getsockname()[1]
        self.issuer = f"http://{HOST}:{self.port}/{self.name}"
        self._answers: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._said, self._asked = (self.room / f"{self.name}.{kind}" for kind in ("json", "asked"))
        self._process: Process | None = None
        self.signs_with = self.publish_key()

    # Its process

    def start(self) -> None:
        """Begin to come (back)."""
        arguments = ["soak.authorization_server", str(self.port)]
        files = [str(self._said), str(self._asked)]
        self._process = Process([*arguments, *files], {}, self.room / f"{self.name}.out")

    def wait(self) -> None:
        """Return once it answers."""
        assert self._process is not None, "it was started"
        self._process.wait_for_port(self.port)
        if self.outages:
            self.outages[-1].ended = time.monotonic()

    def kill(self) -> None:
        """Be gone at once."""
        self.outages.append(Outage(time.monotonic()))
        if self._process is not None:
            self._process.kill()
            self._process = None

    def close(self) -> None:
        """For good."""
        self.kill()
        self._reserved.close()

    def asked(self) -> Counter[str]:
        """How often it was asked for each document."""
        return Counter(self._asked.read_text().split() if self._asked.exists() else [])

    # What it publishes

    def publish_key(self) -> Key:
        """One key more, which signs nothing yet."""
        kid = f"{self.name}-{next(self._numbers)}"
        key = Key(kid, new_private_key(_ALGORITHM), float("inf"))
        self.keys.append(key)
        self._say()
        key.published_at = time.monotonic()
        return key

    def withdraw(self, key: Key) -> None:
        """Publish it no more."""
        key.withdrawn_at = time.monotonic()
        self._say()

    def rotate_abruptly(self) -> None:
        """A new key signs at once, and the old one is gone."""
        old, self.signs_with = self.signs_with, self.publish_key()
        self.withdraw(old)

    def _say(self) -> None:
        documents = {
            "openid-configuration": {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/jwks",
                "introspection_endpoint": f"{self.issuer}/introspect",
            },
            "jwks": {
                "keys": [
                    public_jwk(key.private, algorithm=_ALGORITHM, kid=key.kid)
                    for key in self.keys
                    if key.withdrawn_at is None
                ]
            },
            "answers": self._answers,
        }
        # Whole or not at all: the server may read it in the middle of anything.
        written = self._said.with_suffix(".new")
        written.write_text(json.dumps(documents), "utf-8")
        written.replace(self._said)

    # Its tokens

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good ones, of a user of their own."""
        now = int(time.time())
        return {
            "iss": self.issuer,
            "sub": f"{self.name}-user-{next(self._numbers)}",
            "aud": numbers.AUDIENCE,
            "iat": now,
            "exp": now + _LIFETIME,
            "client_id": "soak",
            "scope": "orders:read",
            **changes,
        }

    def jwt(self, kind: str = "good", key: Key | None = None, **changes: Any) -> Token:
        """Signed by the key of now, or by another one."""
        signer = key or self.signs_with
        claims = self.claims(**changes)
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": signer.kid}
        parts = json.dumps(header).encode(), json.dumps(claims).encode()
        text = compact_jws(*parts, algorithm=_ALGORITHM, key=signer.private)
        return Token(text, kind, self, claims["sub"], signer)

    def opaque(self, count: int) -> list[Token]:
        """Tokens that introspection knows from now on."""
        made = []
        for _ in range(count):
            claims = self.claims()
            token = Token(secrets.token_urlsafe(32), "opaque", self, claims["sub"])
            self._answers[str(token.text)] = {"active": True, "token_type": "Bearer", **claims}
            made.append(token)
        self._say()
        return made

    def revoke(self, token: Token) -> None:
        """It is not active any more."""
        token.revoked_at = time.monotonic()
        del self._answers[str(token.text)]
        self._say()
