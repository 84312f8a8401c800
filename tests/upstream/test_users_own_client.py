"""A client that the user brings: httpx's, or that of its successor httpx2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest

from bearer_guard import Introspection, UpstreamPolicy
from bearer_guard._upstream import forks
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.testing import AuthorizationServer
from key_life.world import JWKS, World, at_once
from upstream.calling import HASTY, ask, failure

URL = "https://login.example.com/jwks"


def test_it_is_used_and_left_open(world: World) -> None:
    assert world(world.server.jwt()) == "let in"
    world.guard.close()
    assert not world.http_client.is_closed
    assert world.http_client.get(world.server.url(JWKS)).status_code == 200


def test_its_redirects_are_not_followed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url == URL
        stream = httpx.ByteStream(b"")
        return httpx.Response(302, headers={"Location": URL + "/elsewhere"}, stream=stream)

    client = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    assert ask(HttpCaller(client, 1, 1), URL).status == 302


def test_its_timeouts_are_ours() -> None:
    seen: list[dict[str, float]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    client = httpx.Client(transport=httpx.MockTransport(answer), timeout=None)
    ask(HttpCaller(client, 1, 1), URL)
    (timeout,) = seen
    assert timeout["connect"] == 2
    assert all(4 < timeout[name] <= 5 for name in ("read", "write", "pool"))


def test_no_timeout_is_longer_than_the_time_that_is_left() -> None:
    seen: list[dict[str, float]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    client = httpx.Client(transport=httpx.MockTransport(answer), timeout=None)
    ask(HttpCaller(client, 1, 1), URL, UpstreamPolicy(connect_timeout=60, timeout=5))
    (timeout,) = seen
    assert all(4 < timeout[name] <= 5 for name in ("connect", "read", "write", "pool"))


def test_an_answer_that_was_read_already_may_be_as_long_as_any() -> None:
    def caller(size: int) -> HttpCaller:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"x" * size))
        hooks = {"response": [lambda response: response.read()]}
        return HttpCaller(httpx.Client(transport=transport, event_hooks=hooks), 1, 1)

    small = UpstreamPolicy(max_answer=1024)
    assert ask(caller(1024), URL, small).body == b"x" * 1024
    failed = failure(caller(1025), URL, small)
    assert (failed.reason, failed.details) == ("upstream_answer_too_large", {"limit": 1024})


def test_its_answers_may_have_been_read_already(world: World) -> None:
    """As by a response hook, httpx's own recipe, or by a mock transport in a user's tests."""
    world.http_client.event_hooks = {"response": [lambda response: response.read()]}
    assert world(world.server.jwt()) == "let in"
    world.clock.turn(600)
    world.server.override(JWKS, body=b" " * 1_048_577)
    world.server.rotate_keys()
    assert world(world.server.jwt()) == "503 upstream_answer_too_large"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectError, "upstream_unreachable"),
        (httpx.ConnectTimeout, "upstream_unreachable"),
        (httpx.RemoteProtocolError, "upstream_unreachable"),
        (httpx.ReadTimeout, "upstream_timeout"),
        (httpx.PoolTimeout, "upstream_timeout"),
        (httpx.ReadError, "upstream_broken"),
        (httpx.ProxyError, "upstream_broken"),
        (httpx.InvalidURL, "upstream_broken"),
        (OSError, "upstream_broken"),
        (ConnectionResetError, "upstream_broken"),
    ],
)
def test_its_errors_are_failures_by_name(error: type[Exception], reason: str) -> None:
    tried = []

    def answer(_request: httpx.Request) -> httpx.Response:
        tried.append(1)
        raise error("https://user:hunter2@login.example.com/")

    failed = failure(HttpCaller(httpx.Client(transport=httpx.MockTransport(answer)), 1, 1), URL)
    assert (failed.reason, failed.details) == (reason, {"error": error.__name__})
    repeated = reason == "upstream_unreachable" or error is httpx.ReadError
    assert len(tried) == (2 if repeated else 1)


def test_its_slow_body_is_left_by_the_deadline() -> None:
    import time

    class Slow(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"{"
            deadline = time.monotonic() + HASTY.timeout
            while time.monotonic() <= deadline:
                pass
            yield b"}"

    client = httpx.Client(
        transport=httpx.MockTransport(lambda _: httpx.Response(200, stream=Slow()))
    )
    assert failure(HttpCaller(client, 1, 1), URL, HASTY).reason == "upstream_timeout"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx2.ConnectError, "upstream_unreachable"),
        (httpx2.ReadTimeout, "upstream_timeout"),
        (httpx2.InvalidURL, "upstream_broken"),
    ],
)
@pytest.mark.parametrize("subclassed", [False, True])
def test_a_client_of_httpx2_fails_by_the_same_names(
    new_world: Callable[..., World], error: type[Exception], reason: str, subclassed: bool
) -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        raise error("https://user:hunter2@login.example.com/")

    client_class = type("Own", (httpx2.Client,), {}) if subclassed else httpx2.Client
    world = new_world(http_client=client_class(transport=httpx2.MockTransport(answer)))
    assert world(world.server.jwt()) == f"503 {reason}"
    world.guard.close()
    assert not world.http_client.is_closed


def test_a_client_of_httpx2_brings_keys() -> None:
    server = AuthorizationServer(issuer="https://login.example.com/")
    with httpx2.Client(transport=httpx2.WSGITransport(server.wsgi_app)) as client:
        reply = ask(HttpCaller(client, 1, 1), URL)
    assert reply.status == 200
    assert b'"keys"' in reply.body


def test_a_client_of_no_library_fails_by_the_systems_errors() -> None:
    class Client:
        def stream(self, *arguments: Any, **options: Any) -> Any:
            raise OSError

        def close(self) -> None: ...

    assert failure(HttpCaller(Client(), 1, 1), URL).details == {"error": "OSError"}


def test_a_client_class_whose_module_is_not_there_fails_like_any_other() -> None:
    """As from a file that was run, or one loaded by hand: ``sys.modules`` need not know it."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    client_class = type("Client", (httpx.Client,), {"__module__": "loaded_by_hand"})
    client = client_class(transport=httpx.MockTransport(answer))
    assert failure(HttpCaller(client, 1, 1), URL).reason == "upstream_unreachable"


