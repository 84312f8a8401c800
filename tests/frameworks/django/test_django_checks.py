"""What ``manage.py check`` says, with and without ``--deploy``."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command
from django.views.debug import (
    SafeExceptionReporterFilter,
    get_default_exception_reporter_filter,
)
from django_world import BEARER, Options, project

from bearer_guard import SettingsError
from bearer_guard.django import BearerMiddleware, conf
from bearer_guard.testing import HandClock

SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
REMOTE = "django.contrib.auth.middleware.RemoteUserMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
BY_SUBJECT = {"lookup": {"username": "sub"}}


class OwnSession(AuthenticationMiddleware):
    """A project's own."""


class Subclass(BearerMiddleware):
    """A project's own."""


def found(*, deploy: bool = False) -> dict[str, checks.CheckMessage]:
    """Our messages, by their numbers."""
    messages = checks.run_checks(include_deployment_checks=deploy)
    ours = [one for one in messages if (one.id or "").startswith("bearer_guard.")]
    numbers = [str(one.id).removeprefix("bearer_guard.") for one in ours]
    assert len(set(numbers)) == len(numbers)
    return dict(zip(numbers, ours, strict=True))


def test_a_project_that_is_right_hears_nothing(options: Options) -> None:
    middleware = [SESSION, AUTHENTICATION, BEARER, UPDATE, FETCH]
    with project(options(), None, middleware, BEARER_GUARD_USER=BY_SUBJECT):
        assert found() == {}
        call_command("check", stdout=io.StringIO())
    with project({"audience": "a", "issuers": ["https://a.example/"]}):
        assert found(deploy=True) == {}


WRONG: dict[str, Any] = {
    "missing": None,
    "no issuers": {"audience": "a"},
    "an unknown option": {"audience": "a", "issuers": ["https://a.example/"], "x": 1},
    "an unsafe issuer": {"audience": "a", "issuers": ["http://a.example/"]},
    "a rule that never decides": {
        "audience": "a",
        "issuers": ["https://a.example/"],
        "rules": [{"path": "/**", "scopes": ["a"]}, {"path": "/a", "scopes": ["b"]}],
    },
}


@pytest.mark.parametrize("options", WRONG.values(), ids=list(WRONG))
def test_a_mistake_in_the_guards_setting_is_an_error_with_its_own_message(options: Any) -> None:
    with project(options):
        messages = found(deploy=True)
        assert list(messages) == ["E001"]
        assert messages["E001"].is_serious(checks.ERROR)
        with pytest.raises(ImproperlyConfigured) as raised:
            conf.guard()
        assert messages["E001"].msg == str(raised.value)
        assert messages["E001"].msg == f"BEARER_GUARD: {raised.value.__cause__}"
        assert isinstance(raised.value.__cause__, SettingsError)
        with pytest.raises(CommandError, match=r"bearer_guard\.E001"):
            call_command("check")


def test_a_mistake_in_the_users_setting_is_an_error(options: Options) -> None:
    with project(options(), BEARER_GUARD_USER={"lookup": {"email": "email"}}):
        messages = found()
        assert list(messages) == ["E002"]
        assert messages["E002"].msg.startswith("BEARER_GUARD_USER: lookup must go by sub")


@pytest.mark.parametrize(
    ("middleware", "other"),
    [
        ([SESSION, BEARER, AUTHENTICATION], AUTHENTICATION),
        ([SESSION, AUTHENTICATION, BEARER, REMOTE], REMOTE),
        ([SESSION, f"{__name__}.Subclass", AUTHENTICATION], AUTHENTICATION),
        (
            ["bearer_guard.django.middleware.BearerMiddleware", SESSION, f"{__name__}.OwnSession"],
            f"{__name__}.OwnSession",
        ),
    ],
)
def test_a_session_that_would_go_before_the_token_is_an_error_and_no_start(
    options: Options, middleware: list[str], other: str
) -> None:
    ours = next(name for name in middleware if "Bearer" in name or "Subclass" in name)
    with project(options(), None, middleware, BEARER_GUARD_USER=BY_SUBJECT):
        message = found()["E003"]
        assert message.hint == f"in MIDDLEWARE, write {ours!r} after {other!r}"
        with pytest.raises(ImproperlyConfigured, match="a session's in place of the token's"):
            WSGIHandler()
    with project(options(), None, middleware):
        assert found() == {}


@pytest.mark.parametrize("cache", [FETCH, "django.middleware.cache.CacheMiddleware"])
@pytest.mark.parametrize("between", [[], ["django.middleware.common.CommonMiddleware"]])
def test_a_cache_that_answers_before_the_guard_is_an_error_and_no_start(
    options: Options, cache: str, between: list[str]
) -> None:
    with project(options(), None, [cache, *between, BEARER]):
        message = found()["E004"]
        assert message.hint == f"in MIDDLEWARE, write {BEARER!r} before {cache!r}"
        with pytest.raises(ImproperlyConfigured, match="are given before any token is checked"):
            WSGIHandler()


def test_a_middleware_that_is_a_function_is_passed_by(options: Options) -> None:
    with project(options(), None, [f"{__name__}.function_middleware", BEARER]):
        assert found() == {}


