"""The life of the socket: starting, stopping, keep-alive, many connections, no leaks."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bearer_guard.testing import AuthorizationServer


def connect(server: AuthorizationServer) -> socket.socket:
    url = httpx.URL(server.issuer)
    return socket.create_connection((url.host, url.port or 0), timeout=5)


def test_a_server_without_an_issuer_has_no_url_before_it_is_started() -> None:
    server = AuthorizationServer()
    with pytest.raises(RuntimeError, match=r"start\(\) the server first"):
        server.issuer  # noqa: B018
    server.stop()
    server.start()
    assert server.issuer.startswith("http://127.0.0.1:")
    server.stop()


def test_a_started_server_is_not_started_again(server: AuthorizationServer) -> None:
    with pytest.raises(RuntimeError, match="started already"):
        server.start()


def test_an_issuer_and_a_path_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        AuthorizationServer(issuer="https://h.example", issuer_path="/p")


def test_one_connection_serves_many_requests(server: AuthorizationServer) -> None:
    before = threading.active_count()
    with connect(server) as connection, connection.makefile("rb") as answers:
        for _ in range(3):
            connection.sendall(b"GET /jwks HTTP/1.1\r\nHost: h\r\n\r\n")
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            length = 0
            while (line := answers.readline()) != b"\r\n":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            assert len(answers.read(length)) == length > 0
            assert threading.active_count() == before + 1
    assert server.count("/jwks") == 3


def test_it_comes_back_on_the_same_port_with_the_same_issuer_and_keys(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    issuer = server.issuer
    keys = client.get(server.url("/jwks")).json()
    for _ in range(3):
        server.stop()
        with pytest.raises(httpx.ConnectError):
            client.get(server.url("/jwks"))
        server.start()
        assert server.issuer == issuer
        assert client.get(server.url("/jwks")).json() == keys


def test_down_means_connections_refused_and_open_ones_dropped(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    with connect(server) as idle:
        client.get(server.url("/jwks"))
        server.go_down()
        assert idle.recv(1) == b""
        server.go_down()
        with pytest.raises(httpx.ConnectError):
            client.get(server.url("/jwks"))
    server.come_back()
    server.come_back()
    assert client.get(server.url("/jwks")).status_code == 200
    assert server.count("/jwks") == 2


def test_while_it_is_down_nobody_else_gets_its_port(server: AuthorizationServer) -> None:
    server.go_down()
    port = httpx.URL(server.issuer).port or 0
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))


def test_a_stopped_server_may_be_down_as_well(server: AuthorizationServer) -> None:
    server.go_down()
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_stopping_is_quick_and_ends_every_thread_whatever_they_wait_for() -> None:
    before = threading.active_count()
    server = AuthorizationServer()
    server.start()
    idle = [connect(server) for _ in range(20)]
    server.override("/slow", delay=60)
    for path in (b"/slow", b"/jwks"):
        idle.append(connect(server))
        idle[-1].sendall(b"GET " + path + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    with server.held("/jwks"):
        server.wait_until_asked("/slow")
        server.wait_until_asked("/jwks")
        began = time.perf_counter()
        server.stop()
        assert time.perf_counter() - began < 0.2
        assert threading.active_count() == before
    for connection in idle:
        assert connection.recv(1) == b""
        connection.close()


def test_requests_wait_again_after_a_restart(server: AuthorizationServer) -> None:
    server.go_down()
    server.come_back()
    server.answer_slowly(60)
    with connect(server) as connection:
        connection.sendall(b"GET /jwks HTTP/1.1\r\nHost: h\r\n\r\n")
        server.wait_until_asked("/jwks")
        connection.settimeout(0.02)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_client_that_hangs_up_harms_nobody(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    for request in (b"", b"GET /jw", b"POST /token HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"):
        with connect(server) as connection:
            connection.sendall(request)
    assert client.get(server.url("/jwks")).status_code == 200


def test_nonsense_is_answered_with_400(server: AuthorizationServer) -> None:
    with connect(server) as connection:
        connection.sendall(b"NONSENSE\x00 / / /\r\n\r\n")
        assert b"400" in connection.recv(4096)
    assert server.seen == []


def test_200_connections_at_once_are_all_answered() -> None:
    everybody_is_in = 200
    with AuthorizationServer() as server, ThreadPoolExecutor(everybody_is_in) as pool:
        server.signing_key()

        def ask(_: int) -> bytes:
            with connect(server) as connection:
                connection.sendall(b"GET /jwks HTTP/1.1\r\nHost: h\r\n\r\n")
                return connection.recv(15)

        with server.held("/jwks"):
            answers = [pool.submit(ask, number) for number in range(everybody_is_in)]
            server.wait_until_asked("/jwks", times=everybody_is_in)
        assert {answer.result() for answer in answers} == {b"HTTP/1.1 200 OK"}
        assert server.count("/jwks") == everybody_is_in
