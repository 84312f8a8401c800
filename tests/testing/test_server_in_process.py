"""The server without a socket, under any issuer."""

from __future__ import annotations

import subprocess
import sys
import threading

import httpx
import pytest

from bearer_guard.testing import AuthorizationServer


def test_it_answers_for_its_issuer_at_once_and_without_a_thread(
    authorization_server_in_process: AuthorizationServer,
) -> None:
    server = authorization_server_in_process
    before = threading.active_count()
    with server.http_client(headers={"X-Odd": "1"}) as client:
        document = client.get(
            "https://login.example.com/.well-known/oauth-authorization-server"
        ).json()
        assert document["issuer"] == "https://login.example.com/"
        assert document["jwks_uri"] == "https://login.example.com/jwks"
        assert len(client.get(document["jwks_uri"]).json()["keys"]) == 1
    assert (server.count("/jwks"), server.seen[0].headers["x-odd"]) == (1, "1")
    assert threading.active_count() == before


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/jwks", "http://login.example.com/", "https://login.example.com:444/"],
)
def test_there_is_no_other_server(
    authorization_server_in_process: AuthorizationServer, url: str
) -> None:
    with (
        authorization_server_in_process.http_client() as client,
        pytest.raises(httpx.ConnectError, match=r"there is only https://login\.example\.com"),
    ):
        client.get(url)


def test_down_is_a_connect_error_until_it_comes_back(
    authorization_server_in_process: AuthorizationServer,
) -> None:
    server = authorization_server_in_process
    with server.http_client() as client:
        server.go_down()
        with pytest.raises(httpx.ConnectError, match="is down"):
            client.get(server.url("/jwks"))
        assert server.count("/jwks") == 0
        server.come_back()
        assert client.get(server.url("/jwks")).status_code == 200
        with server:
            assert client.get(server.url("/jwks")).status_code == 200
        with pytest.raises(httpx.ConnectError, match="is down"):
            client.get(server.url("/jwks"))


def test_going_down_drops_the_requests_under_way(
    authorization_server_in_process: AuthorizationServer,
) -> None:
    server = authorization_server_in_process
    server.answer_slowly(60)
    failures: list[str] = []

    def ask() -> None:
        with server.http_client() as client, pytest.raises(httpx.RemoteProtocolError) as failure:
            client.get(server.url("/jwks"))
        failures.append(str(failure.value))

    thread = threading.Thread(target=ask)
    thread.start()
    server.wait_until_asked("/jwks")
    server.go_down()
    thread.join()
    assert failures == ["the server disconnected"]


def test_a_server_on_a_socket_can_be_asked_in_process_too(server: AuthorizationServer) -> None:
    with server.http_client() as client:
        assert client.get(server.url("/jwks")).status_code == 200
    assert server.count("/jwks") == 1


def test_the_wsgi_application_can_be_mounted_anywhere(
    authorization_server_in_process: AuthorizationServer,
) -> None:
    transport = httpx.WSGITransport(authorization_server_in_process.wsgi_app)
    with httpx.Client(transport=transport, base_url="http://any.example") as client:
        assert client.get("/jwks").status_code == 200


def test_what_is_heavy_is_imported_when_it_is_needed() -> None:
    program = """
import sys, types, pathlib, importlib.util
package = types.ModuleType("bearer_guard")
package.__path__ = [sys.argv[1]]
sys.modules["bearer_guard"] = package
import bearer_guard.pytest_plugin
assert "bearer_guard.testing" not in sys.modules
from bearer_guard.testing import AuthorizationServer
AuthorizationServer(issuer="https://h.example").opaque()
heavy = {"httpx", "jwt", "cryptography"} & set(sys.modules)
assert not heavy, heavy
"""
    package = sys.modules["bearer_guard"].__path__[0]
    subprocess.run([sys.executable, "-c", program, package], check=True)
