"""A whole guard with its authorization server, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bearer_guard import Guard, Introspection, Issuer
from bearer_guard.testing import AuthorizationServer, HandClock
from core.making import ISSUER


@contextmanager
def guarded() -> Iterator[tuple[Guard, AuthorizationServer]]:
    """A guard whose issuer introspects, and that reads every method of RFC 6750 section 2."""
    clock = HandClock()
    server = AuthorizationServer(issuer=ISSUER, clock=clock.time)
    # Each example is judged by itself: those before it suspend nothing.
    settings = server.introspection_settings(failures_to_suspend=1000)
    introspection = Introspection(**settings)
    with (
        server.http_client() as client,
        Guard(
            audience=server.audience,
            issuers=[Issuer(server.issuer, introspection=introspection)],
            query_parameter=True,
            form_parameter=True,
            websocket_protocol="bearer",
            websocket_renewal=True,
            http_client=client,
            clock=clock,
        ) as guard,
    ):
        yield guard, server
