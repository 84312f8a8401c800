"""One call: what is sent, what comes back, what is repeated."""

from __future__ import annotations

import socket
import time

import pytest

from bearer_guard import UpstreamPolicy
from bearer_guard._upstream.http_caller import HttpCaller
from bearer_guard.exchange import Call, UpstreamFailure
from bearer_guard.testing import AuthorizationServer
from faults import ways
from faults.answers import Answer, ok
from faults.server import serving
from upstream.calling import HASTY, ask, failure, one_call


def test_a_reply_has_status_small_letter_headers_and_body(caller: HttpCaller) -> None:
    with serving(ok(b"{}", ("ETag", '"1"'), ("X-TWICE", "a"), ("x-twice", "b"))) as server:
        reply = ask(caller, server.url)
    assert reply.status == 200
    assert reply.body == b"{}"
    assert reply.headers["etag"] == '"1"'
    assert reply.headers["x-twice"] == "a, b"


def test_a_request_says_little(
    caller: HttpCaller, authorization_server: AuthorizationServer
) -> None:
    ask(caller, authorization_server.url("/jwks"))
    (seen,) = authorization_server.seen
    assert set(seen.headers) - {"content-length", "content-type", "connection"} == {
        *("host", "accept", "accept-encoding", "user-agent")
    }
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["user-agent"] == "bearer_guard"


def test_a_post_carries_its_body(
    caller: HttpCaller, authorization_server: AuthorizationServer
) -> None:
    ask(caller, authorization_server.url("/jwks"), method="POST", body=b"a=b")
    assert authorization_server.seen[0].method == "POST"


def test_nothing_is_opened_before_the_first_call(new_caller: HttpCaller) -> None:
    assert new_caller._clients._held is None


def test_connections_are_kept_and_used_again(caller: HttpCaller) -> None:
    with serving(ok(), ok(), ok()) as server:
        for _ in range(3):
            ask(caller, server.url)
        assert server.connections == 1


def test_cookies_are_not_kept(new_caller: HttpCaller) -> None:
    """A call carries what the errand says, nothing that a server left here."""
    with serving(ok(b"{}", ("Set-Cookie", "tracked=1; Path=/"))) as server:
        ask(new_caller, server.url)
        ask(new_caller, server.url)
    first, second = server.seen
    assert "cookie" not in second.headers
    assert first == second


