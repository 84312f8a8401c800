"""The readiness endpoint, the same over ASGI and WSGI, and on real servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from adapters.real_servers import exchange, on_gunicorn, on_uvicorn
from bearer_guard import Guard, Issuer, SettingsError
from bearer_guard.asgi import BearerMiddleware
from bearer_guard.readiness import AsgiReadiness, WsgiReadiness
from bearer_guard.testing import AuthorizationServer
from key_life.world import World, verdict

Answer = Callable[..., httpx.Response]
"""What an endpoint for a guard, made with options, answers to a method."""


def over_asgi(guard: Guard, method: str = "GET", **options: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(AsgiReadiness(guard, **options))
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.request(method, "/ready")

    return asyncio.run(send())


def over_wsgi(guard: Guard, method: str = "GET", **options: Any) -> httpx.Response:
    transport = httpx.WSGITransport(WsgiReadiness(guard, **options))
    with httpx.Client(transport=transport, base_url="http://a") as client:
        return client.request(method, "/ready")


@pytest.fixture(params=[over_asgi, over_wsgi], ids=["ASGI", "WSGI"])
def ask(request: pytest.FixtureRequest) -> Answer:
    return request.param


def test_a_guard_that_nobody_needed_yet_is_ready(world: World, ask: Answer) -> None:
    answer = ask(world.guard)
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "issuers": {"login.example.com": {"keys": "nothing"}}}
    assert dict(answer.headers) == {
        "content-type": "application/json",
        "content-length": str(len(answer.content)),
        "cache-control": "no-store",
    }
    assert world.server.seen == []


def test_one_that_should_have_its_keys_first_is_not(world: World, ask: Answer) -> None:
    assert ask(world.guard, fetched=True).status_code == 503
    world.guard.warm_up()
    assert ask(world.guard, fetched=True).status_code == 200


def test_a_template_has_no_keys_to_wait_for(new_world: Callable[..., World], ask: Answer) -> None:
    world = new_world("https://login.example.com/apps/{application}")
    assert ask(world.guard, fetched=True).status_code == 200


def test_while_requests_are_turned_away_it_is_503_and_then_a_try_is_due(
    world: World, ask: Answer
) -> None:
    token = world.server.jwt()
    world.server.go_down()
    assert world(token).startswith("503")
    answer = ask(world.guard)
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "issuers": {"login.example.com": {"keys": "nothing"}}}
    world.clock.turn(1)
    assert ask(world.guard).status_code == 200
    world.server.come_back()
    assert world(token) == "let in"
    assert ask(world.guard).json()["issuers"] == {"login.example.com": {"keys": "fresh"}}


def test_it_can_be_asked_a_hundred_times_and_asks_nobody(world: World, ask: Answer) -> None:
    world.server.go_down()
    world(world.server.jwt())
    world.server.come_back()
    for _ in range(100):
        world.clock.turn(60)
        ask(world.guard, fetched=True, detail=True)
    world.landed()
    assert world.server.seen == []


def test_an_issuer_that_introspects_shows_its_breaker(opaque: World, ask: Answer) -> None:
    assert ask(opaque.guard).json()["issuers"] == {
        "login.example.com": {"keys": "nothing", "introspection": "closed"}
    }


def test_details_are_told_to_those_who_ask_for_them(opaque: World, ask: Answer) -> None:
    opaque(opaque.server.jwt())
    told = ask(opaque.guard, detail=True).json()
    assert told == {"ready": True, **json.loads(json.dumps(opaque.guard.health().as_dict()))}
    assert told["issuers"][0]["issuer"] == opaque.server.issuer


def test_without_them_strangers_learn_no_address_and_no_error(opaque: World, ask: Answer) -> None:
    opaque.server.go_down()
    opaque(opaque.server.opaque())
    answer = ask(opaque.guard)
    assert "://" not in answer.text
    assert "upstream" not in answer.text


def test_only_the_issuers_that_count_count(ask: Answer) -> None:
    with AuthorizationServer() as ours, AuthorizationServer() as partners:
        issuers = [Issuer(ours.issuer, alias="ours"), Issuer(partners.issuer, alias="partner")]
        with Guard(audience=ours.audience, issuers=issuers) as guard:
            partners.go_down()
            assert verdict(guard, partners.jwt()).startswith("503")
            assert ask(guard).status_code == 503
            assert ask(guard, aliases=["ours"]).status_code == 200
            assert ask(guard, aliases="partner").status_code == 503
            assert set(ask(guard, aliases=["ours"]).json()["issuers"]) == {"ours", "partner"}


@pytest.mark.parametrize("endpoint", [AsgiReadiness, WsgiReadiness])
def test_an_alias_that_is_none_is_said_at_the_start(world: World, endpoint: Any) -> None:
    with pytest.raises(SettingsError, match=r"aliases names 'login': write some of login\.ex"):
        endpoint(world.guard, aliases=["login"])


def test_head_gets_the_same_without_the_body(world: World, ask: Answer) -> None:
    got, head = ask(world.guard), ask(world.guard, "HEAD")
    assert (head.status_code, dict(head.headers)) == (got.status_code, dict(got.headers))
    assert head.content == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(world: World, ask: Answer, method: str) -> None:
    answer = ask(world.guard, method)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_it_answers_http_alone(world: World) -> None:
    app = AsgiReadiness(world.guard)
    with pytest.raises(ValueError, match="answers http"):
        asyncio.run(app({"type": "websocket"}, None, None))  # type: ignore[arg-type]


def test_it_is_a_public_route_of_a_guarded_starlette_application_on_uvicorn() -> None:
    from starlette.applications import Starlette
    from starlette.routing import Route

    with AuthorizationServer() as server:
        guard = Guard(audience=server.audience, issuers=[Issuer(server.issuer)], public=["/ready"])
        routes = [Route("/ready", AsgiReadiness(guard))]
        app = BearerMiddleware(Starlette(routes=routes), guard)
        request = b"GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        with guard, on_uvicorn(app) as port:
            assert exchange(port, request).startswith(b"HTTP/1.1 200 OK\r\n")
            server.go_down()
            assert verdict(guard, server.jwt()).startswith("503")
            answer = exchange(port, request)
            assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert answer.endswith(
                b'{"ready": false, "issuers": {"%s": {"keys": "nothing"}}}'
                % (server.issuer.split("/")[2].encode(),)
            )


def test_it_is_an_application_of_gunicorn() -> None:
    settings = {
        "BEARER_GUARD_AUDIENCE": "https://api.example.com",
        "BEARER_GUARD_ISSUERS": "https://login.example.com/",
    }
    with on_gunicorn("outside.readiness_served:app()", **settings) as port:
        request = b"GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = exchange(port, request)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncache-control: no-store\r\n" in answer.lower()
    assert answer.endswith(
        b'{"ready": true, "issuers": {"login.example.com": {"keys": "nothing"}}}'
    )