def function_middleware(get_response: Any) -> Any:
    raise AssertionError("it is not reached")


def test_that_nothing_asks_the_guard_is_a_warning(options: Options) -> None:
    with project(options(), None, []):
        messages = found()
        assert list(messages) == ["W001"]
        assert not messages["W001"].is_serious(checks.ERROR)
    with project(options(), None, [], SILENCED_SYSTEM_CHECKS=["bearer_guard.W001"]):
        assert found()["W001"].is_silenced()
    with project(options(), None, [f"{__name__}.Subclass"]):
        assert found() == {}


@pytest.mark.parametrize("app", ["rest_framework", "ninja"])
def test_a_framework_that_asks_view_by_view_needs_no_middleware(options: Options, app: str) -> None:
    apps = ["django.contrib.auth", "django.contrib.contenttypes", "bearer_guard.django", app]
    with project(options(), None, [], INSTALLED_APPS=apps):
        from bearer_guard.django.checks import check_settings

        assert check_settings() == []


INTROSPECTION = {"client_id": "a", "client_secret": "b"}


def guarded(**issuer: Any) -> dict[str, Any]:
    more = issuer.pop("guard", {})
    return {"audience": "a", "issuers": [{"issuer": "https://a.example/", **issuer}], **more}


UNSAFE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "W002": (guarded(guard={"query_parameter": True}), guarded(guard={"form_parameter": True})),
    "W003": (guarded(guard={"public": ["/**"]}), guarded(guard={"public": ["/docs/**"]})),
    "W004": (guarded(guard={"clock": HandClock()}), guarded()),
    "W005": (
        guarded(jwks_uri="http://127.0.0.1:8080/keys"),
        guarded(jwks_uri="https://a.example/keys"),
    ),
    "W006": (guarded(leeway=121), guarded(leeway=120)),
    "W007": (guarded(clients_instead_of_audience=["web"]), guarded()),
    "W008": (
        guarded(introspection={**INTROSPECTION, "cache_for": 601}),
        guarded(introspection={**INTROSPECTION, "cache_for": 600}),
    ),
}


@pytest.mark.parametrize("number", UNSAFE)
def test_what_is_unsafe_in_production_is_a_warning_of_deploy(number: str) -> None:
    unsafe, safe = UNSAFE[number]
    with project(unsafe):
        messages = found(deploy=True)
        assert list(messages) == [number]
        assert messages[number].hint
        assert not messages[number].is_serious(checks.ERROR)
        assert found() == {}
    with project(safe):
        assert found(deploy=True) == {}


@pytest.mark.parametrize(
    "issuer",
    [
        {"issuer": "http://localhost:8080/"},
        {"metadata_uri": "http://[::1]:8080/metadata"},
        {"introspection": {**INTROSPECTION, "endpoint": "http://127.0.0.1:1/introspect"}},
    ],
)
def test_whatever_is_asked_without_tls_is_named(issuer: dict[str, Any]) -> None:
    with project(guarded(**issuer)):
        (message,) = found(deploy=True).values()
        assert message.id == "bearer_guard.W005"
        assert message.msg.startswith("http://")


def test_claims_that_may_change_are_a_warning_of_deploy(options: Options) -> None:
    setting = {"lookup": {"email": "email"}, "trust_other_claims": True}
    with project(guarded(), BEARER_GUARD_USER=setting):
        assert list(found(deploy=True)) == ["W009"]
    with project(guarded(), BEARER_GUARD_USER=BY_SUBJECT):
        assert found(deploy=True) == {}


class Shows(SafeExceptionReporterFilter):
    """As Django did it before it hid the ``Authorization`` header."""

    hidden_settings = re.compile("API|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE")


class OfAnotherKind:
    """Nothing of Django's."""


@pytest.fixture
def reports() -> Iterator[None]:
    """Django keeps the filter that it found first."""
    get_default_exception_reporter_filter.cache_clear()
    yield
    get_default_exception_reporter_filter.cache_clear()


def test_error_reports_that_show_tokens_are_a_warning_of_deploy(reports: None) -> None:
    with project(guarded(), DEFAULT_EXCEPTION_REPORTER_FILTER=f"{__name__}.Shows"):
        message = found(deploy=True)["W010"]
        assert '"bearer_guard.django.reports.TokenFilter"' in (message.hint or "")


@pytest.mark.parametrize(
    "name", ["bearer_guard.django.reports.TokenFilter", f"{__name__}.OfAnotherKind"]
)
def test_reports_that_hide_them_are_none(name: str, reports: None) -> None:
    with project(guarded(), DEFAULT_EXCEPTION_REPORTER_FILTER=name):
        assert found(deploy=True) == {}


def test_the_application_brings_no_model_and_no_migration() -> None:
    from django.apps import apps

    config = apps.get_app_config("bearer_guard")
    assert list(config.get_models()) == []
    out = io.StringIO()
    call_command("makemigrations", "bearer_guard", check=True, dry_run=True, stdout=out)
    assert out.getvalue() == "No changes detected in app 'bearer_guard'\n"
