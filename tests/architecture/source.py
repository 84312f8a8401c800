"""The package's source, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import bearer_guard

PACKAGE = Path(bearer_guard.__file__).parent


class Module(NamedTuple):
    """One file of the package."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def floor(self) -> str:
        """The room or the file right below the package: ``_core``, ``guard``."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def file(self) -> str:
        """The path within the package."""
        return self.path.relative_to(PACKAGE).as_posix()


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("bearer_guard", *path.relative_to(PACKAGE).with_suffix("").parts)
        text = path.read_text("utf-8")
        name = ".".join(parts).removesuffix(".__init__")
        found.append(Module(name, path, text, ast.parse(text)))
    return tuple(found)


def imports(module: Module) -> Iterator[str]:
    """Every module that a file imports, wherever in the file, by its full name.

    ``from bearer_guard._core import jws`` imports ``bearer_guard._core.jws``.
    """
    known = {each.name for each in modules()}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports by dots"
            assert node.module is not None
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [name for name in inner if name in known]
            yield from submodules
            if len(submodules) < len(inner):
                yield node.module


def functions(module: Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function by its dotted name within the file."""

    def walk(node: ast.AST, within: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{within}{child.name}", child
                yield from walk(child, f"{within}{child.name}.")
            else:
                yield from walk(child, within)

    for name, node in walk(module.tree, ""):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, node
