"""Headers that RFC 9110 allows and few servers send."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from bearer_guard import Guard, Introspection, Issuer
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.testing import AuthorizationServer, HandClock
from faults.answers import Answer, Seen, ok
from faults.server import serving
from key_life.stepping import jwks
from key_life.world import verdict
from upstream.calling import PATIENT, ask, failure


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


def and_more(answer: Callable[[Seen], bytes], behind: bytes) -> Callable[[Seen], Answer]:
    """An answer, and a whole other one behind it, in one piece, on a connection that stays open."""
    more = Answer(200, behind).octets()

    def react(seen: Seen) -> Answer:
        body = answer(seen)
        return Answer(200, body + more, (("Content-Length", str(len(body))),))

    return react


def test_what_comes_behind_an_answer_is_not_the_answer_to_the_next_question(
    new_caller: HttpCaller,
) -> None:
    with serving(and_more(lambda seen: seen.path[-1:].encode(), b"other")) as server:
        answers = [ask(new_caller, f"{server.url}?{number}").body for number in range(4)]
        assert answers == [b"0", b"1", b"2", b"3"]


def test_its_connection_is_closed(new_caller: HttpCaller) -> None:
    once = replace(PATIENT, retries=0)
    with serving(and_more(lambda _: b"its own", b"other"), ok(b"own too")) as server:
        assert ask(new_caller, server.url, once).body == b"its own"
        failed = failure(new_caller, server.url, once)
        assert failed.details == {"error": "RemoteProtocolError"}
        for _ in range(2):
            assert ask(new_caller, server.url, once).body == b"own too"
        assert server.connections == 2


def test_an_inactive_token_is_not_let_in_by_what_came_behind_the_last_answer() -> None:
    active = b'{"active": true, "sub": "alice", "aud": "a", "exp": 4102444800}'
    with serving(and_more(lambda _: b'{"active": false}', active)) as server:
        introspection = Introspection(
            server.url, client_id="a", client_secret="b", cache_for=0, cache_inactive_for=0
        )
        issuer = Issuer("https://login.example.com/", introspection=introspection)
        with Guard(audience="a", issuers=[issuer]) as guard:
            assert [verdict(guard, f"dead{n}") for n in range(4)] == ["401 token_inactive"] * 4