def test_the_environments_proxies_are_not_used(
    new_caller: HttpCaller,
    authorization_server: AuthorizationServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert ask(new_caller, authorization_server.url("/jwks")).status == 200


def test_an_errand_may_make_several_calls_and_hears_of_failures(
    caller: HttpCaller, authorization_server: AuthorizationServer
) -> None:
    def errand(refused: str):
        try:
            yield Call("GET", refused, {})
        except UpstreamFailure as failed:
            second = yield Call("GET", authorization_server.url("/jwks"), {})
            return failed.reason, second.status

    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/"
        outcome = caller.run(errand(url), UpstreamPolicy(), time.monotonic() + 5)
    assert outcome == ("upstream_unreachable", 200)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_a_gateway_could_not_get_is_asked_once_more(
    caller: HttpCaller, authorization_server: AuthorizationServer, status: int
) -> None:
    authorization_server.override("/jwks", status=status, times=1)
    assert ask(caller, authorization_server.url("/jwks")).status == 200
    assert authorization_server.count("/jwks") == 2
    authorization_server.override("/jwks", status=status)
    assert ask(caller, authorization_server.url("/jwks")).status == status
    assert authorization_server.count("/jwks") == 4


@pytest.mark.parametrize("status", [200, 201, 301, 400, 401, 404, 408, 429, 500, 501, 505])
def test_every_other_answer_is_an_answer(
    caller: HttpCaller, authorization_server: AuthorizationServer, status: int
) -> None:
    authorization_server.override("/jwks", status=status)
    assert ask(caller, authorization_server.url("/jwks")).status == status
    assert authorization_server.count("/jwks") == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_says_when_to_come_back_is_not_asked_before(
    caller: HttpCaller, authorization_server: AuthorizationServer, status: int
) -> None:
    """RFC 9110 section 10.2.3."""
    authorization_server.override("/jwks", status=status, headers={"Retry-After": "9"})
    reply = ask(caller, authorization_server.url("/jwks"))
    assert (reply.status, reply.headers["retry-after"]) == (status, "9")
    assert authorization_server.count("/jwks") == 1


def test_nothing_is_repeated_once_it_is_not_wanted_any_more(
    caller: HttpCaller, authorization_server: AuthorizationServer
) -> None:
    until, stubborn = time.monotonic() + 5, UpstreamPolicy(retries=5)
    authorization_server.override("/jwks", status=503)
    errand = one_call(authorization_server.url("/jwks"))
    wanted = iter([True, False])
    assert caller.run(errand, stubborn, until, may_repeat=lambda: next(wanted)).status == 503
    assert authorization_server.count("/jwks") == 2
    with serving(ways.hang_up()) as server:
        with pytest.raises(UpstreamFailure, match="upstream_unreachable"):
            caller.run(one_call(server.url), stubborn, until, may_repeat=lambda: False)
        assert server.connections == 1


def test_a_refused_connection_is_tried_once_more(
    caller: HttpCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpcore

    tried = []
    connect = httpcore.SyncBackend.connect_tcp

    def counted(*arguments: object, **options: object) -> object:
        tried.append(arguments)
        return connect(*arguments, **options)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", counted)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        failed = failure(caller, f"http://127.0.0.1:{unheard.getsockname()[1]}/")
    assert (failed.reason, failed.details) == ("upstream_unreachable", {"error": "ConnectError"})
    assert len(tried) == 2


def test_a_connection_that_is_dropped_unanswered_is_tried_once_more(caller: HttpCaller) -> None:
    """As a server does that closes an idle connection just when it is used again."""
    with serving(ways.hang_up(), ok()) as server:
        assert ask(caller, server.url).status == 200
        assert server.connections == 2


def test_how_often_is_a_setting(
    caller: HttpCaller, authorization_server: AuthorizationServer
) -> None:
    authorization_server.override("/jwks", status=503)
    url = authorization_server.url("/jwks")
    for retries, asked in ((0, 1), (3, 4)):
        authorization_server.reset_counts()
        assert ask(caller, url, UpstreamPolicy(retries=retries)).status == 503
        assert authorization_server.count("/jwks") == asked


def test_a_timeout_is_not_tried_again(
    caller: HttpCaller, authorization_server: AuthorizationServer
) -> None:
    with authorization_server.held("/jwks"):
        policy = UpstreamPolicy(connect_timeout=0.3, timeout=0.3, retries=5)
        failed = failure(caller, authorization_server.url("/jwks"), policy)
        assert (failed.reason, failed.details) == ("upstream_timeout", {"error": "ReadTimeout"})
        assert authorization_server.count("/jwks") == 1


def test_a_call_whose_time_is_over_is_not_sent(
    caller: HttpCaller, authorization_server: AuthorizationServer
) -> None:
    with pytest.raises(UpstreamFailure, match="upstream_timeout"):
        caller.run(one_call(authorization_server.url("/jwks")), HASTY, time.monotonic())
    assert authorization_server.seen == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "upstream_unreachable"),
        (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "upstream_unreachable"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
            "upstream_broken",
        ),
    ],
)
def test_what_is_no_whole_answer_is_a_failure(
    caller: HttpCaller, answer: bytes, reason: str
) -> None:
    with serving(Answer(raw=answer)) as server:
        assert failure(caller, server.url).reason == reason


def test_an_address_that_cannot_be_asked_is_a_failure(caller: HttpCaller) -> None:
    for url in ("ftp://127.0.0.1/", "https://[::1/", "/jwks"):
        failed = failure(caller, url)
        assert failed.reason == "upstream_broken", url


def test_a_failure_tells_the_library_error_by_its_name_alone(caller: HttpCaller) -> None:
    """Its message may hold an address with credentials."""
    failed = failure(caller, "http://user:hunter2@127.0.0.1:1/secret")
    assert failed.__cause__ is None
    assert failed.__context__ is None or failed.__suppress_context__
    assert "hunter2" not in f"{failed!r} {failed.details}"


def test_closing_twice_and_closing_what_was_never_used_are_no_errors(
    new_caller: HttpCaller,
) -> None:
    new_caller.close()
    with serving(ok()) as server:
        ask(new_caller, server.url)
    new_caller.close()
    new_caller.close()
