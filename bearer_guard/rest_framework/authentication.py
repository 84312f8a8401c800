"""Who calls, as REST framework asks for it."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from bearer_guard._django_token import token_of
from bearer_guard.access_token import AccessToken
from bearer_guard.django import conf, users
from bearer_guard.errors import BearerError, MissingToken
from bearer_guard.guard import Guard
from bearer_guard.rest_framework.answers import Answer, refused
from bearer_guard.rest_framework.users import TokenUser

_ANSWER = "_bearer_guard_answer"
"""Where a request holds the answer that it gets if it is not let in: one, for it is logged."""


class BearerAuthentication(BaseAuthentication):
    """``request.auth`` is the ``AccessToken``, ``request.user`` whom it speaks for.

    A request without a token is anonymous, and the permission classes say what that may do; but
    where the guard's rules name scopes for the path, nobody is let in without. A token that is
    not good is refused, whatever the view. Put this class first, and REST framework answers 401
    to whom it does not let in; behind ``SessionAuthentication`` it is 403.
    """

    def get_guard(self) -> Guard:
        """The guard that judges: that of ``BEARER_GUARD``. Override it for another."""
        return conf.guard()

    def get_user(self, request: Request, token: AccessToken) -> Any:
        """Whom the token speaks for: by ``BEARER_GUARD_USER``, or a ``TokenUser``.

        Raises ``UserRefused`` for one whom Django does not let in.
        """
        if not users.is_attached(request._request):
            return TokenUser(token)
        user = request._request.user
        # It is looked up here and now: a view may do its work without a look at the user.
        getattr(user, "is_active", None)
        return user

    def authenticate(self, request: Request) -> tuple[Any, AccessToken] | None:
        """The user and the token; ``None`` without a token. Raises ``Refused``."""
        guard = self.get_guard()
        try:
            token = token_of(request._request, guard)
            return self.get_user(request, token), token
        except MissingToken as error:
            setattr(request, _ANSWER, Answer(guard, error))
            if error.scopes:
                # An anonymous caller may not do more than one whose token grants too little.
                raise NotAuthenticated from error
            return None
        except BearerError as error:
            exception = refused(guard, error)
            # REST framework asks for the header of this answer too, and passes over it.
            setattr(request, _ANSWER, exception.answer)
            raise exception from error

    def authenticate_header(self, request: Request) -> str | None:
        """The challenge (RFC 6750 section 3)."""
        return missing(request).challenge


def guard_of(request: Request) -> Guard:
    """The guard that let a request in, or that would have."""
    for authenticator in request.authenticators or ():
        if isinstance(authenticator, BearerAuthentication):
            return authenticator.get_guard()
    return conf.guard()


def missing(request: Request) -> Answer:
    """The answer to a request that no token lets in."""
    found: Answer | None = getattr(request, _ANSWER, None)
    if found is None:
        found = Answer(guard_of(request), MissingToken())
        setattr(request, _ANSWER, found)
    return found
