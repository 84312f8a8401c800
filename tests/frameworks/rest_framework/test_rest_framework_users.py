"""Whose ``request.user`` is: a token's, or one of Django's by ``BEARER_GUARD_USER``."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient
from rest_framework_stage import HANDLER, OURS, SESSIONS, HeadersOf, Project

from bearer_guard import AccessToken, Request
from bearer_guard.django import conf
from bearer_guard.rest_framework import TokenUser

MAPPED = {"BEARER_GUARD_USER": "rest_framework_users.of_token"}


def get(path: str, headers: dict[str, str] | None = None) -> Any:
    return APIClient().get(path, headers=headers or {})


def token_of(headers: dict[str, str]) -> AccessToken:
    return conf.guard().authenticate(Request(headers=headers))


def a_token(issuer: str, subject: str | None, client_id: str | None) -> AccessToken:
    return AccessToken(issuer, subject, client_id, ("a",), frozenset(), None, None, "{}")


# A token's


def test_it_is_known_by_issuer_and_subject(project: Project, bearer: HeadersOf) -> None:
    project()
    alice, again = (TokenUser(token_of(bearer(s, subject="alice"))) for s in ("a", "b"))
    assert alice == again
    assert hash(alice) == hash(again)
    assert alice.pk == alice.id == again.pk
    others = [
        TokenUser(a_token("https://a.example", "alice", "app")),
        TokenUser(a_token("https://b.example", "alice", "app")),
        TokenUser(a_token("https://a.example", "bob", "app")),
        # A client that speaks for itself is no user who has its name (RFC 9068 section 5).
        TokenUser(a_token("https://a.example", None, "alice")),
        TokenUser(a_token("https://a.example", None, None)),
    ]
    assert len({alice, *others}) == 6
    assert TokenUser(a_token("https://a.example", "alice", "other app")) == others[0]
    assert others[0] != "alice"


def test_it_answers_what_django_and_rest_framework_ask_of_a_user(project: Project) -> None:
    user = TokenUser(a_token("https://a.example", "alice", "app"))
    assert (str(user), user.username, user.get_username()) == ("alice", "alice", "alice")
    assert str(TokenUser(a_token("https://a.example", None, "app"))) == "app"
    assert str(TokenUser(a_token("https://a.example", None, None))) == ""
    assert (user.is_authenticated, user.is_anonymous, user.is_active) == (True, False, True)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert not user.has_perm("orders.add_order")
    assert not user.has_perms(["orders.add_order"], obj=user)
    assert user.has_perms([])
    assert not user.has_module_perms("orders")


def test_requests_are_counted_by_user(project: Project, bearer: HeadersOf) -> None:
    """Whatever token they come with, and in a key that every cache takes."""
    project()
    cache.clear()
    statuses = [
        get("/throttled", bearer(scope, subject=f"{name} \n" * 40)).status_code
        for scope, name in (("a", "alice"), ("b", "bob"), ("c", "alice"), ("d", "alice"))
    ]
    assert statuses == [200, 200, 200, 429]
    cache.clear()


# One of Django's


@pytest.mark.parametrize("middleware", [(), (OURS,), (*SESSIONS, OURS)], ids=["", "ours", "all"])
def test_it_is_whom_the_setting_finds(
    project: Project, bearer: HeadersOf, middleware: tuple[str, ...]
) -> None:
    project(*middleware, **MAPPED)
    seen = get("/orders", bearer(subject="alice")).json()
    assert seen == {"user": "alice", "auth": "AccessToken", "authenticated": True, "token": True}


def test_a_user_whom_django_does_not_let_in_is_refused_before_the_view_runs(
    project: Project, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bearer_guard")
    for handler in (HANDLER, None):
        for middleware in ((), (OURS,), (*SESSIONS, OURS)):
            project(*middleware, handler=handler, **MAPPED)
            for subject, reason in (("mallory", "user_unknown"), ("ivy", "user_inactive")):
                caplog.clear()
                # This view looks at no user.
                refused = get("/generic", bearer("orders:read", subject=subject))
                assert refused.status_code == 401
                assert 'error="invalid_token"' in refused["www-authenticate"]
                (told,) = caplog.messages[:1]
                assert told == f"refused: {reason} subject='{subject}'"


def test_with_sessions_first_the_tokens_user_looks_like_a_sessions(
    project: Project, bearer: HeadersOf
) -> None:
    """Behind the middleware, that has put it there. So ``BearerAuthentication`` goes first."""
    project(*SESSIONS, OURS, **MAPPED)
    seen = get("/session-first", bearer(subject="alice")).json()
    assert (seen["user"], seen["auth"]) == ("alice", "NoneType")
    seen = get("/bearer-first", bearer(subject="alice")).json()
    assert (seen["user"], seen["auth"]) == ("alice", "AccessToken")
