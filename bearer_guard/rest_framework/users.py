"""Who calls, where no user of Django's own stands behind a token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property

from bearer_guard.access_token import AccessToken


class TokenUser:
    """``request.user`` for a token, in no database and with no permissions of Django's.

    Two are equal, and are throttled as one, where issuer and subject are the same: a subject is
    unique within its issuer alone (RFC 8725 section 3.8). What a caller may do is what
    ``request.auth.scopes`` say.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, token: AccessToken) -> None:
        self.token = token

    @cached_property
    def pk(self) -> str:
        """Fit for the key of a cache, as REST framework's throttles use it."""
        token = self.token
        # RFC 9068 section 5: a client that speaks for itself is no user who has its name.
        client = token.client_id if token.subject is None else None
        identity = json.dumps([token.issuer, token.subject, client])
        return hashlib.sha256(identity.encode()).hexdigest()

    @property
    def id(self) -> str:
        """The same."""
        return self.pk

    @property
    def username(self) -> str:
        """The subject, or the client where the token speaks for no one else."""
        return self.token.subject or self.token.client_id or ""

    def get_username(self) -> str:
        """The same, as Django asks for it."""
        return self.username

    def has_perm(self, perm: str, obj: object = None) -> bool:  # noqa: ARG002 - Django's signature
        """No: permissions of Django's are given to users in its database."""
        return False

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Whether none are asked for."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, package_name: str) -> bool:  # noqa: ARG002 - Django's signature
        """No."""
        return False

    def __str__(self) -> str:
        return self.username

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenUser) and other.pk == self.pk

    def __hash__(self) -> int:
        return hash(self.pk)
