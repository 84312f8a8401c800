"""The decorators of Flask and of Quart, wrongly written: refused when they are written."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from quart import Quart

from bearer_guard import SettingsError, flask, quart

MODULES = pytest.mark.parametrize("module", [flask, quart])
NAMES = pytest.mark.parametrize("name", ["require_scopes", "require_any_scope"])


@MODULES
@NAMES
def test_a_decorator_without_parentheses_is_refused(module: Any, name: str) -> None:
    with pytest.raises(SettingsError, match="scopes must be a string"):

        @getattr(module, name)
        def view() -> Any:
            raise AssertionError("it is not reached")


@MODULES
@NAMES
def test_several_scopes_in_one_string_are_refused(module: Any, name: str) -> None:
    with pytest.raises(SettingsError, match="a scope holds no space"):
        getattr(module, name)("orders:read orders:write")


@MODULES
def test_any_of_no_scopes_is_refused(module: Any) -> None:
    with pytest.raises(SettingsError, match="name the scopes"):
        module.require_any_scope()


@MODULES
@pytest.mark.parametrize("what", [Flask("a"), Quart("a"), dict, "/orders", None])
def test_what_is_no_view_is_refused(module: Any, what: Any) -> None:
    with pytest.raises(TypeError, match="is no view function, View class or Blueprint"):
        module.require_scopes("a")(what)
