"""Imports point down. The floors, from the ground up:

names  <-  settings  <-  _core    <-  _running  <-  guard  <-  asgi, wsgi and whatever is above
names  <-  settings  <-  _upstream <-  _running

``_core`` and ``_upstream`` do not know each other, and ``testing`` knows none of them.
"""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from architecture.source import Module, imports, modules

NAMES = frozenset(
    {
        *("errors", "access_token", "clock", "exchange", "health", "observer", "request"),
        "shared",
    }
)
BELOW: dict[str, frozenset[str]] = {
    **dict.fromkeys(NAMES, NAMES),
    "settings": frozenset({"errors", "shared"}),
    "_core": NAMES | {"settings"},
    "_upstream": NAMES | {"settings"},
    "_running": NAMES | {"settings", "_core", "_upstream"},
    "guard": NAMES | {"settings", "_core", "_upstream", "_running"},
    "testing": frozenset(),
    "pytest_plugin": frozenset({"testing"}),
    # The package itself: what users import.
    "": NAMES | {"settings", "guard"},
}
ADAPTERS = NAMES | {"settings", "guard", "_core", ""}
"""What every other file, an adapter, may import: besides other adapters."""


def floor_of(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def may_import(module: Module, target: str) -> bool:
    if module.floor == target:
        return True
    if module.floor in BELOW:
        return target in BELOW[module.floor]
    return target in ADAPTERS or target not in BELOW


def test_imports_point_down() -> None:
    upward = [
        f"{module.name} imports {name}"
        for module in modules()
        for name in imports(module)
        if name.split(".")[0] == "bearer_guard" and not may_import(module, floor_of(name))
    ]
    assert upward == []


def test_every_floor_is_there() -> None:
    assert set(BELOW) <= {module.floor for module in modules()}
    assert {"asgi", "wsgi"} <= {module.floor for module in modules()} - set(BELOW)


def test_there_are_no_circles() -> None:
    """Not even within a room, nor hidden in a function or under TYPE_CHECKING."""
    graph = {module.name: {*imports(module)} for module in modules()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name in graph and name not in done:
            for target in graph[name]:
                visit(target, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


# What each room may import from outside, beside the standard library.
OUTSIDE = {
    "settings": frozenset(),
    "_core": frozenset({"cryptography", "jwt"}),
    "_running": frozenset(),
    "_upstream": frozenset({"anyio", "cachetools", "httpcore", "httpx", "redis", "trio"}),
    "guard": frozenset(),
    "testing": frozenset({"cryptography", "httpx", "jwt", "werkzeug"}),
    "pytest_plugin": frozenset({"pytest"}),
    "asgi": frozenset({"starlette"}),
    "_asgi_connection": frozenset({"starlette"}),
    "_asgi_life": frozenset({"anyio", "starlette"}),
    "_asgi_request": frozenset({"starlette"}),
    "_asgi_stream": frozenset({"anyio", "starlette"}),
    "_asgi_subprotocols": frozenset({"starlette"}),
    "_asgi_websocket": frozenset({"anyio", "starlette"}),
    "wsgi": frozenset({"werkzeug"}),
    "_flask_extension": frozenset({"flask", "werkzeug"}),
    "_flask_views": frozenset({"flask"}),
    "flask": frozenset({"flask", "werkzeug"}),
    "_quart_middleware": frozenset({"anyio", "starlette", "werkzeug"}),
    "quart": frozenset({"quart", "werkzeug"}),
    "_wsgi_stream": frozenset(),
    "django": frozenset({"asgiref", "django"}),
    "_django_token": frozenset({"django"}),
    "_ninja_document": frozenset({"ninja"}),
    "_openapi_scheme": frozenset(),
    "ninja": frozenset({"django", "ninja"}),
    "rest_framework": frozenset({"django", "drf_spectacular", "rest_framework"}),
    "litestar": frozenset({"litestar"}),
    "_litestar_openapi": frozenset({"litestar"}),
    "_litestar_router": frozenset({"litestar"}),
    "aiohttp": frozenset({"aiohttp"}),
    "_aiohttp_connection": frozenset({"aiohttp"}),
    "_aiohttp_expiry": frozenset(),
    "_aiohttp_request": frozenset({"aiohttp"}),
    "_aiohttp_subprotocols": frozenset({"aiohttp"}),
    "_aiohttp_websocket": frozenset({"aiohttp"}),
    "readiness": frozenset({"starlette"}),
    "otel": frozenset({"opentelemetry"}),
    "_command": frozenset(),
    "__main__": frozenset(),
    **dict.fromkeys((*NAMES, ""), frozenset[str]()),
}
# And what it may not import of the standard library, by its own law.
NO_WAITING = frozenset(
    {"asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue",
     "random", "select", "signal", "socket", "ssl", "subprocess", "sys", "threading", "time",
     "urllib.request"}
)  # fmt: skip
FORBIDDEN = {
    "_core": NO_WAITING,
    "settings": NO_WAITING - {"os", "pathlib"},
    "_running": frozenset({"asyncio", "http", "json", "re", "socket", "ssl", "urllib", "zlib"}),
    "_upstream": frozenset({"json", "re", "base64", "hashlib"}),
    **dict.fromkeys(NAMES - {"clock"}, NO_WAITING),
}


EXCEPTIONS = {
    ("bearer_guard._core.metadata", "socket"): {"socket.inet_aton", "socket.inet_ntoa"},
}
"""What a file may use of a module that its room may not import: these read text, no more."""


def is_lawful(module: Module, name: str) -> bool:
    top = name.split(".", maxsplit=1)[0]
    if (module.name, name) in EXCEPTIONS:
        used = {
            ast.unparse(node)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == name
        }
        return used <= EXCEPTIONS[module.name, name]
    if top in ("bearer_guard", "_typeshed"):
        return True
    if top in sys.stdlib_module_names:
        return {top, name}.isdisjoint(FORBIDDEN.get(module.floor, ()))
    return module.floor not in OUTSIDE or top in OUTSIDE[module.floor]


def test_a_room_imports_only_what_its_law_allows() -> None:
    unlawful = [
        f"{module.name} imports {name}"
        for module in modules()
        for name in imports(module)
        if not is_lawful(module, name)
    ]
    assert unlawful == []


def test_only_upstream_knows_that_there_is_an_http_client() -> None:
    knowing = {
        module.floor
        for module in modules()
        if {"httpx", "httpcore"} & {name.split(".")[0] for name in imports(module)}
    }
    assert knowing == {"_upstream", "testing"}


def test_only_one_module_knows_of_opentelemetry() -> None:
    knowing = {
        module.name
        for module in modules()
        if "opentelemetry" in {name.split(".")[0] for name in imports(module)}
    }
    assert knowing == {"bearer_guard.otel"}


HEAVY = (
    "aiohttp", "anyio", "argparse", "cryptography", "django", "fastapi", "flask", "httpcore",
    "httpx", "jwt", "litestar", "opentelemetry", "pytest", "quart", "redis", "starlette", "trio",
    "werkzeug",
)  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import bearer_guard", ()),
        ("import bearer_guard.pytest_plugin", ("argparse", "pytest")),
        ("import bearer_guard._command.main", ("argparse",)),
        ("import bearer_guard.testing", ("werkzeug",)),
    ],
)
def test_importing_is_cheap(statement: str, allowed: tuple[str, ...]) -> None:
    """No framework, no HTTP client, no anyio and no cryptography, until they are needed."""
    script = f"""
import sys
before = set(sys.modules)
{statement}
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = set(ran.stdout.split())
    assert "bearer_guard" in loaded
    assert loaded & set(HEAVY) <= set(allowed)


def test_making_a_guard_opens_and_starts_nothing() -> None:
    script = """
import socket, sys, threading
from bearer_guard import Guard, Introspection, Issuer
def refuse(*arguments, **options):
    raise AssertionError("a socket was made")
socket.socket = refuse
introspection = Introspection(client_id="a", client_secret="b")
Guard(audience="a", issuers=[Issuer("https://a.example/", introspection=introspection)])
assert threading.active_count() == 1
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert set(HEAVY).isdisjoint(ran.stdout.split())
