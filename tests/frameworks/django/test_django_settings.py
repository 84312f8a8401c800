"""``BEARER_GUARD``: one guard, made when it is needed, and anew where a test overrides it."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django_world import HeadersOf, Options, project, urls

from bearer_guard import Guard, Issuer, SettingsError
from bearer_guard.django import BearerMiddleware, conf
from bearer_guard.testing import AuthorizationServer, HandClock


def orders(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.access_token.subject)  # type: ignore[attr-defined]


def test_there_is_one_guard_for_the_process(options: Options) -> None:
    with project(options()):
        assert conf.guard() is conf.guard()


def test_threads_that_need_it_first_at_once_get_the_same_one(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4)
    made: list[Guard] = []
    true = Guard.from_mapping

    def slow(*given: Any, **more: Any) -> Guard:
        together.wait(10)
        guard = true(*given, **more)
        made.append(guard)
        return guard

    found: list[Guard] = []
    with project(options()):
        monkeypatch.setattr(Guard, "from_mapping", slow)
        threads = [threading.Thread(target=lambda: found.append(conf.guard())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert (len(made), len(found), len(set(found))) == (4, 4, 1)


def workers() -> set[threading.Thread]:
    """The threads of guards, which fetch keys."""
    return {each for each in threading.enumerate() if each.name.startswith("bearer_guard")}


def test_an_overridden_setting_makes_another_and_closes_the_first(
    options: Options, bearer: HeadersOf, server: AuthorizationServer
) -> None:
    before, others = server.count("/jwks"), workers()
    client = Client()
    with project(options(realm="first"), urls(orders=orders)):
        first = conf.guard()
        assert client.get("/orders", headers=bearer("a")).status_code == 200
        assert "first" in client.get("/orders")["WWW-Authenticate"]
        of_the_first = workers() - others
        assert of_the_first
        with override_settings(BEARER_GUARD=options(realm="second")):
            assert not of_the_first & workers(), "it is closed, though it is not forgotten"
            # The client has its middleware already, and it asks the guard of now.
            assert "second" in client.get("/orders")["WWW-Authenticate"]
            assert client.get("/orders", headers=bearer("a")).status_code == 200
            assert conf.guard() is not first
        assert "first" in client.get("/orders")["WWW-Authenticate"]
        assert conf.guard() is not first
        # Each guard has memories of its own.
        assert client.get("/orders", headers=bearer("a")).status_code == 200
    assert server.count("/jwks") - before == 3
    assert workers() <= others


def test_a_setting_that_is_not_ours_changes_nothing(options: Options) -> None:
    with project(options()):
        guard = conf.guard()
        with override_settings(LANGUAGE_CODE="de"):
            assert conf.guard() is guard


def test_a_setting_that_is_not_there_is_none_until_it_is() -> None:
    value = conf.FromSettings(("A_SETTING_OF_NOBODY",), lambda given: [given])
    assert value() == [None]
    assert value() is value()
    with override_settings(A_SETTING_OF_NOBODY=1):
        assert value() == [1]
    assert value() == [None]


def test_a_setting_that_is_merely_assigned_counts_as_well(options: Options) -> None:
    from django.conf import settings

    with project(options(realm="first")):
        first = conf.guard()
        settings.BEARER_GUARD = options(realm="second")
        assert conf.guard().settings.realm == "second"
        assert first.settings.realm == "first"


def test_the_setting_may_hold_what_plain_data_cannot() -> None:
    clock = HandClock()
    server = AuthorizationServer(issuer="https://login.example.com/", clock=clock.time)
    token = server.jwt(expires_in=500)
    request = RequestFactory().get("/orders", headers={"authorization": f"Bearer {token}"})
    with server.http_client() as http:
        given = {
            "audience": server.audience,
            "issuers": [Issuer(server.issuer, leeway=0)],
            "http_client": http,
            "clock": clock,
            "expand_scopes": lambda granted: {*granted, "more"},
        }
        with project(given):
            answer: Any = BearerMiddleware(lambda _: HttpResponse("let in"))
            assert answer(request).status_code == 200
            assert request.access_token.has_scopes("more")  # type: ignore[attr-defined]
            clock.turn(501)
            assert answer(request).status_code == 401
    assert "clock" in given, "the setting itself is not changed"


MISTAKES: dict[str, tuple[Any, str]] = {
    "missing": (None, "BEARER_GUARD: it is missing: write {"),
    "no mapping": ("https://login.example.com/", "BEARER_GUARD: the settings must be a mapping"),
    "no audience": ({"issuers": []}, "BEARER_GUARD: audience is missing"),
    "a typing error": (
        {"audience": "a", "issuers": ["https://a.example/"], "requird_scopes": []},
        "BEARER_GUARD: requird_scopes is not an option: did you mean required_scopes?",
    ),
    "plain http": (
        {"audience": "a", "issuers": ["http://login.example.com/"]},
        r"BEARER_GUARD: issuers\[0\]: issuer is plain http",
    ),
}


@pytest.mark.parametrize(("given", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_shows_when_the_application_starts(given: Any, message: str) -> None:
    with project(given), pytest.raises(ImproperlyConfigured, match=message) as raised:
        WSGIHandler()
    assert isinstance(raised.value.__cause__, SettingsError)


def test_making_the_application_opens_and_starts_nothing() -> None:
    """So that a server that forks its workers shares no connection between them."""
    script = """
import socket, threading
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
import django
def refuse(*arguments, **options):
    raise AssertionError("a socket was made")
socket.socket = refuse
settings.configure(
    INSTALLED_APPS=["bearer_guard.django"],
    MIDDLEWARE=["bearer_guard.django.BearerMiddleware"],
    BEARER_GUARD={"audience": "a", "issuers": ["https://a.example/"]},
)
django.setup()
WSGIHandler()
assert threading.active_count() == 1
print("made")
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    assert (ran.stdout, ran.stderr) == ("made\n", "")


def test_djangos_test_clients_send_the_token_as_a_header(
    options: Options, bearer: HeadersOf
) -> None:
    import asyncio

    headers = bearer("a", subject="alice")
    with project(options(), urls(orders=orders)):
        assert Client(headers=headers).get("/orders").content == b"alice"
        assert Client().get("/orders", headers=headers).content == b"alice"
        given = headers["authorization"]
        assert Client().get("/orders", HTTP_AUTHORIZATION=given).content == b"alice"

        async def ask() -> Any:
            return await AsyncClient().get("/orders", headers=headers)

        assert asyncio.run(ask()).content == b"alice"


def test_a_view_is_tested_alone_behind_the_middleware(options: Options, bearer: HeadersOf) -> None:
    with project(options()):
        request = RequestFactory().get("/orders", headers=bearer("a", subject="alice"))
        answer: Any = BearerMiddleware(orders)(request)
        assert answer.content == b"alice"
