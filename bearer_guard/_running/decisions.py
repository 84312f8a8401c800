"""An authenticator whose decisions an observer hears. Stands in its place only where there is
one, so that nobody else pays for it."""

from __future__ import annotations

from bearer_guard._running.authenticator import Authenticator, Waiting
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import AuthorizationServerUnavailable, BearerError, InsufficientScope
from bearer_guard.observer import Observer, Outcome
from bearer_guard.request import RequestView


class Decisions:
    """``begin``, ``finish`` and ``finish_async`` of an authenticator."""

    def __init__(self, authenticator: Authenticator, observer: Observer) -> None:
        self._authenticator = authenticator
        self._observer = observer
        parts = authenticator.parts()
        parts.watches.observer = observer
        self._alias_of = parts.trust.alias_of

    def begin(self, request: RequestView, at_most: float | None = None) -> AccessToken | Waiting:
        """The request's token, or what is to be finished first."""
        try:
            found = self._authenticator.begin(request, at_most)
        except BearerError as error:
            self._tell(error)
            raise
        return self._let_in(found) if isinstance(found, AccessToken) else found

    def finish(self, waiting: Waiting) -> AccessToken:
        """The rest of what ``begin`` began."""
        try:
            found = self._authenticator.finish(waiting)
        except BearerError as error:
            self._tell(error)
            raise
        return self._let_in(found)

    async def finish_async(self, waiting: Waiting) -> AccessToken:
        """The same on an event loop."""
        try:
            found = await self._authenticator.finish_async(waiting)
        except BearerError as error:
            self._tell(error)
            raise
        return self._let_in(found)

    def refused(self, error: BearerError) -> None:
        """A good token granted too little: that shows only when the answer is written."""
        if isinstance(error, InsufficientScope):
            self._tell(error)

    def _let_in(self, found: AccessToken) -> AccessToken:
        self._observer.decided("let_in", "", self._alias_of(found.issuer))
        return found

    def _tell(self, error: BearerError) -> None:
        unavailable = isinstance(error, AuthorizationServerUnavailable)
        outcome: Outcome = "unavailable" if unavailable else "refused"
        self._observer.decided(outcome, error.reason, error.issuer_alias)
