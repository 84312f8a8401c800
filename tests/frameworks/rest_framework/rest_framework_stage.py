"""A Django project with REST framework, its views in ``rest_framework_views``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import override_settings

from bearer_guard import Request
from bearer_guard.django import conf
from bearer_guard.testing import AuthorizationServer

AWAY = "https://away.example.com/"
"""An issuer whose servers nobody reaches."""
OURS = "bearer_guard.django.BearerMiddleware"
HANDLER = "bearer_guard.rest_framework.exception_handler"
# Users of Django's; who it is stands in a signed cookie.
SESSIONS = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)
APPS = ("rest_framework", "drf_spectacular")

Headers = dict[str, str]
HeadersOf = Callable[..., Headers]
Project = Callable[..., Any]


@pytest.fixture(scope="session")
def server() -> AuthorizationServer:
    return AuthorizationServer(issuer="https://login.example.com/")


@pytest.fixture(scope="module")
def applications() -> Iterator[None]:
    """What no test changes: to load applications anew takes time."""
    with override_settings(
        INSTALLED_APPS=[*settings.INSTALLED_APPS, *APPS],
        ROOT_URLCONF="rest_framework_urls",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        AUTHENTICATION_BACKENDS=["rest_framework_users.Backend"],
    ):
        yield


@pytest.fixture
def project(server: AuthorizationServer, applications: None) -> Iterator[Project]:
    """Makes a project, for the time of a test, and its WSGI application."""
    with ExitStack() as stack:
        client = stack.enter_context(server.http_client())

        def make(
            *middleware: str,
            handler: str | None = HANDLER,
            options: dict[str, Any] | None = None,
            **more: Any,
        ) -> Any:
            guarded = {
                "audience": server.audience,
                "issuers": [server.issuer, AWAY],
                "public": ["/health"],
                "rules": [
                    {"path": "/admin/**", "scopes": ["admin:all"]},
                    {"path": "/reports/**", "methods": ["GET"], "any_scope": ["clerk", "boss"]},
                ],
                "http_client": client,
                **(options or {}),
            }
            # Read when a view is made, hence the same for all.
            framework = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
            framework |= {} if handler is None else {"EXCEPTION_HANDLER": handler}
            framework |= more.pop("REST_FRAMEWORK", {})
            stack.enter_context(
                override_settings(
                    BEARER_GUARD=guarded, MIDDLEWARE=middleware, REST_FRAMEWORK=framework, **more
                )
            )
            # So that no test waits for keys.
            token = {"authorization": f"Bearer {server.jwt()}"}
            conf.guard().authenticate(Request(headers=token))
            return get_wsgi_application()

        yield make


@pytest.fixture(scope="session")
def bearer(server: AuthorizationServer) -> HeadersOf:
    """Headers with a token that grants these scopes."""

    def headers(*scopes: str, **grant: Any) -> Headers:
        return {"Authorization": f"Bearer {server.jwt(scope=scopes, **grant)}"}

    return headers


@pytest.fixture
def database(applications: None) -> Iterator[None]:
    """The tables of users."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    yield
    connections.close_all()