def test_it_is_not_used_in_a_process_that_was_forked_off_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With forks in truth: ``guard/test_forks_with_an_own_client.py``."""
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    caller = HttpCaller(httpx.Client(transport=httpx.MockTransport(answer)), 1, 1)
    monkeypatch.setattr(forks, "_forks", forks.generation())
    ask(caller, URL)
    forks._forks += 1
    failed = failure(caller, URL)
    assert failed.reason == "http_client_unusable"
    assert "function that makes the client" in failed.details["advice"]
    assert asked == [URL]


class Crashing:
    """A client that fails as no client should: as one does that its owner closed."""

    def __init__(self) -> None:
        self.asked = 0

    def stream(self, *arguments: Any, **options: Any) -> Any:
        self.asked += 1
        raise RuntimeError("Cannot send a request, as the client has been closed: hunter2")

    def close(self) -> None: ...


def test_a_client_that_its_owner_closed_is_broken_infrastructure(world: World) -> None:
    """A good token under a new key is 503 then, never ``key_unknown``."""
    world(world.server.jwt())
    world.server.rotate_keys()
    world.http_client.close()
    for _ in range(4):
        assert world(world.server.jwt()).startswith("503 ")


def test_an_error_that_nobody_foresaw_is_told_and_backed_off_from(
    new_world: Callable[..., World], caplog: pytest.LogCaptureFixture
) -> None:
    client = Crashing()
    world = new_world(http_client=client)
    for _ in range(5):
        assert world(world.server.jwt()).startswith("503 ")
    assert client.asked == 1, "a crash is no licence to hammer"
    told = [record for record in caplog.records if record.msg.startswith("%s: %s")]
    assert any(record.args[0] == "authorization server" for record in told)
    assert "hunter2" not in caplog.text


def test_an_error_that_nobody_foresaw_is_503_for_an_opaque_token_too(
    new_world: Callable[..., World],
) -> None:
    introspection = Introspection("https://login.example.com/i", client_id="a", client_secret="b")
    world = new_world(http_client=Crashing(), introspects=lambda _server: introspection)
    verdicts = at_once([lambda: world("opaque")] * 3)
    assert all(str(verdict).startswith("503 ") for verdict in verdicts), verdicts
