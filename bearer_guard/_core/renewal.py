"""A fresh token on an open WebSocket: it takes the place of the one that opened it.

RFC 6750 knows no such thing. So whatever opens a WebSocket is asked of the fresh token as well,
and it must be the same user's, through the same client, from the same issuer.
"""

from __future__ import annotations

from bearer_guard.access_token import AccessToken
from bearer_guard.errors import InsufficientScope, InvalidToken
from bearer_guard.request import RequestView

PREFIX = "bearer_guard.renew "
"""What a text message begins with that renews; the token follows, and nothing else."""


class Renewal:
    """The request that opened a WebSocket, as if made with another token: a ``RequestView``.

    Of the first token, and of any proof that came with it, nothing is left.
    """

    def __init__(self, request: RequestView, token: bytes) -> None:
        self.method = request.method
        self.path = request.path
        self.raw_path = request.raw_path
        self.url = request.url
        self.client_certificate = request.client_certificate
        self.query = self.form = b""
        self._token = token

    def header_values(self, name: bytes) -> list[bytes]:
        """``Authorization`` with the fresh token, and no other field."""
        return [b"Bearer " + self._token] if name == b"authorization" else []


def renewal(message: str, request: RequestView, limit: int) -> Renewal | None:
    """The renewal that a text message asks for; ``None`` for a message to the application."""
    if not message.startswith(PREFIX):
        return None
    # One character more than a token may have is enough to have it refused.
    token = message[len(PREFIX) : len(PREFIX) + limit + 1]
    # And what is no ASCII becomes what stands in no token.
    return Renewal(request, token.encode("ascii", "replace"))


def check_continues(before: AccessToken, fresh: AccessToken) -> None:
    """Raise a ``BearerError`` unless ``fresh`` says no less than ``before``, of the same user.

    A handler that asked for a scope when the connection began does not ask again.
    """
    names = ("issuer", "subject", "client_id")
    differing = [name for name in names if getattr(before, name) != getattr(fresh, name)]
    # A token that names nobody may be anybody's.
    if differing or (fresh.subject is None and fresh.client_id is None):
        raise InvalidToken("renewal_mismatch", differing=differing)
    lost = before.scopes - fresh.scopes
    if lost:
        raise InsufficientScope(tuple(sorted(lost)))
