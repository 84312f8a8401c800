"""``require_scopes`` and ``require_any_scope`` wrongly written: refused when they are written."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from bearer_guard import SettingsError
from bearer_guard.starlette import require_any_scope, require_scopes


@pytest.mark.parametrize("decorator", [require_scopes, require_any_scope])
def test_a_decorator_without_parentheses_is_refused_when_it_is_written(decorator: Any) -> None:
    with pytest.raises(SettingsError, match="scopes must be a string"):

        @decorator
        async def endpoint(request: Request) -> Response:
            raise AssertionError("it is not reached")


@pytest.mark.parametrize("decorator", [require_scopes, require_any_scope])
def test_several_scopes_in_one_string_are_refused(decorator: Any) -> None:
    with pytest.raises(SettingsError, match="a scope holds no space"):
        decorator("orders:read orders:write")


def test_any_of_no_scopes_is_refused() -> None:
    with pytest.raises(SettingsError, match="name the scopes"):
        require_any_scope()
