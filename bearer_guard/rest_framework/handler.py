"""The guard's answers to the octet, where REST framework lets a project word its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from bearer_guard.errors import BearerError
from bearer_guard.rest_framework.answers import Answer, Refused
from bearer_guard.rest_framework.authentication import guard_of, missing

if TYPE_CHECKING:
    from rest_framework.response import Response


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """For ``EXCEPTION_HANDLER``: answers what the guard refuses as the guard does, and leaves
    all else to REST framework's own handler.

    A ``BearerError`` that a view raises (``request.auth.require_scopes("orders:write")``) is
    answered as well.
    """
    # Not at the top: REST framework's views may be what is importing this.
    from rest_framework import views

    from bearer_guard.rest_framework.responses import RefusalResponse

    request: Request | None = context.get("request")
    answer = None if request is None else _answer(exc, request)
    if request is None or answer is None:
        return views.exception_handler(exc, context)
    views.set_rollback()
    return RefusalResponse(answer.refusal, request.method)


def _answer(exc: Exception, request: Request) -> Answer | None:
    if isinstance(exc, Refused):
        return exc.answer
    if isinstance(exc, BearerError):
        return Answer(guard_of(request), exc)
    if isinstance(exc, NotAuthenticated) and request.successful_authenticator is None:
        challenge = getattr(exc, "auth_header", None)
        # REST framework lets the first authentication class speak: here, whether it is ours.
        if challenge is not None and challenge == missing(request).challenge:
            return missing(request)
    return None
