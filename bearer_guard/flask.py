"""Guard a Flask application, by Flask's own conventions.

    app.config["BEARER_GUARD"] = {"audience": "https://api.example.com", "issuers": [...]}
    BearerGuard(app)

    @app.get("/orders")
    @require_scopes("orders:read")
    def orders(): ...

``current_token`` is the request's ``AccessToken``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

try:
    from flask import Blueprint, Flask, Request, Response, current_app, request
except ImportError:
    raise ImportError("bearer_guard.flask needs Flask: install bearer-guard[flask]") from None
from werkzeug.local import LocalProxy

from bearer_guard._flask_extension import NoTokenError, guard_of, register, response
from bearer_guard._flask_views import Framework, Guarded, check_view, requiring
from bearer_guard._requirement import all_of, any_of
from bearer_guard._wsgi_stream import Stream, Write
from bearer_guard.access_token import AccessToken
from bearer_guard.errors import BearerError, SettingsError
from bearer_guard.guard import Guard
from bearer_guard.wsgi import GUARD_KEY, KEY, WsgiRequest, request_view

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class BearerGuard:
    """The extension: ``BearerGuard(app)``, or ``init_app(app)`` in a factory.

    Every request needs a token from now on, static files and unknown routes too, unless the
    settings call its path ``public``. They are ``app.config["BEARER_GUARD"]``, a mapping as for
    ``Guard.from_mapping``; or ``guard`` is given ready-made. With ``app.errorhandler(BearerError)``
    you answer refusals in your own words.

    Raises ``SettingsError``.
    """

    def __init__(self, app: Flask | None = None, *, guard: Guard | None = None) -> None:
        if app is not None:
            self.init_app(app, guard=guard)
        elif guard is not None:
            raise SettingsError("a guard goes with its application: init_app(app, guard=guard)")

    def init_app(self, app: Flask, *, guard: Guard | None = None) -> None:
        """Guard ``app``; what belongs to it is kept in ``app.extensions``."""
        made = register(app, guard, _answer)
        app.preprocess_request = _checked(app)  # type: ignore[method-assign]
        if made.settings.query_parameter:
            # The first of these functions runs last: then all has been said of the answer.
            app.after_request_funcs[None].insert(0, _keep_private)
        if made.settings.end_streams_at_expiry:
            app.wsgi_app = _EndingStreams(app.wsgi_app)  # type: ignore[method-assign]


def access_token() -> AccessToken:
    """The request's token.

    Raises ``MissingToken`` on a public path. In ``app.test_request_context()`` the request is
    checked here, and any other ``BearerError`` may be raised.
    """
    environ, guard = request.environ, guard_of(current_app)
    if environ.get(GUARD_KEY) is not guard:
        _judge(environ, guard)
    token: AccessToken | None = environ[KEY]
    if token is None:
        raise NoTokenError
    return token


current_token: AccessToken = LocalProxy(access_token)  # type: ignore[assignment]
"""The request's token; false on a public path, where there is none."""


def require_scopes(*scopes: str) -> Callable[[Guarded], Guarded]:
    """A decorator for a view that needs *all* of ``scopes``.

    For functions and methods, sync and async, for ``View`` classes and their ``decorators``, and
    for blueprints: ``require_scopes("admin:all")(blueprint)``. Others are answered with 403 and
    the challenge. Above ``app.route`` it does the same as below.
    """
    return requiring(all_of(*scopes), _FLASK)


def require_any_scope(*scopes: str) -> Callable[[Guarded], Guarded]:
    """The same for a view that needs *one* of ``scopes``."""
    return requiring(any_of(*scopes), _FLASK)


def _judge(environ: WSGIEnvironment, guard: Guard) -> None:
    # What another guard let in says nothing to this one, nor to whoever answers the refusal.
    environ[KEY], environ[GUARD_KEY] = None, guard
    environ[KEY] = guard.check(request_view(environ, guard))


def _checked(app: Flask) -> Callable[..., Any]:
    """Before the first function that is called for a request: a ``url_value_preprocessor`` may
    tell strangers which URLs mean something."""
    preprocess = app.preprocess_request

    @wraps(preprocess)
    def checked(*args: Any, **kwargs: Any) -> Any:
        asked = _asked()
        _judge(asked.environ, guard_of(app))
        check_view(app, asked, _FLASK)
        return preprocess(*args, **kwargs)

    return checked


# Not the proxy, but what it stands for: each look through one takes its time.
_asked: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]


def _answer(error: BearerError) -> Response:
    refusal = guard_of(current_app).refusal(error)
    answer: Response = response(current_app, refusal, request.method)
    return answer


def _keep_private(answer: Response) -> Response:
    """RFC 6750 section 2.3: what the query's token opened is for nobody else."""
    is_good = 200 <= answer.status_code < 300
    if is_good and guard_of(current_app).must_stay_private(WsgiRequest(request.environ)):
        answer.headers.setdefault("Cache-Control", "private")
    return answer


class _EndingStreams:
    """What still streams when its token expires is ended, as in the plain middleware."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def is_expired() -> bool:
            token: AccessToken | None = environ.get(KEY)
            return token is not None and environ[GUARD_KEY].seconds_left(token) == 0

        stream = Stream(environ["REQUEST_METHOD"], is_expired)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Write:
            return stream.started(status, headers, start_response(status, headers, *more))

        return stream.of(self._app(environ, start))


def _before(blueprint: Blueprint, check: Callable[[], None]) -> None:
    blueprint.before_request(check)


_FLASK = Framework(access_token, _asked, _before)

__all__ = ["BearerGuard", "access_token", "current_token", "require_any_scope", "require_scopes"]
