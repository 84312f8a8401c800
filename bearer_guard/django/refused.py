"""A good token that speaks for nobody whom Django lets in."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied

from bearer_guard.errors import InvalidToken


class UserRefused(InvalidToken, PermissionDenied):
    """Raised where ``request.user`` is looked at.

    In a view it becomes the guard's answer (401). Another middleware that looks at the user makes
    Django answer it: as ``PermissionDenied`` then, with 403.
    """
