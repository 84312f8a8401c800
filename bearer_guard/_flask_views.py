"""Views that ask for scopes, of Flask and of Quart: functions, methods, classes, blueprints."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FunctionType
from typing import Any, NamedTuple, TypeVar

from flask.sansio.app import App
from flask.sansio.blueprints import Blueprint

from bearer_guard._requirement import Requirement
from bearer_guard.access_token import AccessToken

Guarded = TypeVar("Guarded", bound=Callable[..., Any] | Blueprint)
_MARK = "_bearer_guard_requirements"
_ASKS = "_bearer_guard_asks"


class Framework(NamedTuple):
    """In what Flask and Quart differ here."""

    access_token: Callable[[], AccessToken]
    connection: Callable[[], Any]
    """The request, or the WebSocket."""
    before: Callable[[Any, Callable[[], None]], None]
    """Has a function called before each view of a blueprint."""


class _Mark(NamedTuple):
    """On a view: which one was decorated, and with what. ``functools.wraps`` hands it on."""

    view: Any
    require: Requirement


def requiring(require: Requirement, framework: Framework) -> Callable[[Guarded], Guarded]:
    """A decorator; ``require`` raises where the token grants too little."""

    def decorate(view: Any) -> Any:
        if isinstance(view, Blueprint):
            framework.before(view, _before(require, framework))
            return view
        if inspect.isclass(view) and hasattr(view, "as_view"):
            return _guarded_class(view, require, decorate)
        if isinstance(view, type | App) or not callable(view):
            raise TypeError(
                f"{view!r} is no view function, View class or Blueprint; what a whole application "
                "needs is named in its settings: required_scopes"
            )
        _mark(view, require)
        guard = _guarded_async if inspect.iscoroutinefunction(view) else _guarded_sync
        guarded = guard(view, require, framework)
        setattr(guarded, _ASKS, True)
        setattr(guarded, _MARK, ())
        return guarded

    return decorate


def check_view(app: App, connection: Any, framework: Framework) -> None:
    """Ask for what decorators above the ``route`` of the view to come have named: what they
    return is not what is registered, and they would guard nothing."""
    rule = connection.url_rule
    view = None if rule is None else app.view_functions.get(rule.endpoint)
    # A function as it was written has no attributes: nobody has named anything.
    is_plain = isinstance(view, FunctionType) and not view.__dict__
    if not is_plain and _reaches_view(connection):
        for require in _asked_of(view):
            require(framework.access_token())


def _before(require: Requirement, framework: Framework) -> Callable[[], None]:
    def check() -> None:
        if _reaches_view(framework.connection()):
            require(framework.access_token())

    return check


def _reaches_view(connection: Any) -> bool:
    """Unless there is no route, or OPTIONS is answered in place of the view: a preflight, say."""
    rule = connection.url_rule
    if rule is None:
        return False
    is_automatic = getattr(rule, "provide_automatic_options", False)
    return not (is_automatic and connection.method == "OPTIONS")


def _mark(view: Any, require: Requirement) -> None:
    # What takes no attribute, a bound method say, is guarded by the function around it alone.
    with suppress(AttributeError):
        setattr(view, _MARK, (*_marks(view), _Mark(view, require)))


def _marks(view: Any) -> tuple[_Mark, ...]:
    marks: tuple[_Mark, ...] = getattr(view, "__dict__", {}).get(_MARK, ())
    return marks


def _asked_of(view: Any) -> Iterator[Requirement]:
    # A class below a guarded one may have set ``decorators`` of its own, without ours.
    for kind in getattr(getattr(view, "view_class", None), "__mro__", ()):
        for mark in _marks(kind):
            yield mark.require
    while view is not None:
        for mark in _marks(view):
            if not _is_meant_as_it_is(mark.view):
                yield mark.require
        # What a decorator has returned asks by itself.
        view = None if hasattr(view, _ASKS) else getattr(view, "__wrapped__", None)


def _is_meant_as_it_is(view: Any) -> bool:
    """Whether its name leads to it. Where a decorator stood above ``route``, the name leads to
    what that has returned; somebody who registers a function twice, once with scopes, has it."""
    module = sys.modules.get(getattr(view, "__module__", ""))
    return getattr(module, getattr(view, "__qualname__", ""), None) is view


def _guarded_class(view: Any, require: Requirement, decorate: Callable[[Any], Any]) -> Any:
    _mark(view, require)
    view.decorators = [*view.decorators, decorate]
    return view


def _guarded_async(view: Any, require: Requirement, framework: Framework) -> Any:
    @functools.wraps(view)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        require(framework.access_token())
        return await view(*args, **kwargs)

    return guarded


def _guarded_sync(view: Any, require: Requirement, framework: Framework) -> Any:
    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        require(framework.access_token())
        return view(*args, **kwargs)

    return guarded
