"""A fleet of guards with one clock, one authorization server and one store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from bearer_guard import BearerError, Guard, Introspection, Issuer, Request
from bearer_guard.settings.shared import Shared
from bearer_guard.testing import AuthorizationServer, HandClock

ISSUER = "https://login.example.com/"
JWKS, OPENID, INTROSPECT = "/jwks", "/.well-known/openid-configuration", "/introspect"


class Workers:
    """``workers(3)`` makes three; all are closed at the end."""

    def __init__(self, shared: Shared, clock: HandClock) -> None:
        self.clock = clock
        self.shared = shared
        self.server = AuthorizationServer(issuer=ISSUER, clock=clock.time)
        self._stack = ExitStack()

    def new(self, number: int = 1, *, shared: Any = ..., **issuer: Any) -> list[Guard]:
        """Workers, each with caches and connections of its own."""
        return [
            self._guard(self.shared if shared is ... else shared, issuer) for _ in range(number)
        ]

    def _guard(self, shared: Any, issuer: dict[str, Any]) -> Guard:
        client = self._stack.enter_context(self.server.http_client())
        introspection = Introspection(**self.server.introspection_settings())  # type: ignore[arg-type]
        options = {"introspection": introspection, **issuer}
        guard = Guard(
            audience=self.server.audience,
            issuers=[Issuer(ISSUER, **options)],
            http_client=client,
            clock=self.clock,
            shared=shared,
            log_records=1000,
        )
        return self._stack.enter_context(guard)

    def close(self) -> None:
        self._stack.close()


def verdict(guard: Guard, token: str) -> str:
    """``let in``, or status and reason."""
    try:
        guard.authenticate(Request(headers={"Authorization": f"Bearer {token}"}))
    except BearerError as error:
        return f"{guard.refusal(error).status} {error.reason}"
    return "let in"


def refuses(guard: Guard, token: str) -> Callable[[], bool]:
    """Whether it knows that the token is revoked, asked anew each time."""
    return lambda: verdict(guard, token) == "401 token_revoked"
