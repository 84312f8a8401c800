"""Each room opens with its law, and nothing in it is too long to be read at once."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from architecture.source import PACKAGE, functions, modules

LONGEST_FILE = 250
"""Lines; ``CONTRIBUTING.md`` promises it."""
LONGEST_FUNCTION = 40
LONG_FUNCTIONS = {
    ("guard.py", "Guard.__init__"): "one line for each option, twice: named, and handed on",
    ("settings/presets.py", "beyond_identity"): "documents each of its options",
}
BROAD = {
    ("_running/endpoint.py", "Endpoint._bearer"): "a function of the user's may raise all",
    ("_upstream/http_clients.py", "_made_by"): "a function of the user's may raise all",
    ("_upstream/http_caller.py", "HttpCaller._call_once"): "the client may be of any library",
    ("django/cache.py", "DjangoCache._do"): "the cache may be of any library",
    ("_running/store_pauses.py", "StorePauses._tried"): "the store may be of any library",
    ("_running/revocations.py", "Revocations.read_on_whatever_comes"): "logged; the thread lives",
    ("_asgi_life.py", "run"): "the application's error, raised again by itself",
    ("_asgi_stream.py", "Stream._finish"): "servers differ in what they raise when clients left",
    ("_asgi_websocket.py", "Socket._close"): "servers differ in what they raise at a late close",
    ("_asgi_websocket.py", "RenewableSocket._read"): "raised again once the application is done",
}
"""Where ``Exception`` is caught, and why."""

ROOMS = sorted({module.path.parent for module in modules()} - {PACKAGE})


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.relative_to(PACKAGE).as_posix())
def test_each_room_opens_with_its_law(room: Path) -> None:
    law = ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8")))
    assert law is not None
    # The testing help is a room of the users': it opens with what it is for.
    assert law.startswith("Testing help: " if room.name == "testing" else "Law of this room: ")
    assert 1 <= law.count("\n") <= 10


@pytest.mark.parametrize("room", ["_core", "_running", "_upstream"])
def test_a_private_room_says_its_law_and_nothing_else(room: str) -> None:
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    assert len(tree.body) == 1


def test_no_file_is_longer_than_can_be_held_in_mind() -> None:
    lines = {module.file: len(module.text.splitlines()) for module in modules()}
    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        (module.file, name)
        for module in modules()
        for name, node in functions(module)
        if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == set(LONG_FUNCTIONS)


def calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def test_nothing_prints_evaluates_or_stops() -> None:
    for module in modules():
        for node in ast.walk(module.tree):
            assert not calls(node, "print", "eval", "exec", "breakpoint", "input"), module.file


def names_in(node: ast.expr | None) -> set[str]:
    if node is None:
        return {"BaseException"}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def test_whatever_is_caught_broadly_is_caught_for_a_reason() -> None:
    broad = set()
    for module in modules():
        for name, function in functions(module):
            for node in ast.walk(function):
                caught: set[str] = set()
                if isinstance(node, ast.ExceptHandler):
                    caught = names_in(node.type)
                elif calls(node, "suppress"):
                    caught = {name for argument in node.args for name in names_in(argument)}  # type: ignore[attr-defined]
                if {"Exception", "BaseException"} & caught:
                    assert "BaseException" not in caught, (module.file, name)
                    broad.add((module.file, name))
    assert broad <= set(BROAD)


def test_every_suppressed_warning_of_a_tool_names_its_code() -> None:
    bare = re.compile(r"# (noqa(?!:)|type: ignore(?!\[)|pyright: ignore(?!\[))")
    assert [module.file for module in modules() if bare.search(module.text)] == []


def test_no_assertion_guards_against_a_request() -> None:
    """``python -O`` drops assertions: none may look at what comes from outside.

    Those that are there tell the type checker what a line before has settled.
    """
    told = {
        ast.unparse(node.test)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assert) and module.floor != "testing"
    }
    assert [test for test in told if not re.search(r"is not None$|^isinstance\(", test)] == []
