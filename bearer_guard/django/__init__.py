"""Law of this room: translate between Django and the guard, and decide nothing.

    INSTALLED_APPS = [..., "bearer_guard.django"]
    MIDDLEWARE = [..., "bearer_guard.django.BearerMiddleware"]
    BEARER_GUARD = {"audience": "https://api.example.com", "issuers": ["https://login.example.com/"]}

Views find the ``AccessToken`` at ``request.access_token``. There is no model and no migration;
the database is asked by ``request.user`` alone, and only where ``BEARER_GUARD_USER`` is set.
"""

try:
    import django  # noqa: F401 - to say what is missing, if it is
except ImportError:
    raise ImportError("bearer_guard.django needs Django: install bearer-guard[django]") from None

from bearer_guard.django.middleware import BearerMiddleware
from bearer_guard.django.mixins import RequireScopesMixin
from bearer_guard.django.scopes import access_token, require_any_scope, require_scopes

__all__ = [
    "BearerMiddleware",
    "RequireScopesMixin",
    "access_token",
    "require_any_scope",
    "require_scopes",
]
