"""Which requests Django need not protect from cross-site request forgery.

A forged request rides on what a browser sends by itself: cookies above all. An ``Authorization``
header with a Bearer token is never sent by itself, and no form can add it. So a request is free
of the check when that header let it in, and nothing else tells who its user is.
"""

from __future__ import annotations

from typing import Any

from bearer_guard._core.credentials import from_header
from bearer_guard.django.request import DjangoRequest


def waive(request: Any, view: DjangoRequest, *, user_is_the_tokens: bool) -> None:
    """Have ``CsrfViewMiddleware`` let a request pass that a token let in, if it may.

    Without ``BEARER_GUARD_USER`` a cookie may still tell of a user, of a session for one: then
    the check stays, and so it does for tokens in a query or a form, which anybody's page can
    make a browser send.
    """
    if from_header(view.header_values(b"authorization")) is None:
        return
    if user_is_the_tokens or not any(view.header_values(b"cookie")):
        # The one switch that works with the middleware in any order, and with csrf_protect.
        request._dont_enforce_csrf_checks = True
