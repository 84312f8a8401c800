"""Odd, slow and missing answers, and the record of what was asked."""

from __future__ import annotations

import threading
from dataclasses import FrozenInstanceError

import httpx
import pytest

from bearer_guard.testing import AuthorizationServer


def statuses(client: httpx.Client, url: str, times: int) -> list[int]:
    return [client.get(url).status_code for _ in range(times)]


def test_overrides_are_used_up_in_order_and_then_the_truth_returns(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.override("/jwks", status=503, times=2)
    server.override("/jwks", status=404, times=1)
    assert statuses(client, f"{server.issuer}/.well-known/openid-configuration", 1) == [200]
    assert statuses(client, server.url("/jwks"), 4) == [503, 503, 404, 200]


def test_a_lasting_override_is_replaced_by_the_next_and_cleared(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.override("/jwks", status=500)
    server.override("/jwks", status=502)
    server.override("/jwks", status=418, times=1)
    assert statuses(client, server.url("/jwks"), 3) == [418, 502, 502]
    assert client.get(server.issuer + "/.well-known/openid-configuration").status_code == 200
    server.clear_overrides()
    assert statuses(client, server.url("/jwks"), 1) == [200]


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b"\xff\xfe", b"\xff\xfe"),
        ("grün", "grün".encode()),
        ({"keys": []}, b'{"keys": []}'),
        ([1], b"[1]"),
        (b"", b""),
    ],
)
def test_a_body_is_bytes_text_or_json(
    server: AuthorizationServer,
    client: httpx.Client,
    body: bytes | str | dict[str, object] | list[object],
    sent: bytes,
) -> None:
    server.override("/jwks", body=body)
    response = client.get(server.url("/jwks"))
    assert (response.status_code, response.content) == (200, sent)
    assert response.headers["Content-Type"] == "application/json"


def test_headers_alone_go_over_those_of_the_true_answer(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.override("/jwks", headers={"Cache-Control": "max-age=300", "Content-Type": "text/html"})
    response = client.get(server.url("/jwks"))
    assert response.headers["Cache-Control"] == "max-age=300"
    assert response.headers.get_list("Content-Type") == ["text/html"]
    assert len(response.json()["keys"]) == 1


def test_a_whole_path_can_be_overridden_where_no_endpoint_is(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.override("/elsewhere", status=302, headers={"Location": server.url("/jwks")})
    response = client.get(f"{server.issuer}/elsewhere?a=b")
    assert (response.status_code, response.headers["Location"]) == (302, server.url("/jwks"))


def test_an_overridden_endpoint_does_nothing(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    token = server.opaque()
    server.override("/revoke", status=503)
    form = {"token": token}
    client.post(server.url("/revoke"), data=form, auth=("demo", "demo"))
    answer = client.post(server.url("/introspect"), data=form, auth=("demo", "demo"))
    assert answer.json()["active"] is True


def test_an_unavailable_server_answers_everything_so_until_it_comes_back(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.override("/jwks", status=404)
    server.unavailable()
    assert statuses(client, server.url("/jwks"), 2) == [503, 503]
    server.unavailable(502)
    assert statuses(client, server.issuer + "/any", 1) == [502]
    server.come_back()
    assert statuses(client, server.url("/jwks"), 1) == [404]


def test_a_slow_server_runs_into_the_clients_timeout(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    server.answer_slowly(60)
    with pytest.raises(httpx.ReadTimeout):
        client.get(server.url("/jwks"), timeout=0.05)
    server.answer_slowly(0)
    assert statuses(client, server.url("/jwks"), 1) == [200]


def test_one_answer_can_be_late(server: AuthorizationServer, client: httpx.Client) -> None:
    server.override("/jwks", delay=0.05, times=1)
    late, prompt = (client.get(server.url("/jwks")) for _ in range(2))
    assert late.content == prompt.content
    assert late.elapsed.total_seconds() >= 0.05


def test_held_requests_wait_until_the_block_is_left(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.append(client.get(server.url("/jwks")).status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    with server.held("/jwks"):
        for thread in threads:
            thread.start()
        server.wait_until_asked("/jwks", times=3)
        assert client.get(server.issuer + "/other").status_code == 404
        assert answers == []
    for thread in threads:
        thread.join()
    assert answers == [200] * 3


def test_waiting_for_a_request_that_does_not_come_times_out(server: AuthorizationServer) -> None:
    with pytest.raises(TimeoutError, match="/jwks was asked 0 times, not 1"):
        server.wait_until_asked("/jwks", timeout=0.01)


def test_requests_are_counted_by_endpoint_or_path_until_reset(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    statuses(client, server.url("/jwks"), 3)
    client.get(f"{server.issuer}/nowhere")
    counts = [server.count(path) for path in ("/jwks", "/nowhere", "/introspect", "")]
    assert counts == [3, 1, 0, 0]
    assert server.requests.count("/jwks") == 3
    server.reset_counts()
    assert (server.count("/jwks"), server.seen) == (0, [])


def test_a_seen_request_is_frozen_and_tells_everything(
    server: AuthorizationServer, client: httpx.Client
) -> None:
    form = {"token": "t", "token_type_hint": "access_token"}
    client.post(server.url("/introspect") + "?q=1", data=form, headers={"X-Odd": "1"})
    (request,) = server.seen
    assert (request.method, request.path, request.query) == ("POST", "/introspect", "q=1")
    assert (request.endpoint, dict(request.form)) == ("/introspect", form)
    assert request.headers["x-odd"] == "1"
    with pytest.raises(FrozenInstanceError):
        request.path = "/"  # type: ignore[misc]
    with pytest.raises(TypeError):
        request.form["token"] = "u"  # type: ignore[index]
