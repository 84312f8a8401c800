"""What one request at a time cannot show: connections that are kept, crowds, TLS, upgrades."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from bearer_guard import UpstreamPolicy
from conformance import tokens
from conformance.rows import WIRE, bearer, request
from conformance.run import Run
from conformance.table.http_requests import WS
from conformance.targets import Slot
from conformance.wire import send_on
from conformance.world import Setting, World
from faults.answers import Answer, document
from faults.server import FaultServer


@pytest.fixture
def world(run: Run) -> Iterator[World]:
    found = World(run.stage, run.tripwire.port, Setting())
    yield found
    found.close()


def _on_one_connection(
    run: Run, where: str, world: World, *requests: bytes
) -> list[tuple[int, int]]:
    """Statuses, and how often the handler was reached, over one connection while it is kept."""
    slot = run.targets.enter(Slot(world.guard))
    found, connection = [], None
    try:
        for octets in requests:
            connection = connection or socket.create_connection(
                ("127.0.0.1", run.targets.ports[where]), 6
            )
            marked = octets.replace(b"\r\n", b"\r\nX-Row: " + slot.encode() + b"\r\n", 1)
            outcome = send_on(connection, marked)
            found.append((outcome.status, run.targets.slot(slot).reached))
            if where == "gunicorn" or outcome.one("connection").lower() == "close":
                connection.close()
                connection = None
    finally:
        if connection is not None:
            connection.close()
        run.targets.leave(slot)
    return found


@pytest.mark.parametrize("where", WIRE)
def test_each_request_of_a_kept_connection_is_judged_by_itself(
    run: Run, world: World, where: str
) -> None:
    found = _on_one_connection(
        run, where, world, bearer(world.jwt()), request(), bearer(world.jwt({"aud": "x"})), bearer("x.y.z"),
        bearer(world.jwt({"exp": 1})), bearer("a b"), bearer(world.jwt()),
    )  # fmt: skip
    assert found == [(200, 1), (401, 1), (401, 1), (401, 1), (401, 1), (400, 1), (200, 2)]


@pytest.mark.parametrize("where", ["guard", "guard_async", "uvicorn_httptools", "waitress"])
def test_a_cold_crowd_costs_one_discovery_and_one_fetch(run: Run, world: World, where: str) -> None:
    octets = [bearer(world.jwt()) for _ in range(24)]
    with ThreadPoolExecutor(24) as crowd:
        outcomes = list(crowd.map(lambda each: run.targets.send(where, world.guard, each), octets))
    assert [outcome.status for outcome in outcomes] == [200] * 24
    assert world.calls() == 2


@pytest.mark.parametrize("where", ["guard", "guard_async", "uvicorn_h11", "gunicorn"])
def test_known_keys_do_not_wait_for_made_up_ones(run: Run, world: World, where: str) -> None:
    assert run.targets.send(where, world.guard, bearer(world.jwt())).status == 200
    world.at("/jwks", Answer(200, b"{}", delay=1.5))
    unknown = bearer(world.jwt(None, {"kid": "made-up"}))
    with ThreadPoolExecutor(8) as crowd:
        slow = [crowd.submit(run.targets.send, where, world.guard, unknown) for _ in range(6)]
        quick = [run.targets.send(where, world.guard, bearer(world.jwt())) for _ in range(5)]
        assert [(outcome.status, outcome.seconds < 0.7) for outcome in quick] == [(200, True)] * 5
        assert {future.result().status for future in slow} <= {401, 503}
    assert world.calls("/jwks") == 2


def test_one_opaque_token_by_a_crowd_costs_one_introspection(run: Run) -> None:
    world = World(run.stage, run.tripwire.port, Setting(introspection={}))
    octets = bearer(world.opaque())
    with ThreadPoolExecutor(20) as crowd:
        outcomes = list(
            crowd.map(lambda _: run.targets.send("uvicorn_h11", world.guard, octets), range(20))
        )
    assert [outcome.status for outcome in outcomes] == [200] * 20
    assert world.calls("/introspect") == 1
    world.close()


@pytest.mark.parametrize("where", ["uvicorn_h11", "uvicorn_httptools"])
def test_a_websocket_with_a_good_token_is_accepted(run: Run, world: World, where: str) -> None:
    octets = request("GET", "/ws", *WS, ("Authorization", "Bearer " + world.jwt()))
    outcome = run.targets.send(where, world.guard, octets)
    assert (outcome.status, outcome.reached) == (101, 1)


@pytest.mark.parametrize("where", WIRE)
def test_an_answer_to_a_query_token_is_private(run: Run, where: str) -> None:
    """RFC 6750 section 2.3."""
    world = World(run.stage, run.tripwire.port, Setting(guard={"query_parameter": True}))
    outcome = run.targets.send(where, world.guard, request("GET", f"/o?access_token={world.jwt()}"))
    assert (outcome.status, "private" in outcome.one("cache-control")) == (200, True)
    world.close()


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[FaultServer]:
    """An authorization server whose certificate nobody vouches for."""
    key = tokens.private_key("p256-tls")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    stage = FaultServer(context)
    yield stage
    stage.close()


@pytest.mark.parametrize("where", ["guard", "guard_async", "uvicorn_httptools", "gunicorn"])
def test_keys_behind_a_certificate_that_nobody_vouches_for_are_503(
    run: Run, stranger: FaultServer, where: str
) -> None:
    options = {
        "jwks_uri": f"https://127.0.0.1:{stranger.port}/keys",
        "upstream": UpstreamPolicy(timeout=2),
    }
    world = World(run.stage, run.tripwire.port, Setting(issuer=options))
    asked: list[object] = []
    stranger.place(asked, "/keys", document({"keys": [tokens.jwk("p256-1")]}))  # type: ignore[arg-type]
    outcome = run.targets.send(where, world.guard, bearer(world.jwt()))
    assert (outcome.status, outcome.reached, asked) == (503, 0, [])
    world.close()


def key_threads() -> int:
    return sum(thread.name.startswith("bearer_guard-keys") for thread in threading.enumerate())


def test_a_guard_that_is_closed_leaves_no_thread(run: Run, world: World) -> None:
    before = key_threads()
    assert run.targets.send("guard", world.guard, bearer(world.jwt())).status == 200
    assert key_threads() == before + 1
    world.guard.close()
    assert key_threads() == before
