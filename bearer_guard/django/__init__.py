"""Law of this room: translate between Django and the guard, and decide nothing.

    INSTALLED_APPS = [..., "bearer_guard.django"]
    MIDDLEWARE = [..., "bearer_guard.django.BearerMiddleware"]
    BEARER_GUARD = {"audience": "https://api.example.com", "issuers": ["https://login.example.com/"]}

Views find the ``AccessToken`` at ``request.access_token``. No model, no migration, and no query
but those that ``BEARER_GUARD_USER`` asks for, when ``request.user`` is looked at.
"""

try:
    import django  # noqa: F401
except ImportError:
    raise ImportError("bearer_guard.django needs Django: install bearer-guard[django]") from None

from bearer_guard.django.middleware import BearerMiddleware

__all__ = ["BearerMiddleware"]
