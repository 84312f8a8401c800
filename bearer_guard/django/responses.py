"""The guard's answers as Django's responses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from bearer_guard._core.challenge import Refusal
from bearer_guard.django import conf
from bearer_guard.errors import BearerError


def response(request: HttpRequest, error: BearerError) -> HttpResponse:
    """The whole answer to a request that is refused, and the one log record of it."""
    return worded(request, conf.guard().refusal(error))


def worded(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The answer that a guard has worded, and told of, already."""
    body = refusal.body_for(request.method)
    made = HttpResponse(body, status=refusal.status, headers=dict(refusal.headers))
    # The guard has told of it. Django would tell again, and mail every 503 to the ADMINS.
    setattr(made, "_has_been_logged", True)  # noqa: B010 - Django's own, and told to nobody
    return made
