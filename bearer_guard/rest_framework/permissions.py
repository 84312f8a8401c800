"""What a token must grant, as REST framework asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from bearer_guard._requirement import all_of, any_of
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import InsufficientScope
from bearer_guard.rest_framework import needed
from bearer_guard.rest_framework.answers import Refused, refused
from bearer_guard.rest_framework.authentication import guard_of, missing
from bearer_guard.rest_framework.needed import Needed

if TYPE_CHECKING:
    from rest_framework.views import APIView


class HasScopes(BasePermission):
    """Lets in requests whose token grants what the view names.

        class Orders(APIView):
            permission_classes = [HasScopes]
            required_scopes = {"GET": ["orders:read"], "POST": ["orders:write"]}

    ``required_scopes`` is a list for every method, or a mapping from methods to lists;
    ``required_any_scope`` likewise names scopes of which *one* is needed. Where methods are
    named, GET covers HEAD, a method that is not named is refused, and OPTIONS, which describes
    the view, needs a good token. A view that names nothing is a mistake, and says so.
    """

    required_scopes: Any = None
    required_any_scope: Any = None
    _refusal: Refused | None = None

    def needed(self, view: APIView, method: str) -> Needed | None:
        """What a method of the view needs; ``None`` where it is not named."""
        own = self.required_scopes is not None or self.required_any_scope is not None
        return needed.needed(type(self) if own else view, method)

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the token grants enough."""
        self._refusal = None
        method = request.method or ""
        if not _is_served(view, method):
            # The view answers 405: there is nothing to guard.
            return True
        if not isinstance(request.auth, AccessToken):
            if request.successful_authenticator is None:
                self._name_scopes(request, view, method)
            return False
        return self._is_granted(request, view, method, request.auth)

    @property
    def message(self) -> None:
        """Raises what is wrong with the token.

        REST framework reads it once this permission is the one that refuses, and not where
        another lets in: ``HasScopes | IsAdminUser``.
        """
        if self._refusal is not None:
            raise self._refusal

    def _name_scopes(self, request: Request, view: APIView, method: str) -> None:
        """For the challenge, should REST framework answer 401."""
        error, found = missing(request).error, self.needed(view, method)
        if found is not None:
            error.scopes = tuple(dict.fromkeys((*error.scopes, *found.named())))

    def _is_granted(self, request: Request, view: APIView, method: str, token: AccessToken) -> bool:
        try:
            self._require(view, method, token)
        except InsufficientScope as error:
            self._refusal = refused(guard_of(request), error)
            return False
        return True

    def _require(self, view: APIView, method: str, token: AccessToken) -> None:
        found = self.needed(view, method)
        if found is None:
            raise InsufficientScope((), method=method, view=type(view).__qualname__)
        found.require(token)


def _is_served(view: APIView, method: str) -> bool:
    """As the view's own dispatch decides it: ``allowed_methods`` may be said otherwise."""
    name = method.lower()
    return name in view.http_method_names and hasattr(view, name)


def has_scopes(*scopes: str) -> type[HasScopes]:
    """A permission class that needs *all* of ``scopes``, whatever the view names:
    ``@permission_classes([has_scopes("orders:read")])``. Raises ``SettingsError``."""
    all_of(*scopes)
    return type("HasScopes", (HasScopes,), {"required_scopes": scopes, "__doc__": None})


def has_any_scope(*scopes: str) -> type[HasScopes]:
    """The same for *one* of ``scopes``."""
    any_of(*scopes)
    return type("HasScopes", (HasScopes,), {"required_any_scope": scopes, "__doc__": None})
