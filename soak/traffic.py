"""Mixed traffic from many clients: good tokens, seen and new, and all kinds of bad ones."""

from __future__ import annotations

import http.client
import json
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from bearer_guard.testing.jws import new_private_key
from soak import numbers
from soak.authorities import Authority, Key, Token
from soak.guarded import WORKER
from soak.judging import Answered
from soak.processes import HOST

_CLIENTS: Final = 5
"""For each API."""
_PAUSE: Final = 0.02
"""Seconds between a client's requests, on average: traffic, not a load test."""
_PER_CONNECTION: Final = 8
"""Requests, before a client opens another connection and so meets another worker."""
_POOL: Final = 40


class Supply:
    """Where clients take their tokens from. Filled anew after each change."""

    def __init__(self, authorities: Sequence[Authority]) -> None:
        self.abrupt, self.overlapping, self.opaque = authorities
        self._stranger = Key("stranger", new_private_key("ES256"), 0)
        self._seen: dict[str, list[Token]] = {}
        self._opaque = self.opaque.opaque(_POOL)
        self._makers: list[tuple[int, Callable[[], Token]]] = [
            (30, self._good),
            (10, self._new),
            (10, self._referential),
            (4, self._seen_under_an_old_key),
            (3, self._forged),
            (3, self._made_up_key),
            (2, self._opaque_junk),
            (1, lambda: Token(None, "no token")),
            (1, lambda: Token("two", "two tokens")),
            (1, lambda: Token("%%%", "octets")),
            (1, lambda: Token("a.b.c", "junk")),
            (1, lambda: self.abrupt.jwt("expired", exp=int(time.time()) - 600)),
            (1, lambda: self.opaque.jwt("another audience", aud="https://other.example.com")),
            (1, lambda: self.opaque.jwt("unknown issuer", iss="https://other.example.com/")),
        ]
        self._weights = [weight for weight, _ in self._makers]
        self.refill()

    def refill(self) -> None:
        """Tokens of the keys that sign now; those of before are kept, to be sent again."""
        for authority in (self.abrupt, self.overlapping, self.opaque):
            old = self._seen.get(authority.name, [])[-_POOL:]
            self._seen[authority.name] = old + [authority.jwt() for _ in range(_POOL)]

    def revoke_some(self) -> None:
        """A quarter of the opaque tokens; as many new ones come, and the dead are sent on."""
        alive = [token for token in self._opaque if token.revoked_at is None]
        for token in alive[: _POOL // 4]:
            self.opaque.revoke(token)
        self._opaque = self._opaque[-2 * _POOL :] + self.opaque.opaque(_POOL // 4)

    def next(self) -> Token:
        """One of any kind."""
        ((_, maker),) = random.choices(self._makers, self._weights)
        return maker()

    def _any(self) -> Authority:
        return random.choice((self.abrupt, self.overlapping, self.opaque))

    def _good(self) -> Token:
        return random.choice(self._seen[self._any().name][-_POOL:])

    def _seen_under_an_old_key(self) -> Token:
        return random.choice(self._seen[self._any().name])

    def _new(self) -> Token:
        return self._any().jwt()

    def _referential(self) -> Token:
        return random.choice(self._opaque)

    def _forged(self) -> Token:
        """A stranger's signature under the true key's name."""
        authority = self._any()
        kid = authority.signs_with.kid
        return authority.jwt("forged", Key(kid, self._stranger.private, 0))

    def _made_up_key(self) -> Token:
        """To one issuer alone: whoever floods it must not spoil the rotations of the others."""
        made_up = Key(secrets.token_hex(4), self._stranger.private, 0)
        return self.overlapping.jwt("made-up key", made_up)

    def _opaque_junk(self) -> Token:
        return Token(secrets.token_urlsafe(32), "opaque junk", self.opaque)


class Traffic:
    """Clients of some APIs, until they are stopped."""

    def __init__(self, ports: dict[str, int], supply: Supply) -> None:
        self.answered: list[Answered] = []
        self._supply = supply
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._client, args=(server, port), name=f"client-{server}")
            for server, port in ports.items()
            for _ in range(_CLIENTS)
        ]

    def start(self) -> None:
        """Let them come."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait until the last one has its answer."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _client(self, server: str, port: int) -> None:
        connection, used = _connection(port), 0
        while not self._over.wait(random.uniform(0, 2 * _PAUSE)):
            if used == _PER_CONNECTION:
                connection.close()
                connection, used = _connection(port), 0
            token, began = self._supply.next(), time.monotonic()
            answer = _exchange(connection, token)
            if answer is None and used:
                # As every client does whose kept connection was closed meanwhile.
                connection.close()
                connection, used = _connection(port), 0
                answer = _exchange(connection, token)
            used += 1
            status, worker, says = answer or (None, 0, None)
            ended = time.monotonic()
            self.answered.append(Answered(server, token, began, ended, status, worker, says))
            if answer is None:
                connection.close()
                connection, used = _connection(port), 0
        connection.close()


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(HOST, port, timeout=numbers.REQUESTS_WAIT)


def _exchange(
    connection: http.client.HTTPConnection, token: Token
) -> tuple[int, int, tuple[str, str] | None] | None:
    """The answer, or ``None`` where none came."""
    try:
        connection.putrequest("GET", "/orders")
        for line in _lines(token):
            connection.putheader("Authorization", line)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return None
    worker = int(response.headers[WORKER])
    if response.status != 200:
        return response.status, worker, None
    told = json.loads(body)
    return 200, worker, (told["subject"], told["issuer"])


def _lines(token: Token) -> list[str]:
    if token.text is None:
        return []
    return [f"Bearer {token.text}"] * (2 if token.kind == "two tokens" else 1)
