"""Headers that RFC 9110 allows and few servers send."""

from __future__ import annotations

import json

from bearer_guard import Guard, Issuer
from bearer_guard.testing import AuthorizationServer, HandClock
from faults.answers import ok
from faults.server import serving
from key_life.stepping import jwks
from key_life.world import verdict


def test_an_etag_of_any_octets_does_not_end_the_refreshes() -> None:
    """RFC 9110 section 8.8.3: an opaque tag may hold octets above 0x7F. Sent back or left out,
    it must not keep the keys from being fetched."""
    clock = HandClock()
    server = AuthorizationServer(issuer="https://login.example.com/", clock=clock.time)
    answer = ok(jwks(server), ("ETag", '"gr\xfcn"'))
    with serving(answer) as wire:
        issuer = Issuer(server.issuer, jwks_uri=wire.url)
        with Guard(audience=server.audience, issuers=[issuer], clock=clock) as guard:
            token = server.jwt(expires_in=100_000)
            assert verdict(guard, token) == "let in"
            clock.turn(600 + 3600)
            assert verdict(guard, token) == "let in"


def test_several_lines_of_one_field_are_read_as_one() -> None:
    clock = HandClock()
    server = AuthorizationServer(issuer="https://login.example.com/", clock=clock.time)
    answer = ok(jwks(server), ("Cache-Control", "public"), ("cache-control", "max-age=7200"))
    with serving(answer) as wire:
        issuer = Issuer(server.issuer, jwks_uri=wire.url)
        with Guard(audience=server.audience, issuers=[issuer], clock=clock) as guard:
            assert verdict(guard, server.jwt()) == "let in"
            clock.turn(5000)
            assert verdict(guard, server.jwt()) == "let in"
        assert wire.connections == 1
    assert json.loads(jwks(server))["keys"]
