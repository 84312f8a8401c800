"""What users may import: it is what ``__all__`` says, and each of it has its documentation."""

from __future__ import annotations

import ast
import importlib
import os
import types
from typing import Any

import pytest

import bearer_guard
from architecture.source import Module, modules

PUBLIC = [
    module
    for module in modules()
    if not any(part.startswith("_") for part in module.name.split("."))
]
WITH_ALL = [module for module in PUBLIC if "__all__" in module.text]


def load(module: Module) -> Any:
    """The module itself; one for a framework that is not here is left out."""
    try:
        if module.name == "bearer_guard.ninja":
            # Ninja reads Django's settings when it is imported.
            importlib.import_module("django_project").set_up()
        return importlib.import_module(module.name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] == "bearer_guard":
            raise
        # In CI everything is installed: a module left out there would go untested.
        left_out = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        left_out(f"{module.name} needs {missing.name}")


def test_the_package_exports_just_what_it_says() -> None:
    found = {
        name
        for name, value in vars(bearer_guard).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert found == set(bearer_guard.__all__)


def test_the_public_names_are_these() -> None:
    """A name more is a promise more; a name less breaks somebody. Change it knowingly."""
    assert bearer_guard.__all__ == [
        "AccessToken", "AuthorizationServerUnavailable", "BearerError", "Clock", "Guard",
        "InsufficientScope", "Introspection", "InvalidRequest", "InvalidToken", "Issuer",
        "KeySetPolicy", "MissingToken", "Request", "RequestView", "Rule", "SettingsError", "Shared",
        "UpstreamPolicy", "beyond_identity",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        *("asgi", "wsgi", "errors", "settings", "testing"),
        *("health", "readiness", "otel"),
    ],
)
def test_the_other_rooms_that_users_enter_say_their_names_too(name: str) -> None:
    assert f"bearer_guard.{name}" in {module.name for module in WITH_ALL}


@pytest.mark.parametrize("module", WITH_ALL, ids=lambda module: module.name)
def test_what_a_module_defines_in_public_it_exports(module: Module) -> None:
    loaded = load(module)
    exported = list(loaded.__all__)
    assert len(exported) == len(set(exported))
    assert all(hasattr(loaded, name) for name in exported)
    assert set(defined_in(module.tree)) <= set(exported)


def defined_in(tree: ast.Module) -> list[str]:
    """Public classes, functions and constants. A type variable is nobody's to import."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return [name for name in found if not name.startswith("_")]


@pytest.mark.parametrize("module", WITH_ALL, ids=lambda module: module.name)
def test_every_exported_name_is_documented(module: Module) -> None:
    loaded = load(module)
    for name in loaded.__all__:
        value = getattr(loaded, name)
        if isinstance(value, type | types.FunctionType):
            assert_documented(f"{module.name}.{name}", value)
        elif module.path.name != "__init__.py":
            assert name in documented_constants(module.tree), f"{module.name}.{name}"


def assert_documented(name: str, value: Any) -> None:
    assert value.__doc__, name
    # A dataclass without a docstring is given its signature for one.
    assert not value.__doc__.startswith(f"{value.__name__}("), name
    if isinstance(value, type):
        for member, found in vars(value).items():
            inner = getattr(found, "__func__", found)
            if not member.startswith("_") and isinstance(inner, types.FunctionType | property):
                assert inner.__doc__, f"{name}.{member}"


def documented_constants(tree: ast.Module) -> set[str]:
    """Constants with a string right below them."""
    found: set[str] = set()
    for node, below in zip(tree.body, tree.body[1:], strict=False):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if is_text and isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_every_file_says_what_it_is_for() -> None:
    assert [module.name for module in modules() if not ast.get_docstring(module.tree)] == []


def test_the_package_is_typed() -> None:
    assert (modules()[0].path.parent / "py.typed").read_text() == ""
