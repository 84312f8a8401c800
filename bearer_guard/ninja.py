"""Guard an API of Django Ninja, operation by operation.

    bearer = Bearer()
    api = NinjaAPI(auth=bearer)

    @api.get("/orders", auth=bearer.require_scopes("orders:read"))
    def orders(request): ...

``request.auth`` is the ``AccessToken``; the guard is that of ``BEARER_GUARD`` in the settings.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

try:
    import ninja
    from ninja.errors import AuthenticationError
except ImportError:
    raise ImportError(
        "bearer_guard.ninja needs Django Ninja: install bearer-guard[ninja]"
    ) from None
from django.http import HttpRequest, HttpResponse

from bearer_guard._django_token import token_of, token_of_async
from bearer_guard._ninja_document import Document
from bearer_guard._openapi_scheme import Places
from bearer_guard._requirement import all_of, any_of
from bearer_guard.access_token import AccessToken
from bearer_guard.django import conf
from bearer_guard.django.responses import worded
from bearer_guard.errors import BearerError, MissingToken
from bearer_guard.guard import Guard

_GUARD = "_bearer_guard"
"""Where a request holds the guard that was asked last."""
_MISSING = "_bearer_guard_missing"
"""And the ``MissingToken`` of a client that may yet have other credentials."""
_UNANSWERED = (
    "To have the guard answer this, make the API with bearer_guard.ninja.NinjaAPI, or write "
    "api.add_exception_handler(BearerError, bearer_guard.ninja.answer)"
)


class Bearer:
    """For ``auth=`` of an API, a router or an operation, sync and async.

    Without a token, the next of several in a list is tried; a token that is not good is refused
    at once. The guard's rules hold here too. ``NinjaAPI`` answers as the guard does.

    Args:
        guard: judges the token; by default that of ``BEARER_GUARD``.
        authorization_url, token_url, refresh_url: the issuer's endpoints, for the OpenAPI
            document; Swagger UI logs in there. ``token_url`` alone is for clients without users.
        openid_connect_url: the issuer's metadata in their place. By default the well-known URL
            of the guard's first issuer.
        scopes: what Swagger UI offers to ask for, by name, with a description each. Those of
            the guard's rules are added.
        description: tells of it there. The scheme is named after the class.
    """

    def __init__(
        self,
        guard: Guard | None = None,
        *,
        authorization_url: str | None = None,
        token_url: str | None = None,
        refresh_url: str | None = None,
        openid_connect_url: str | None = None,
        scopes: Mapping[str, str] | None = None,
        description: str | None = None,
    ) -> None:
        self._guard = guard
        self._places = Places(
            authorization_url=authorization_url,
            token_url=token_url,
            refresh_url=refresh_url,
            openid_connect_url=openid_connect_url,
            scopes=scopes or {},
            description=description,
        )
        self._scopes: tuple[str, ...] = ()
        self._any_scopes: tuple[tuple[str, ...], ...] = ()

    def require_scopes(self, *scopes: str) -> Self:
        """The same, for operations that need *all* of ``scopes``. Raises ``SettingsError``."""
        all_of(*scopes)
        made = copy.copy(self)
        made._scopes = tuple(dict.fromkeys((*self._scopes, *scopes)))
        return made

    def require_any_scope(self, *scopes: str) -> Self:
        """The same, for operations that need *one* of ``scopes``."""
        any_of(*scopes)
        made = copy.copy(self)
        made._any_scopes = (*self._any_scopes, scopes)
        return made

    @property
    def guard(self) -> Guard:
        """The guard that judges the token."""
        return conf.guard() if self._guard is None else self._guard

    @property
    def openapi_security_schema(self) -> dict[str, Any]:
        """For the OpenAPI document; ninja reads it."""
        return self._places.scheme(self.guard.settings)

    @property
    def scope_choices(self) -> list[tuple[str, ...]]:
        """For the OpenAPI document: every set of scopes that suffices."""
        return [(*self._scopes, *choice) for choice in itertools.product(*self._any_scopes)]

    @property
    def is_async(self) -> bool:
        """Whether an event loop waits for the answer: ninja asks before each call.

        So one object serves sync operations, in threads, and async ones.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False
        return True

    def __call__(self, request: HttpRequest) -> Any:
        """The token, or ``None`` without one; on an event loop, an awaitable of it.

        Raises a ``BearerError``.
        """
        setattr(request, _GUARD, self.guard)
        return self._authenticate_async(request) if self.is_async else self._authenticate(request)

    def _authenticate(self, request: HttpRequest) -> AccessToken | None:
        with self._asking(request):
            return self._granted(token_of(request, self.guard))
        return None

    async def _authenticate_async(self, request: HttpRequest) -> AccessToken | None:
        with self._asking(request):
            return self._granted(await token_of_async(request, self.guard))
        return None

    def _granted(self, token: AccessToken) -> AccessToken:
        token.require_scopes(*self._scopes)
        for choice in self._any_scopes:
            token.require_any_scope(*choice)
        return token

    @contextmanager
    def _asking(self, request: HttpRequest) -> Iterator[None]:
        try:
            yield
        except MissingToken as error:
            named = itertools.chain(error.scopes, self._scopes, *self._any_scopes)
            error.scopes = tuple(dict.fromkeys(named))
            # What ninja raises once nothing else has let the request in tells nothing of it.
            setattr(request, _MISSING, error)
        except BearerError as error:
            error.add_note(_UNANSWERED)
            raise


def answer(request: HttpRequest, error: Any) -> HttpResponse:
    """The guard's answer: an exception handler for ``BearerError``, which ``NinjaAPI`` has."""
    guard: Guard = getattr(request, _GUARD, None) or conf.guard()
    return worded(request, guard.refusal(error))


class NinjaAPI(ninja.NinjaAPI):
    """ninja's own, that answers what a ``Bearer`` refuses as the guard does, to the octet.

    ``@api.exception_handler(BearerError)`` puts another answer in its place. A ``BearerError``
    that an operation raises is answered as well, and the OpenAPI document names scopes.
    """

    def set_default_exception_handlers(self) -> None:
        """ninja's, and the guard's."""
        super().set_default_exception_handlers()
        self.add_exception_handler(BearerError, answer)

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        """What has become of a request that raised."""
        missing = getattr(request, _MISSING, None)
        let_in = getattr(request, "auth", None) is not None
        if isinstance(exc, AuthenticationError) and missing is not None and not let_in:
            exc = missing
        return super().on_exception(request, exc)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> Document:
        """The OpenAPI document."""
        if path_prefix is None:
            path_prefix = self.get_root_path(path_params or {})
        return Document(self, path_prefix)


__all__ = ["Bearer", "NinjaAPI", "answer"]
