"""A request's way into the project, and its answer's way out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from bearer_guard.access_token import AccessToken
from bearer_guard.django import conf, csrf, streams, users
from bearer_guard.django.request import DjangoRequest

_SEEN = "_bearer_guard_seen"
"""Where a request holds what of it was judged."""
_SAYS_WHO_MAY_KEEP_IT = ("no-store", "private", "public")


def is_another(request: HttpRequest) -> bool:
    """Whether a middleware has made another request of it since it was judged."""
    return getattr(request, _SEEN, None) != _what_counts(request)


def _what_counts(request: HttpRequest) -> tuple[str | None, str]:
    return request.method, request.path_info


class Passage:
    """One request, and the guard that judges it."""

    __slots__ = ("_request", "guard", "view")

    def __init__(self, request: HttpRequest) -> None:
        self._request: Any = request
        self.guard = conf.guard()
        self.view = DjangoRequest(request, self.guard)

    def let_in(self, token: AccessToken | None) -> None:
        """What the views find; ``None`` on a public path."""
        request = self._request
        request.access_token = token
        setattr(request, _SEEN, _what_counts(request))
        if token is None:
            return
        user_is_the_tokens = users.attach(request, token)
        csrf.waive(request, self.view, user_is_the_tokens=user_is_the_tokens)
        if self.view.form:
            # Django's error reports leave it out.
            request.sensitive_post_parameters = ["access_token"]

    def let_out(self, answer: HttpResponseBase) -> HttpResponseBase:
        """No cache gives to one caller what another was answered, and no stream outlives its
        token where the setting asks so."""
        token: AccessToken | None = self._request.access_token
        if 200 <= answer.status_code < 300 and self.guard.must_stay_private(self.view):
            answer.setdefault("Cache-Control", "private")
        said = answer.get("Cache-Control", "").lower()
        if token is not None and not any(word in said for word in _SAYS_WHO_MAY_KEEP_IT):
            # RFC 9111 section 3.5: Django's own cache heeds it in its newest versions alone.
            patch_vary_headers(answer, ("Authorization",))
        if token is not None and self.guard.settings.end_streams_at_expiry:
            streams.end_at_expiry(answer, self.guard, token, self.view.method)
        return answer
