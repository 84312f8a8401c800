"""``manage.py bearer_guard_check``: the settings of a project, tried against real servers."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django_world import project

from bearer_guard.django import conf
from bearer_guard.testing import AuthorizationServer

NAME = "bearer_guard_check"


@pytest.fixture
def issuing() -> Iterator[AuthorizationServer]:
    with AuthorizationServer() as server:
        yield server


def settings(server: AuthorizationServer) -> dict[str, Any]:
    return {"audience": server.audience, "issuers": [server.issuer]}


def ran(*arguments: str) -> tuple[int, str]:
    """The exit code, and what stood on the standard output."""
    out = io.StringIO()
    try:
        call_command(NAME, *arguments, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def bring(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(token.encode())))


def test_it_tells_of_the_issuers_of_the_settings(issuing: AuthorizationServer) -> None:
    with project(settings(issuing)):
        code, out = ran()
    assert code == 0
    assert f"{issuing.issuer}  ok\n" in out
    assert "RSA 2048 bits  RS256" in out


def test_what_is_wrong_ends_it_with_1(issuing: AuthorizationServer) -> None:
    issuing.go_down()
    with project(settings(issuing)):
        code, out = ran()
    assert code == 1
    assert f"{issuing.issuer}  NOT ok\n" in out


def test_it_judges_a_token(issuing: AuthorizationServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with project(settings(issuing)):
        bring(monkeypatch, issuing.jwt(subject="alice"))
        code, out = ran("--token", "-")
        assert (code, "the token  let in" in out, "alice" in out) == (0, True, True)
        bring(monkeypatch, issuing.jwt(audience="https://other.example/"))
        code, out = ran("--token", "-")
        assert (code, "the token  NOT let in" in out) == (1, True)


def test_settings_that_cannot_be_used_end_it_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    with project({"issuers": ["https://a.example/"]}), pytest.raises(CommandError) as caught:
        ran()
    assert str(caught.value).startswith("settings: BEARER_GUARD: audience is missing")
    assert caught.value.returncode == 2
    bring(monkeypatch, "\n")
    with (
        project({"audience": "a", "issuers": ["https://a.example/"]}),
        pytest.raises(CommandError, match="no token came") as caught,
    ):
        ran("--token", "-")
    assert caught.value.returncode == 2


def test_a_token_among_the_arguments_is_refused() -> None:
    with pytest.raises(CommandError, match="hand the token in"):
        ran("--token", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln")


def test_the_projects_own_guard_hears_nothing_of_it(issuing: AuthorizationServer) -> None:
    with project(settings(issuing)):
        ran()
        assert conf.guard().health().issuers[0].state == "nothing"
