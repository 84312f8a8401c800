"""Starts each authorization server once, and guarded applications for each of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from typing import Any, Protocol, TypeVar

import pytest

from integrations.authorization_servers.launch import (
    NAMES,
    AuthorizationServer,
    availability,
)
from integrations.authorization_servers.launch import launch as launch_server
from integrations.authorization_servers.profiles import PROFILES
from integrations.serving.applications import APPLICATIONS
from integrations.serving.launch import launch

from .group import Asker, Group, plain_client
from .setting_up import SECRETS, settings_for

T = TypeVar("T")

_NOT_RUN = pytest.StashKey[dict[str, str]]()


class OpenGroup(Protocol):
    """Start applications, guarded for a server: both protocols' plain ones unless named."""

    def __call__(
        self,
        server: AuthorizationServer,
        applications: Iterable[str] = ("asgi", "wsgi"),
        **issuer_options: Any,
    ) -> AbstractContextManager[Group]: ...


class AtEveryServer(Protocol):
    """Begin a job with every server, and give a way to wait for one of them."""

    def __call__(
        self, job: Callable[[AuthorizationServer], T]
    ) -> AbstractContextManager[Callable[[AuthorizationServer], T]]: ...


class MakeGroup(Protocol):
    """Start both protocols' plain applications, guarded for the test's server."""

    def __call__(self, **issuer_options: Any) -> Group: ...


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every server; with every kind of token that it makes, or with those that a test marks."""
    if "server_name" not in metafunc.fixturenames:
        return
    if metafunc.definition.get_closest_marker("parametrize") is not None:
        # The test names its server itself.
        return
    if "kind" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("kinds")
        wanted = None if marked is None else marked.args
        metafunc.parametrize(
            ("server_name", "kind"),
            [
                (name, kind)
                for name in NAMES
                for kind in PROFILES[name].kinds
                if wanted is None or kind in wanted
            ],
        )
    else:
        metafunc.parametrize("server_name", NAMES)


def pytest_configure(config: pytest.Config) -> None:
    """The marker of this folder, and the list of servers that could not be run."""
    config.addinivalue_line("markers", "kinds(*names): the kinds of token that a test is for")
    config.stash[_NOT_RUN] = {}


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say loudly which servers nothing was proven about."""
    not_run = config.stash[_NOT_RUN]
    if not_run:
        terminalreporter.section("AUTHORIZATION SERVERS NOT RUN", red=True, bold=True)
        for name, missing in sorted(not_run.items()):
            terminalreporter.line(f"{name}: NOT RUN, no test was made with it. {missing}", red=True)


@cache
def _missing_for(name: str) -> str | None:
    return availability(name)


@pytest.fixture(scope="session")
def _launching(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[AuthorizationServer]]]:
    """Every server that a collected test is for, started once, all at the same time."""
    calls = (getattr(item, "callspec", None) for item in request.session.items)
    named = {call.params.get("server_name") for call in calls if call is not None}
    names = [name for name in NAMES if name in named and _missing_for(name) is None]
    with ExitStack() as stack, ThreadPoolExecutor(len(NAMES)) as pool:
        yield {name: pool.submit(stack.enter_context, launch_server(name)) for name in names}


@pytest.fixture
def server(
    server_name: str,
    _launching: dict[str, Future[AuthorizationServer]],
    pytestconfig: pytest.Config,
) -> AuthorizationServer:
    missing = _missing_for(server_name)
    if missing is not None:
        pytestconfig.stash[_NOT_RUN][server_name] = missing
        not_run = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        not_run(f"{server_name} was NOT RUN: {missing}")
    return _launching[server_name].result()


@pytest.fixture(scope="session")
def open_group(tmp_path_factory: pytest.TempPathFactory) -> OpenGroup:
    """Start applications for a server, with a ``with`` that ends them."""

    @contextmanager
    def opened(
        server: AuthorizationServer,
        applications: Iterable[str] = ("asgi", "wsgi"),
        **issuer_options: Any,
    ) -> Iterator[Group]:
        settings = tmp_path_factory.mktemp(server.name) / "settings.json"
        settings.write_text(json.dumps(settings_for(server, **issuer_options)))
        with (
            launch(*applications, settings=settings, environment=SECRETS) as apps,
            # Closed first: gunicorn waits a while for connections that are kept.
            plain_client() as http,
        ):
            yield Group(tuple(Asker(app, server, http) for app in apps))

    return opened


@pytest.fixture
def make_group(server: AuthorizationServer, open_group: OpenGroup) -> Iterator[MakeGroup]:
    """Applications as they start: no keys, no memory. Stopped when the test ends."""
    with ExitStack() as stack:
        yield lambda **issuer_options: stack.enter_context(open_group(server, **issuer_options))


@pytest.fixture(scope="session")
def at_every_server(_launching: dict[str, Future[AuthorizationServer]]) -> AtEveryServer:
    """Do something slow with all servers at the same time: ``lookup(server)`` waits for that
    server's and returns what came of it. At the end of the ``with`` all of it is over."""

    @contextmanager
    def begun(
        job: Callable[[AuthorizationServer], T],
    ) -> Iterator[Callable[[AuthorizationServer], T]]:
        def when_launched(name: str) -> T:
            return job(_launching[name].result())

        with ThreadPoolExecutor(len(NAMES)) as pool:
            running = {name: pool.submit(when_launched, name) for name in _launching}
            yield lambda server: running[server.name].result()

    return begun


@pytest.fixture(scope="module")
def _kinds_and_apps(
    at_every_server: AtEveryServer, open_group: OpenGroup
) -> Iterator[Callable[[AuthorizationServer], tuple[dict[str, str], Group]]]:
    with ExitStack() as stack:

        def prepare(server: AuthorizationServer) -> tuple[dict[str, str], Group]:
            kinds = server.kinds()
            # Together, since each of the expired ones takes two seconds to come of age; and all
            # before anything is asked, since the counts of a server must then stand still.
            with ThreadPoolExecutor(len(kinds)) as pool:
                tokens = dict(zip(kinds, pool.map(server.token, kinds), strict=True))
            group = stack.enter_context(open_group(server, APPLICATIONS))
            # What a guard asks for but once: the keys, and where introspection is.
            for kind in {"jwt", "opaque"}.intersection(kinds):
                assert group.ask(server.token(kind)).status == 200
            return tokens, group

        with at_every_server(prepare) as lookup:
            yield lookup


@pytest.fixture
def warm_apps(
    server: AuthorizationServer,
    _kinds_and_apps: Callable[[AuthorizationServer], tuple[dict[str, str], Group]],
) -> Group:
    """Every application with all that it needs to know of the server. The module's own, like
    the tokens: other modules change the keys."""
    return _kinds_and_apps(server)[1]


@pytest.fixture
def token(
    server: AuthorizationServer,
    kind: str,
    _kinds_and_apps: Callable[[AuthorizationServer], tuple[dict[str, str], Group]],
) -> str:
    """A token of the test's kind, that no other kind's test sends."""
    return _kinds_and_apps(server)[0][kind]
