"""A guard's refusals as REST framework's exceptions."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail

from bearer_guard.errors import BearerError, InsufficientScope, InvalidToken
from bearer_guard.guard import Guard

if TYPE_CHECKING:
    from bearer_guard._core.challenge import Refusal


class Answer:
    """A guard's answer to one request. It is worded, and logged, when it is first read.

    Not before: REST framework asks permissions also in order to describe a view, and throws
    away what they raise.
    """

    def __init__(self, guard: Guard, error: BearerError) -> None:
        self.guard = guard
        self.error = error

    @cached_property
    def refusal(self) -> Refusal:
        """Status, headers and body, and the one log record."""
        return self.guard.refusal(self.error)

    @property
    def challenge(self) -> str | None:
        """The value of ``WWW-Authenticate``; an outage has none."""
        return dict(self.refusal.headers).get("www-authenticate")


def _status(refused: Refused) -> int:
    return refused.answer.refusal.status


def _challenge(refused: Refused) -> str | None:
    return refused.answer.challenge


def _detail(refused: Refused) -> dict[str, ErrorDetail]:
    """Without ``status``: the leaves of such a detail are texts, each with a code."""
    document = json.loads(refused.answer.refusal.body)
    code = document.get("error", refused.default_code)
    del document["status"]
    return {name: ErrorDetail(text, code) for name, text in document.items()}


def _read_late(read: Callable[[Any], Any]) -> Any:
    return cached_property(read)


def _settled(read: Callable[[Any], Any]) -> Any:
    """What REST framework assigns changes nothing."""
    return property(read, _ignored)


def _ignored(_: object, __: object) -> None: ...


class Refused(exceptions.APIException):
    """A request that the guard refuses.

    REST framework's own handler makes of it the guard's status, its challenge or
    ``Retry-After``, and a body in the form that the client negotiates; ``exception_handler``
    makes the guard's answer to the octet. ``error`` is the ``BearerError``.
    """

    status_code: int = _read_late(_status)
    auth_header: str | None = _read_late(_challenge)
    wait: int | None = _read_late(lambda refused: getattr(refused.error, "retry_after", None))
    detail: Any = _read_late(_detail)

    def __init__(self, answer: Answer) -> None:
        # Nothing is handed on to APIException: its attributes are the answer's.
        self.answer = answer

    @property
    def error(self) -> BearerError:
        """What is wrong: its ``reason`` is for the operator, not for the client."""
        return self.answer.error


class RefusedToken(Refused, exceptions.AuthenticationFailed):
    """The token that was sent opens nothing.

    REST framework gives such an exception the challenge of the view's first authentication
    class, or 403 where that class has none. That is for a client that sent no token; this one
    did, and is told what is wrong with it (RFC 6750 section 3.1).
    """

    status_code: int = _settled(_status)
    auth_header: str | None = _settled(_challenge)
    detail: Any = _read_late(_detail)


class RefusedScope(Refused, exceptions.PermissionDenied):
    """The token is good and grants too little."""

    status_code: int = _read_late(_status)
    detail: Any = _read_late(_detail)


def refused(guard: Guard, error: BearerError) -> Refused:
    """The exception for an error of the guard's: of the kind that REST framework has for it."""
    answer = Answer(guard, error)
    if isinstance(error, InvalidToken):
        return RefusedToken(answer)
    if isinstance(error, InsufficientScope):
        return RefusedScope(answer)
    # 400 and 503, for which REST framework has no kind.
    return Refused(answer)
