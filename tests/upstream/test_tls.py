"""TLS, verified against the system's authorities."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bearer_guard._upstream.http_caller import HttpCaller
from faults import ways
from faults.answers import ok
from faults.server import serving
from upstream.calling import HASTY, ask, failure


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path_factory.mktemp("tls") / "both.pem"
    encoding = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem.write_bytes(made.public_bytes(encoding) + key.private_bytes(encoding, *plain))
    return pem


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_server_that_the_system_trusts_is_asked_over_tls(
    new_caller: HttpCaller, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(ok(), tls=tls) as server:
        for _ in range(2):
            assert ask(new_caller, server.url).body == b"{}"
        assert server.connections == 1


def test_a_server_that_nobody_vouches_for_is_not_asked(
    caller: HttpCaller, tls: ssl.SSLContext
) -> None:
    with serving(ok(), tls=tls) as server:
        failed = failure(caller, server.url)
    assert (failed.reason, failed.details) == ("upstream_unreachable", {"error": "ConnectError"})


def test_what_is_read_over_tls_is_left_by_the_deadline_too(
    new_caller: HttpCaller, tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its fields comes within any time for one read."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    dripping = ways.endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n")
    before = time.monotonic()
    with serving(dripping, tls=tls) as server:
        failed = failure(new_caller, server.url, HASTY)
    assert (failed.reason, failed.details) == ("upstream_timeout", {"error": "ReadTimeout"})
    assert time.monotonic() - before < 3


def test_a_handshake_that_never_ends_is_left_by_the_deadline(caller: HttpCaller) -> None:
    with serving(ways.silence()) as server:
        failed = failure(caller, server.url.replace("http:", "https:"), HASTY)
    assert failed.details == {"error": "ConnectTimeout"}
