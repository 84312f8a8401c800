"""Starts a real authorization server on loopback, and stops it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from integrations.ports import free_ports

from .install import ROOM, command_for, install, missing_for
from .profiles import (
    PROFILES,
    PROTECTED_RESOURCE,
    RECIPES,
    Profile,
    profile_named,
    secret_of,
)
from .protocol import fetch_token, polls

NAMES = tuple(PROFILES)
START_SECONDS = 60.0
STOP_SECONDS = 10.0
_START_TRIES = 3
_LOG_TAIL = 2000
_READINESS_PROBE = {"X-Readiness-Probe": "1"}


class ServerStartError(RuntimeError):
    """The server's process ended, or did not answer in time."""


@dataclass(frozen=True)
class Introspection:
    """An RFC 7662 endpoint with the protected resource's own credentials."""

    endpoint: str
    client_id: str
    client_secret: str


def availability(name: str) -> str | None:
    """None when the server can run here, or a sentence saying what is missing."""
    return missing_for(profile_named(name))


@contextmanager
def launch(name: str, port: int | None = None) -> Iterator[AuthorizationServer]:
    """A running server, on a free loopback port unless one is given, stopped at the end."""
    state = Path(tempfile.mkdtemp(prefix=f"{name}-"))
    try:
        server = _start_somewhere(profile_named(name), state, port)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(state, ignore_errors=True)


def _start_somewhere(profile: Profile, state: Path, port: int | None) -> AuthorizationServer:
    if port is not None:
        return _started(profile, state, port)
    # Between choosing a free port and using it, another process may take it.
    for _ in range(_START_TRIES - 1):
        try:
            return _started(profile, state, free_ports(1)[0])
        except ServerStartError as error:
            if "in use" not in str(error):
                raise
    return _started(profile, state, free_ports(1)[0])


def _started(profile: Profile, state: Path, port: int) -> AuthorizationServer:
    server = AuthorizationServer(profile, state, port)
    server.start()
    return server


class AuthorizationServer:
    """One authorization server in a process of its own."""

    def __init__(self, profile: Profile, state: Path, port: int) -> None:
        self._profile = profile
        self._state = state
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._earlier_requests: Counter[str] = Counter()

    @property
    def name(self) -> str:
        """The name of the server's folder."""
        return self._profile.name

    @property
    def base_url(self) -> str:
        """The origin that every endpoint lies under."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def issuer(self) -> str:
        """The exact issuer identifier."""
        return self.base_url + self._profile.issuer_path

    @property
    def discovery_uri(self) -> str:
        """The address of the metadata document."""
        return self.base_url + self._profile.discovery_path

    @property
    def jwks_uri(self) -> str:
        """The address of the public keys."""
        return self.base_url + self._profile.jwks_path

    @property
    def introspection(self) -> Introspection | None:
        """The introspection endpoint, or None when the server has none that knows tokens."""
        path = self._profile.introspection_path
        if path is None:
            return None
        return Introspection(
            endpoint=self.base_url + path,
            client_id=PROTECTED_RESOURCE,
            client_secret=secret_of(PROTECTED_RESOURCE),
        )

    @property
    def is_running(self) -> bool:
        """Whether the server's process lives."""
        return self._process is not None and self._process.poll() is None

    def kinds(self) -> tuple[str, ...]:
        """The kinds of token that this server can make."""
        return self._profile.kinds

    def token(self, kind: str) -> str:
        """A fresh token of this kind, asked for over the real protocol."""
        if kind not in self._profile.kinds:
            raise ValueError(f"{self.name} cannot make a token of the kind {kind!r}")
        return fetch_token(self._profile, self.base_url, RECIPES[kind])

    def rotate_keys(self, *, keep_previous: bool = True) -> None:
        """Sign with new keys from now on; the previous ones stay published if asked."""
        answer = self._control(
            "POST", "rotate", {"keep_previous": "yes" if keep_previous else "no"}
        )
        answer.raise_for_status()

    def requests(self) -> dict[str, int]:
        """How often each path was requested since launch, through every stop and start.

        The launcher's own readiness polls and control requests are not counted; its token
        requests are.
        """
        return dict(self._earlier_requests + self._requests_of_this_run())

    def start(self) -> None:
        """Start on the same port; keys and issued tokens are those of the run before."""
        if self.is_running:
            return
        home = install(self._profile)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command_for(self._profile, home), *self._arguments()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._end_process()
            raise

    def stop(self) -> None:
        """Stop the process, by its own id, and whatever it started."""
        if self.is_running:
            self._earlier_requests += self._requests_of_this_run()
        self._end_process()

    def wait(self) -> None:
        """Wait until the process ends by itself, which is a failure of the server."""
        if self._process is None:
            return
        status = self._process.wait()
        raise ServerStartError(f"{self.name} ended with {status}:\n{self._log_tail()}")

    @property
    def _log(self) -> Path:
        return self._state / "server.log"

    def _arguments(self) -> list[str]:
        return ["--port", str(self._port), "--state", str(self._state), "--exit-with-stdin"]

    def _control(
        self, method: str, action: str, parameters: dict[str, str] | None = None
    ) -> httpx.Response:
        address = f"{self.base_url}/__control/{action}"
        with httpx.Client(timeout=30, trust_env=False) as http:
            return http.request(method, address, params=parameters)

    def _requests_of_this_run(self) -> Counter[str]:
        if not self.is_running:
            return Counter()
        counts: dict[str, int] = self._control("GET", "requests").json()
        return Counter(counts)

    def _wait_until_ready(self) -> None:
        with httpx.Client(timeout=5, headers=_READINESS_PROBE, trust_env=False) as http:
            for _ in polls(START_SECONDS):
                if not self.is_running:
                    raise ServerStartError(f"{self.name} ended at its start:\n{self._log_tail()}")
                if self._answers(http):
                    return
        raise ServerStartError(f"{self.name} did not answer in time:\n{self._log_tail()}")

    def _answers(self, http: httpx.Client) -> bool:
        try:
            return all(
                http.get(address).status_code == httpx.codes.OK
                for address in (self.discovery_uri, self.jwks_uri)
            )
        except httpx.TransportError:
            return False

    def _log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-_LOG_TAIL:]

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdin is not None:
            process.stdin.close()
        _kill_group(process.pid)


def _kill_group(leader: int) -> None:
    # The process was started as the leader of its own group, so this reaches its children only.
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPATH": str(ROOM), "PYTHONDONTWRITEBYTECODE": "1"}
