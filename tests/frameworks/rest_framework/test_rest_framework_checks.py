"""What ``manage.py check`` says of REST framework's views and settings; and what says nothing."""
# ruff: noqa: RUF012 - REST framework's own way to say what a view needs

from __future__ import annotations

import io
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.urls import include, path
from rest_framework_stage import HANDLER, OURS, Project

AUTHENTICATION = "bearer_guard.rest_framework.BearerAuthentication"
IS_AUTHENTICATED = "rest_framework.permissions.IsAuthenticated"


def said(urls: dict[str, Any]) -> str:
    """By the command, about these views and the settings."""
    from django.test import override_settings

    module = ModuleType("urls_of_a_check")
    below = [path(name, view) for name, view in urls.items()]
    module.urlpatterns = [path("api/", include(below))]  # type: ignore[attr-defined]
    out = io.StringIO()
    with override_settings(ROOT_URLCONF=module):
        try:
            call_command("check", stderr=out, tags=["security"])
        except SystemCheckError as errors:
            return str(errors)
    return out.getvalue()


def test_nothing_is_said_of_views_whose_scopes_can_be_read(project: Project) -> None:
    import rest_framework_views as views

    project(OURS)
    cancel = views.Orders.as_view({"post": "cancel"}, required_scopes=["orders:cancel"])
    good = {
        "a": views.EveryMethod.as_view(),
        "b": views.Orders.as_view({"get": "list", "post": "create"}),
        "c": views.function,
        "d": views.View.as_view(),
        "e": lambda request: None,
        "f": views.StaffOrScopes.as_view(),
        "g": views.Without.as_view(),
        "h": cancel,
        "i": views.Computed.as_view(),
    }
    assert said(good) == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NamesNothing", "rest_framework_views.NamesNothing names no scopes: write required_scop"),
        ("LowerCase", "names 'get': write methods in upper case"),
        ("OneString", "write each scope as a string of its own"),
        ("AnyOfNone", "names no scope of which one is needed"),
    ],
)
def test_views_whose_scopes_cannot_be_read_are_errors(
    project: Project, name: str, says: str
) -> None:
    import rest_framework_views as views

    project(OURS)
    found = said({"x": getattr(views, name).as_view()})
    assert says in found
    assert found.count("(bearer_guard.E101)") == 1


def test_in_a_composition_too(project: Project) -> None:
    import rest_framework_views as views

    class Composed(views.StaffOrScopes):
        required_scopes = ["a b"]

    project(OURS)
    assert "(bearer_guard.E101)" in said({"x": Composed.as_view()})


def test_a_method_that_is_served_and_refused_is_a_warning(project: Project) -> None:
    import rest_framework_views as views

    project(OURS)
    found = said({"x": views.ByMethod.as_view()})
    assert "ByMethod names no scopes for DELETE, so it refuses what its handler would" in found
    assert found.count("bearer_guard.") == 1


def test_settings_that_let_anybody_in_are_a_warning(project: Project) -> None:
    asking = {"DEFAULT_AUTHENTICATION_CLASSES": [AUTHENTICATION]}
    careful = {**asking, "DEFAULT_PERMISSION_CLASSES": [IS_AUTHENTICATED]}
    handled = {**careful, "EXCEPTION_HANDLER": HANDLER}
    for settings, numbers in (
        (asking, ["W101", "W102"]),
        (careful, ["W102"]),
        (handled, []),
        ({}, []),
    ):
        project(handler=None, REST_FRAMEWORK=settings)
        found = said({})
        assert [
            number for number in ("W101", "W102") if f"bearer_guard.{number}" in found
        ] == numbers
    project(OURS, handler=None, REST_FRAMEWORK=asking)
    assert said({}) == ""


def test_a_project_without_urls_has_no_views(project: Project) -> None:
    from bearer_guard.rest_framework.checks import check_views

    project(ROOT_URLCONF=None)
    assert check_views() == []


def test_without_rest_framework_one_sentence_says_what_to_install() -> None:
    script = """
import sys
sys.modules["rest_framework"] = None
try:
    import bearer_guard.rest_framework
except ImportError as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == (
        "bearer_guard.rest_framework needs Django REST framework: "
        "install bearer-guard[rest-framework]\n"
    )


def test_without_either_django_starts_as_ever() -> None:
    script = """
import sys
sys.modules["rest_framework"] = sys.modules["drf_spectacular"] = None
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["bearer_guard.django"],
    BEARER_GUARD={"audience": "a", "issuers": ["https://a.example"]},
)
django.setup()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_rest_framework_may_import_it_while_it_makes_its_own_views() -> None:
    """Its settings are read in the body of ``APIView``."""
    script = f"""
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["rest_framework", "drf_spectacular", "bearer_guard.django"],
    REST_FRAMEWORK={{
        "DEFAULT_AUTHENTICATION_CLASSES": ["{AUTHENTICATION}"],
        "DEFAULT_PERMISSION_CLASSES": ["bearer_guard.rest_framework.HasScopes"],
        "EXCEPTION_HANDLER": "{HANDLER}",
    }},
    BEARER_GUARD={{"audience": "a", "issuers": ["https://a.example"]}},
)
{{}}
from rest_framework.views import APIView
print(APIView.authentication_classes[0].__name__, APIView.permission_classes[0].__name__)
"""
    for early in ("", "django.setup()"):
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", script.replace("{}", early)],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert ran.stdout == "BearerAuthentication HasScopes\n"
