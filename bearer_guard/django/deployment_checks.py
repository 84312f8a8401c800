"""What ``manage.py check --deploy`` warns of: settings that are meant for another place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's own name
from django.core.exceptions import ImproperlyConfigured
from django.views.debug import get_default_exception_reporter_filter

from bearer_guard.django import conf
from bearer_guard.settings import GuardSettings, Issuer

_LEEWAY = 120
"""Seconds: clocks that differ by more are to be set right."""
_CACHE_FOR = 600
"""Seconds: for so long a revoked token may be let in."""


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Settings that are unsafe in production."""
    try:
        guard = conf.guard()
    except ImproperlyConfigured:
        # The other checks tell of it.
        return []
    return [*_of_guard(guard.settings), *_of_issuers(guard.settings), *_of_django()]


def _of_guard(guard: GuardSettings) -> Iterator[CheckMessage]:
    if guard.query_parameter:
        yield _warning(
            "W002",
            "query_parameter takes tokens from URLs, which end up in logs and histories",
            "have clients send the Authorization header, and leave it out",
        )
    if "/**" in guard.public:
        yield _warning(
            "W003",
            'public names "/**", so no path needs a token',
            "name the paths that are public",
        )
    if "clock" in settings.BEARER_GUARD:
        yield _warning(
            "W004",
            "clock makes tokens expire by another clock than the system's",
            "leave it to the tests",
        )


def _of_issuers(guard: GuardSettings) -> Iterator[CheckMessage]:
    for issuer in guard.issuers:
        for url in _plain_urls(issuer):
            yield _warning(
                "W005",
                f"{url} is asked without TLS: whatever answers on this machine is trusted",
                "write https://",
            )
        if issuer.leeway > _LEEWAY:
            yield _warning(
                "W006",
                f"{issuer.issuer}: tokens are let in for {issuer.leeway:g} s past their end",
                "set the clocks right, and leave leeway at 60",
            )
        if issuer.clients_instead_of_audience:
            yield _warning(
                "W007",
                f"{issuer.issuer}: tokens without an audience are let in, which "
                "clients_instead_of_audience allows",
                "have the issuer write aud into its tokens; if it cannot, silence this check",
            )
        asked = issuer.introspection
        if asked is not None and (kept := asked.cache_for + asked.grace_for) > _CACHE_FOR:
            yield _warning(
                "W008",
                f"{issuer.issuer}: a revoked token may be let in for {kept:g} s",
                "leave cache_for at 60, and grace_for at 0",
            )


def _plain_urls(issuer: Issuer) -> list[str]:
    asked = [issuer.issuer, issuer.jwks_uri, issuer.metadata_uri]
    if issuer.introspection is not None:
        asked.append(issuer.introspection.endpoint)
    return [url for url in asked if url is not None and url.startswith("http:")]


def _of_django() -> Iterator[CheckMessage]:
    user = getattr(settings, conf.USER, None)
    if isinstance(user, dict) and user.get("trust_other_claims"):
        yield _warning(
            "W009",
            f"{conf.USER} trusts other claims than sub: whoever can have such a claim changed at "
            "the issuer becomes another user",
            'look users up by "sub"',
        )
    hidden = getattr(get_default_exception_reporter_filter(), "hidden_settings", None)
    if hidden is not None and not hidden.search("HTTP_AUTHORIZATION"):
        yield _warning(
            "W010",
            "Django's error reports, and the e-mails made of them, show the tokens of requests",
            'write DEFAULT_EXCEPTION_REPORTER_FILTER = "bearer_guard.django.reports.TokenFilter"',
        )


def _warning(number: str, message: str, hint: str) -> Warning:
    return Warning(message, hint, id=f"bearer_guard.{number}")
