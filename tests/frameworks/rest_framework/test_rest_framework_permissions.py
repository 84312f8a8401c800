"""``HasScopes``: by view, by method, in compositions."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.test import APIClient
from rest_framework_stage import HANDLER, OURS, SESSIONS, HeadersOf, Project

from bearer_guard import SettingsError
from bearer_guard.rest_framework import has_any_scope, has_scopes


def ask(path: str, headers: dict[str, str] | None = None, method: str = "get") -> Any:
    return getattr(APIClient(), method)(path, headers=headers or {})


def scopes_named(refused: Any, status: int) -> str | None:
    """What the challenge says that is needed."""
    assert refused.status_code == status
    challenge = refused["www-authenticate"]
    assert ('error="insufficient_scope"' in challenge) == (status == 403)
    return challenge.partition('scope="')[2].rstrip('"')


@pytest.fixture(params=[(HANDLER, OURS), (HANDLER,), (None,)], ids=str)
def any_project(project: Project, request: pytest.FixtureRequest) -> Project:
    """With and without the middleware, and with REST framework's own handler."""
    handler, *middleware = request.param
    return project(*middleware, handler=handler)


# By view and by method


@pytest.mark.parametrize(
    ("path", "method", "granted", "needed"),
    [
        ("/by-method", "get", "orders:read", "orders:read"),
        ("/by-method", "head", "orders:read", "orders:read"),
        ("/by-method", "post", "orders:read orders:write", "orders:read orders:write"),
        ("/by-method", "put", "", None),
        ("/by-method", "options", "", None),
        ("/every-method", "get", "orders:read clerk", "orders:read"),
        ("/every-method", "options", "orders:read boss", "orders:read"),
        ("/any-by-method", "get", "boss", "clerk boss"),
        ("/any-by-method", "options", "", None),
        ("/options-named", "get", "", None),
        ("/options-named", "head", "head", "head"),
        ("/options-named", "options", "meta", "meta"),
        ("/generic", "get", "orders:read", "orders:read"),
        ("/generic", "post", "orders:write", "orders:write"),
        ("/viewset", "get", "orders:read", "orders:read"),
        ("/viewset", "post", "orders:write", "orders:write"),
        ("/viewset/1/cancel", "post", "orders:cancel", "orders:cancel"),
        ("/viewset/report", "get", "clerk", "clerk boss"),
        ("/function", "get", "orders:read orders:write", "orders:read orders:write"),
        ("/function", "post", "orders:read orders:write", "orders:read orders:write"),
    ],
)
def test_a_method_needs_the_scopes_that_are_named_for_it(
    any_project: Any, bearer: HeadersOf, path: str, method: str, granted: str, needed: str | None
) -> None:
    assert ask(path, bearer(*granted.split()), method).status_code == 200
    assert ask(path, None, method).status_code == 401
    other = ask(path, bearer("other"), method)
    if needed is None:
        assert other.status_code == 200
    else:
        assert scopes_named(other, 403) == needed
        for missing in needed.split() if "any" not in path and "report" not in path else ():
            some = [scope for scope in granted.split() if scope != missing]
            assert scopes_named(ask(path, bearer("other", *some), method), 403) == needed


def test_all_of_some_scopes_and_one_of_others(any_project: Any, bearer: HeadersOf) -> None:
    assert scopes_named(ask("/every-method", bearer("orders:read")), 403) == "clerk boss"
    assert scopes_named(ask("/every-method", bearer("boss")), 403) == "orders:read"


def test_who_sends_no_token_is_told_which_scopes_are_needed(project: Project) -> None:
    for handler in (HANDLER, None):
        project(handler=handler)
        assert scopes_named(ask("/by-method"), 401) == "orders:read"
        assert scopes_named(ask("/by-method", method="post"), 401) == "orders:read orders:write"
        assert scopes_named(ask("/by-method", method="delete"), 401) == ""
        assert scopes_named(ask("/every-method"), 401) == "orders:read clerk boss"
        assert scopes_named(ask("/function"), 401) == "orders:read orders:write"


