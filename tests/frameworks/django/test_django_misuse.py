"""What is wrongly written is refused when it is written, with what to write instead."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.views import View
from django_world import Options, project, urls

from bearer_guard import SettingsError
from bearer_guard.django import (
    RequireScopesMixin,
    access_token,
    require_any_scope,
    require_scopes,
)


@pytest.mark.parametrize("decorator", [require_scopes, require_any_scope])
def test_a_decorator_without_parentheses_is_refused(decorator: Any) -> None:
    with pytest.raises(SettingsError, match="scopes must be a string"):

        @decorator
        def view(request: HttpRequest) -> HttpResponse:
            raise AssertionError("it is not reached")


@pytest.mark.parametrize("decorator", [require_scopes, require_any_scope])
def test_several_scopes_in_one_string_are_refused(decorator: Any) -> None:
    with pytest.raises(SettingsError, match="a scope holds no space"):
        decorator("orders:read orders:write")


def test_any_of_no_scopes_is_refused() -> None:
    with pytest.raises(SettingsError, match="name the scopes"):
        require_any_scope()


@pytest.mark.parametrize("option", ["required_scopes", "required_any_scope"])
def test_a_mixin_with_a_string_in_place_of_a_list_is_refused(option: str) -> None:
    message = rf"{option} is 'orders:read': write a list, \[\"orders:read\"\]"
    with pytest.raises(SettingsError, match=message):
        type("Orders", (RequireScopesMixin, View), {option: "orders:read"})

    class Orders(RequireScopesMixin, View):
        pass

    with pytest.raises(SettingsError, match=message):
        Orders.as_view(**{option: "orders:read"})


@pytest.mark.parametrize("option", ["required_scopes", "required_any_scope"])
def test_a_mixin_with_what_is_no_scope_is_refused(option: str) -> None:
    with pytest.raises(SettingsError, match="a scope holds no space"):
        type("Orders", (RequireScopesMixin, View), {option: ["orders:read orders:write"]})


def test_a_mixin_behind_the_view_would_guard_nothing_and_is_refused() -> None:
    with pytest.raises(SettingsError, match="Orders would ask for no scope: write"):

        class Orders(View, RequireScopesMixin):
            required_scopes = ("orders:read",)


def test_a_mixin_of_a_project_may_derive_from_ours() -> None:
    class Reading(RequireScopesMixin):
        required_scopes = ("orders:read",)

    class Orders(Reading, View):
        pass

    assert Orders.as_view().view_class is Orders  # type: ignore[attr-defined]


def test_a_function_that_takes_no_request_is_told_so() -> None:
    @require_scopes("orders:read")
    def helper(number: int) -> int:
        raise AssertionError("it is not reached")

    with pytest.raises(TypeError, match="takes no request, by which its scopes are checked"):
        helper(5)


def test_without_the_middleware_a_view_says_what_is_missing(options: Options) -> None:
    @require_scopes("orders:read")
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("it is not reached")

    request = RequestFactory().get("/orders")
    message = 'write "bearer_guard.django.BearerMiddleware" into MIDDLEWARE'
    with project(options(), urls(), []):
        for asking in (view, access_token):
            with pytest.raises(ImproperlyConfigured, match=message):
                asking(request)


def test_without_django_the_import_says_what_to_install() -> None:
    script = "import sys; sys.modules['django'] = None; import bearer_guard.django"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30
    )
    assert ran.stderr.splitlines()[-1] == (
        "ImportError: bearer_guard.django needs Django: install bearer-guard[django]"
    )
