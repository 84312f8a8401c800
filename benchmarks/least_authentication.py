"""What no authentication class of REST framework that remembers tokens can go without.

A module of its own: it imports REST framework, which wants Django's settings first.
"""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication

from benchmarks import least

_MEMORY = least.Memory()


class _User:
    is_authenticated = True


class LeastAuthentication(BaseAuthentication):
    """Any token is good."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        """A user, and what is remembered of the token."""
        token = _MEMORY.token(request.META.get("HTTP_AUTHORIZATION", "").encode("latin-1"))
        return token and (_User(), token)

    def authenticate_header(self, _request: Any) -> str:
        """The challenge."""
        return "Bearer"
