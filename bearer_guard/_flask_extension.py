"""What the extensions of Flask and of Quart share: where the guard stands, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.sansio.app import App
from werkzeug.datastructures import Headers

from bearer_guard._core.challenge import Refusal
from bearer_guard.errors import BearerError, MissingToken, SettingsError
from bearer_guard.guard import Guard

NAME = "bearer_guard"
"""Where ``app.extensions`` holds the guard."""
CONFIG = "BEARER_GUARD"
"""Where ``app.config`` holds its settings."""


class NoTokenError(MissingToken, RuntimeError):
    """On a public path. A ``RuntimeError`` as well: so ``if current_token:`` is false, as with
    everything of Flask's that is not there now."""

    def __init__(self) -> None:
        super().__init__("path_is_public")


def register(app: App, given: Guard | None, answer: Callable[[Any], Any]) -> Guard:
    """Give ``app`` its guard, and have every ``BearerError`` answered."""
    if NAME in app.extensions:
        raise SettingsError("this application has its BearerGuard: call it once for each")
    guard = _chosen(app, given)
    # What the user wrote earlier stays.
    handlers = app.error_handler_spec[None][None]
    app.register_error_handler(BearerError, handlers.get(BearerError, answer))
    app.extensions[NAME] = guard
    return guard


def _chosen(app: App, given: Guard | None) -> Guard:
    if given is None:
        return from_settings(app)
    if not isinstance(given, Guard):
        raise SettingsError("guard must be a Guard: write guard=Guard(audience=…, issuers=[…])")
    if CONFIG in app.config:
        raise SettingsError(
            f'there is a guard and app.config["{CONFIG}"] as well: leave one of them out'
        )
    return given


def from_settings(app: App) -> Guard:
    """A guard of ``app.config``."""
    if CONFIG not in app.config:
        raise SettingsError(
            f'app.config["{CONFIG}"] is missing: write {{"audience": …, "issuers": […]}} there '
            "before BearerGuard sees the application, or give it a guard: guard=Guard(…)"
        )
    return Guard.from_mapping(app.config[CONFIG])


def guard_of(app: App) -> Guard:
    """The application's guard."""
    guard: Guard | None = app.extensions.get(NAME)
    if guard is None:
        raise RuntimeError("this application has no guard: write BearerGuard(app)")
    return guard


def response(app: Any, refusal: Refusal, method: str | None) -> Any:
    """The answer to a refused request, in the application's own class."""
    made = app.response_class(refusal.body_for(method), refusal.status)
    made.headers = Headers(list(refusal.headers))
    return made
