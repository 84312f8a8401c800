"""APIs of Django Ninja, of sync and of async operations, and projects that serve them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import ninja
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.urls import path
from django_world import project

from bearer_guard.ninja import Bearer, NinjaAPI

_numbers = itertools.count()
Register = Callable[[Any, Bearer], None]


def new_api(kind: type[ninja.NinjaAPI] = NinjaAPI, **options: Any) -> Any:
    """Ninja wants each to have a name of its own."""
    return kind(urls_namespace=f"api-{next(_numbers)}", **options)


def seen(request: HttpRequest) -> dict[str, Any]:
    """What an operation sees of its caller."""
    auth = getattr(request, "auth", None)
    return {
        "auth": type(auth).__name__,
        "subject": getattr(auth, "subject", None),
        "same": getattr(request, "access_token", None) is auth,
    }


def both(function: Callable[..., Any], is_async: bool) -> Callable[..., Any]:
    """The operation, or an async one that does the same."""
    if not is_async:
        return function

    async def operation(request: HttpRequest) -> Any:
        return function(request)

    operation.__name__ = function.__name__
    assert iscoroutinefunction(operation)
    return operation


def served(api: Any) -> Any:
    """A URLconf with the API at its root."""
    if not hasattr(api, "urlconf_of_the_tests"):
        # Older versions of ninja hand out an API's URLs but once.
        api.urlconf_of_the_tests = ModuleType("urls_of_a_test")
        api.urlconf_of_the_tests.urlpatterns = [path("", api.urls)]
    return api.urlconf_of_the_tests


@contextmanager
def serving(
    api: Any, options: dict[str, Any], middleware: Sequence[str] = (), **settings: Any
) -> Iterator[None]:
    """A project with this API and nothing else."""
    with project(options, served(api), middleware, **settings):
        yield