def test_a_method_that_is_served_and_not_named_is_refused(
    any_project: Any, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bearer_guard")
    every = bearer("orders:read", "orders:write", "orders:delete")
    assert scopes_named(ask("/by-method", every, "delete"), 403) == ""
    (told,) = caplog.messages[:1]
    assert told == "refused: scope_insufficient method='DELETE' view='ByMethod'"


def test_a_method_that_is_not_served_is_none_of_its_business(
    any_project: Any, bearer: HeadersOf
) -> None:
    assert ask("/by-method", bearer(), "patch").status_code == 405
    assert ask("/no-options", bearer("other"), "options").status_code == 405
    assert ask("/viewset", bearer("other"), "delete").status_code == 405


def test_what_is_served_is_guarded_whatever_the_view_says_of_it(
    any_project: Any, bearer: HeadersOf
) -> None:
    needed = "orders:read orders:write"
    assert scopes_named(ask("/says-otherwise", bearer("other"), "post"), 403) == needed
    assert ask("/says-otherwise", None, "post").status_code == 401


def test_permissions_may_be_made_once_for_all_requests(any_project: Any, bearer: HeadersOf) -> None:
    assert ask("/shared", bearer("other")).status_code == 403
    assert ask("/shared").status_code == 401
    assert ask("/shared", bearer("orders:read")).status_code == 200


def test_what_is_needed_may_depend_on_the_request(any_project: Any, bearer: HeadersOf) -> None:
    assert ask("/computed", bearer("orders:GET")).status_code == 200
    assert scopes_named(ask("/computed", bearer("orders:POST")), 403) == "orders:GET"


def test_options_tells_of_a_method_to_those_who_may_use_it(
    any_project: Any, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "bearer_guard")
    assert "actions" not in ask("/generic", bearer("orders:read"), "options").json()
    assert "POST" in ask("/generic", bearer("orders:write"), "options").json()["actions"]
    # What is not told is no request that is refused.
    assert caplog.messages == []


def test_the_browsable_api_offers_the_forms_that_the_token_opens(
    project: Project, bearer: HeadersOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "bearer_guard")
    project(
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        STATIC_URL="/static/",
    )
    html = {"Accept": "text/html"}
    reader = ask("/by-method", {**bearer("orders:read"), **html})
    writer = ask("/by-method", {**bearer("orders:read", "orders:write"), **html})
    assert (reader.status_code, writer.status_code) == (200, 200)
    assert b">POST</button>" not in reader.content
    assert b">POST</button>" in writer.content
    # A form that is not offered is no request that is refused.
    assert caplog.messages == []


# In compositions


def test_either_scopes_or_somebody_of_the_staff(project: Project, bearer: HeadersOf) -> None:
    from rest_framework_users import log_in

    for handler in (HANDLER, None):
        project(*SESSIONS, handler=handler)
        boss, carol = APIClient(), APIClient()
        log_in(boss, "boss")
        log_in(carol, "carol")
        path = "/staff-or-scopes"
        assert boss.get(path).status_code == 200
        assert ask(path, bearer("orders:read")).status_code == 200
        # Neither: REST framework says so itself, without a challenge.
        for refused in (carol.get(path), ask(path, bearer("other"))):
            assert (refused.status_code, "www-authenticate" in refused) == (403, False)
        assert scopes_named(ask(path), 401) == "orders:read"


def test_scopes_and_something_else(any_project: Any, bearer: HeadersOf) -> None:
    assert ask("/scopes-and-staff", bearer("orders:read")).status_code == 200
    refused = ask("/scopes-and-staff", bearer("other"))
    assert refused.status_code == 403


def test_anything_but_a_scope(any_project: Any, bearer: HeadersOf) -> None:
    assert ask("/without", bearer("other")).status_code == 200
    assert ask("/without", bearer("blocked")).status_code == 403


# With the test client


def test_force_authenticate_takes_a_token_or_does_without(
    project: Project, bearer: HeadersOf
) -> None:
    from rest_framework_users import user

    from bearer_guard import Request
    from bearer_guard.django import conf

    project()
    client = APIClient()
    client.force_authenticate(user("carol"))
    assert client.get("/orders").json()["user"] == "carol"
    refused = client.get("/by-method")
    assert (refused.status_code, "www-authenticate" in refused) == (403, False)
    token = conf.guard().authenticate(Request(headers=bearer("orders:read")))
    client.force_authenticate(user("carol"), token)
    assert client.get("/by-method").json()["auth"] == "AccessToken"
    assert scopes_named(client.post("/by-method"), 403) == "orders:read orders:write"
    client.credentials(HTTP_AUTHORIZATION=bearer("orders:read")["Authorization"])
    client.force_authenticate(None)
    assert client.get("/by-method").status_code in (200, 401)


# Mistakes


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/names-nothing", "NamesNothing names no scopes: write required_scopes = "),
        ("/lower-case", "names 'get': write methods in upper case, 'GET'"),
        ("/one-string", "OneString: required_scopes names 'orders:read orders:write', and a scope"),
        ("/any-of-none", "required_any_scope names no scope of which one is needed"),
    ],
)
def test_a_view_whose_scopes_cannot_be_read_lets_nobody_in(
    any_project: Any, bearer: HeadersOf, path: str, says: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=says):
        ask(path, bearer("get", "orders:read", "orders:write"))


@pytest.mark.parametrize("make", [has_scopes, has_any_scope])
def test_what_is_no_scope_is_refused_when_it_is_written(make: Any) -> None:
    with pytest.raises(SettingsError, match=r"write each scope as a string of its own"):
        make("orders:read orders:write")


def test_any_of_none_is_refused_when_it_is_written(applications: None) -> None:
    with pytest.raises(SettingsError, match="name the scopes of which one is needed"):
        has_any_scope()
