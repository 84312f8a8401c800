"""Every code block of the documents does what it says."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import logging
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from django_pages import PAGES
from documents import DOCUMENTS, README, ROOT, Block, all_blocks, blocks

from bearer_guard import Guard
from bearer_guard._command.main import main
from bearer_guard.testing import AuthorizationServer

LANGUAGES = {"python", "toml", "json", "sh", "console"}


def place(value: Any) -> str:
    return value.place if isinstance(value, Block) else str(Path(value).relative_to(ROOT))


def plain_application(*arguments: Any) -> Any:
    """Somebody's application: WSGI with two arguments, ASGI with three."""
    if len(arguments) == 2:
        arguments[1]("200 OK", [("Content-Type", "text/plain")])
        return [b"let in"]
    return _answer(arguments[2])


async def _answer(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"let in"})


def run(block: Block, namespace: dict[str, Any]) -> None:
    """Run a block at its own lines, so that a traceback leads into the document."""
    code = compile(
        "\n" * (block.line - 1) + block.text,
        str(block.path),
        "exec",
        ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        dont_inherit=True,
    )
    result = eval(code, namespace)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def run_tests(namespace: dict[str, Any], request: pytest.FixtureRequest) -> int:
    """Run the tests that a document shows, with the fixtures that they name."""
    tests = [value for name, value in namespace.items() if name.startswith("test_")]
    for test in tests:
        fixtures = {
            name: request.getfixturevalue(name) for name in inspect.signature(test).parameters
        }
        result = test(**fixtures)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    return len(tests)


@pytest.fixture
def document() -> Iterator[dict[str, Any]]:
    """The names of a module, where frameworks look them up that read annotations."""
    module = ModuleType("document")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        yield vars(module)


@pytest.fixture
def quiet() -> Iterator[None]:
    logger = logging.getLogger("bearer_guard")
    level = logger.level
    yield
    logger.setLevel(level)


# A project of Django's is a process of its own: see test_django_pages.
RUN_HERE = [path for path in DOCUMENTS if blocks(path, "python") and path not in PAGES]


@pytest.mark.parametrize("path", RUN_HERE, ids=place)
def test_the_python_blocks_of_a_document_run(
    path: Path,
    request: pytest.FixtureRequest,
    login: AuthorizationServer,
    quiet: None,
    document: dict[str, Any],
) -> None:
    document["app"] = plain_application
    for block in blocks(path, "python"):
        run(block, document)
    shown = sum(block.text.count("def test_") for block in blocks(path, "python"))
    # The issuer of a document's own test is on a socket: its guard is to find it by itself.
    request.getfixturevalue("monkeypatch").undo()
    assert run_tests(document, request) == shown


def test_the_first_five_lines_guard_an_asgi_application(login: AuthorizationServer) -> None:
    namespace: dict[str, Any] = {"app": plain_application}
    first = blocks(README, "python")[0]
    assert "bearer_guard.asgi" in first.text
    assert len([line for line in first.text.splitlines() if line]) <= 5
    run(first, namespace)

    async def statuses() -> list[int]:
        transport = httpx.ASGITransport(namespace["app"])
        async with httpx.AsyncClient(transport=transport, base_url=login.audience) as client:
            return [(await client.get("/", headers=sent)).status_code for sent in tries(login)]

    assert asyncio.run(statuses()) == [200, 401, 401]
    namespace["guard"].close()


def test_the_next_five_lines_guard_a_wsgi_application(login: AuthorizationServer) -> None:
    namespace: dict[str, Any] = {"app": plain_application}
    second = blocks(README, "python")[1]
    assert "bearer_guard.wsgi" in second.text
    assert len([line for line in second.text.splitlines() if line]) <= 5
    run(second, namespace)
    transport = httpx.WSGITransport(namespace["app"])
    with httpx.Client(transport=transport, base_url=login.audience) as client:
        found = [client.get("/", headers=sent).status_code for sent in tries(login)]
    assert found == [200, 401, 401]
    namespace["guard"].close()


def tries(login: AuthorizationServer) -> list[dict[str, str]]:
    good, other = login.jwt(), login.jwt(audience="https://other.example.com")
    return [{"Authorization": f"Bearer {good}"}, {}, {"Authorization": f"Bearer {other}"}]


@pytest.mark.parametrize("block", all_blocks("toml"), ids=place)
def test_a_toml_block_makes_a_guard(
    block: Block, tmp_path: Path, login: AuthorizationServer
) -> None:
    path = tmp_path / "guard.toml"
    path.write_text(block.text, "utf-8")
    read = tomllib.loads(block.text)
    guard = Guard.from_toml(path)
    assert guard.settings.audience == (read.get("bearer_guard", read)["audience"],)


@pytest.mark.parametrize("block", all_blocks("json"), ids=place)
def test_a_json_block_makes_a_guard(block: Block, login: AuthorizationServer) -> None:
    guard = Guard.from_mapping(json.loads(block.text))
    assert guard.settings.audience == ("https://api.example.com",)


@pytest.mark.parametrize("block", all_blocks("sh"), ids=place)
def test_a_block_of_variables_makes_a_guard(block: Block, login: AuthorizationServer) -> None:
    found = dict(line.split("=", 1) for line in shlex.split(block.text))
    assert all(name.startswith("BEARER_GUARD_") for name in found)
    guard = Guard.from_environment(found)
    assert guard.settings.audience[0] == "https://api.example.com"
    assert guard.settings.issuers[0].issuer == "https://login.example.com/"


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("block", all_blocks("console"), ids=place)
def test_a_console_block_is_a_target_of_make_or_our_own_command(
    block: Block, request: pytest.FixtureRequest
) -> None:
    for line in block.text.splitlines():
        verb, target, *rest = shlex.split(line)
        if verb == "bearer-guard":
            run_command([target, *rest], request)
        else:
            assert (verb, target in make_targets()) == ("make", True), line


def run_command(words: list[str], request: pytest.FixtureRequest) -> None:
    """Run ``bearer-guard``, in a folder that has what the documents name."""
    login, room = request.getfixturevalue("login"), request.getfixturevalue("tmp_path")
    (room / "guard.toml").write_text(f'audience = "{login.audience}"\nissuers = ["{login.issuer}"]')
    (room / "token.txt").write_text(login.jwt())
    arguments, _, file = " ".join(words).partition(" < ")
    monkeypatch = request.getfixturevalue("monkeypatch")
    monkeypatch.chdir(room)
    with Path(file or os.devnull).open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert main(arguments.split()) == 0


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_a_make_target_that_a_document_names_is_there(path: Path) -> None:
    named = set(re.findall(r"`make ([a-z]+)", path.read_text("utf-8")))
    assert named <= make_targets()


def test_no_block_goes_unchecked() -> None:
    fences = [
        (path, found)
        for path in DOCUMENTS
        for found in re.findall(r"^```(.*)$", path.read_text("utf-8"), re.MULTILINE)[::2]
    ]
    assert [(path, fence) for path, fence in fences if fence not in LANGUAGES] == []
    assert len(fences) == len(all_blocks(*LANGUAGES))
