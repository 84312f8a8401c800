"""Class-based views that ask for scopes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from bearer_guard._requirement import all_of, any_of
from bearer_guard.django.scopes import access_token
from bearer_guard.errors import SettingsError


class RequireScopesMixin:
    """``class Orders(RequireScopesMixin, View): required_scopes = ["orders:read"]``

    For every method of a view, sync or async. A single method takes ``@require_scopes``. With
    neither attribute, a good token is enough.
    """

    required_scopes: ClassVar[Sequence[str]] = ()
    """*All* of these are needed,"""
    required_any_scope: ClassVar[Sequence[str]] = ()
    """and *one* of these."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if View in cls.__mro__ and cls.__mro__.index(View) < cls.__mro__.index(RequireScopesMixin):
            raise SettingsError(
                f"{cls.__name__} would ask for no scope: write RequireScopesMixin before View"
            )
        _check(cls.required_scopes, cls.required_any_scope)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., Any]:
        """The view function; arguments stand in for the attributes of their names."""
        _check(
            initkwargs.get("required_scopes", cls.required_scopes),
            initkwargs.get("required_any_scope", cls.required_any_scope),
        )
        view: Callable[..., Any] = super().as_view(**initkwargs)  # type: ignore[misc]
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask for the scopes, then do what the view does. Raises a ``BearerError``."""
        token = access_token(request)
        token.require_scopes(*self.required_scopes)
        if self.required_any_scope:
            token.require_any_scope(*self.required_any_scope)
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return answer


def _check(scopes: Sequence[str], any_scope: Sequence[str]) -> None:
    """Raises ``SettingsError`` for what is no list of scopes."""
    for option, value in (("required_scopes", scopes), ("required_any_scope", any_scope)):
        if isinstance(value, str):
            raise SettingsError(f'{option} is {value!r}: write a list, ["{value}"]')
    all_of(*scopes)
    if any_scope:
        any_of(*any_scope)
