"""Law of this room: translate between Django REST framework and the guard, and decide nothing.

    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["bearer_guard.rest_framework.BearerAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "EXCEPTION_HANDLER": "bearer_guard.rest_framework.exception_handler",
    }

``request.auth`` is the ``AccessToken``; the guard is that of ``BEARER_GUARD`` in the settings.
"""

try:
    import rest_framework  # noqa: F401
except ImportError:
    raise ImportError(
        "bearer_guard.rest_framework needs Django REST framework: "
        "install bearer-guard[rest-framework]"
    ) from None

# REST framework imports this while its own views are being made: nothing here may import them.
from bearer_guard.rest_framework.answers import Refused
from bearer_guard.rest_framework.authentication import BearerAuthentication
from bearer_guard.rest_framework.handler import exception_handler
from bearer_guard.rest_framework.permissions import HasScopes, has_any_scope, has_scopes
from bearer_guard.rest_framework.users import TokenUser

__all__ = [
    "BearerAuthentication",
    "HasScopes",
    "Refused",
    "TokenUser",
    "exception_handler",
    "has_any_scope",
    "has_scopes",
]
