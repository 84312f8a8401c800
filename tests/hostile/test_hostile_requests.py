"""A thousand requests of each hostile kind: nobody is let in, and what it costs upstream is
counted. The benchmark of the same name measures time and memory of the very same requests."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from bearer_guard import BearerError, Guard, Introspection, Issuer, Request
from bearer_guard.testing import AuthorizationServer, HandClock
from benchmarks.material import AUDIENCE
from benchmarks.strangers import COUNT, KINDS, TEMPLATE_PATH, Credentials, Kind, Seen

ISSUER = "https://login.example.com"


def guarded(server: AuthorizationServer, clock: HandClock, kind: Kind) -> Guard:
    introspection = None if kind.template else Introspection(**server.introspection_settings())
    return Guard(
        audience=AUDIENCE,
        issuers=[Issuer(server.issuer, introspection=introspection)],
        http_client=server.http_client(),
        clock=clock,
    )


def reason(guard: Guard, lines: Credentials) -> str:
    try:
        guard.authenticate(Request(headers=[("Authorization", line) for line in lines]))
    except BearerError as error:
        return error.reason
    return "let in"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_thousand_cost_no_more_upstream_than_is_said(kind: Kind) -> None:
    clock = HandClock()
    server = AuthorizationServer(
        issuer=ISSUER + TEMPLATE_PATH * kind.template, audience=AUDIENCE, clock=clock.time
    )
    with guarded(server, clock, kind) as guard:
        assert reason(guard, [f"Bearer {server.jwt()}"]) == "let in"
        server.reset_counts()
        found = Counter(reason(guard, lines) for lines in islice(kind.make(Seen(server)), COUNT))
        assert set(found) == set(kind.reasons)
        assert len(server.seen) == kind.calls
        assert reason(guard, [f"Bearer {server.jwt()}"]) == "let in", "good ones do not suffer"


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if not kind.template], ids=lambda kind: kind.name
)
def test_a_cold_guard_asks_nothing_for_what_is_bad_by_itself(kind: Kind) -> None:
    clock = HandClock()
    server = AuthorizationServer(issuer=ISSUER, audience=AUDIENCE, clock=clock.time)
    seen = Seen(server)
    with guarded(server, clock, kind) as guard:
        found = Counter(reason(guard, lines) for lines in islice(kind.make(seen), 100))
        assert set(found) == set(kind.reasons)
        # Only a signature needs metadata and keys; only an opaque token needs introspection.
        keys = 2 * bool({"signature_invalid", "key_unknown"} & set(kind.reasons))
        assert len(server.seen) == keys + min(kind.calls, 100)
