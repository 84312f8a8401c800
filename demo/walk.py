"""The walk: what is sent, one request after the other, and what has to come back.

``steps`` is a generator. Between two of its steps it changes the authorization server: it
revokes a token, rotates the keys, goes away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from bearer_guard.testing import AuthorizationServer


@dataclass(frozen=True)
class Verdict:
    """What an API does with a request."""

    status: int
    challenge: str = ""
    """``WWW-Authenticate`` without its realm and its description; or ``Retry-After``."""
    reason: str = ""
    """What the API's own log says."""
    calls: int = 0
    """How many requests reached the authorization server."""


@dataclass(frozen=True)
class Step:
    """One request to each API."""

    sent: str
    expected: Verdict
    authorization: str | None = None
    method: str = "GET"
    path: str = "/orders"


@dataclass(frozen=True)
class Heading:
    """A line over the steps that follow."""

    text: str


def bearer(sent: str, token: str, expected: Verdict, method: str = "GET") -> Step:
    return Step(sent, expected, f"Bearer {token}", method)


def let_in(calls: int = 0) -> Verdict:
    return Verdict(200, calls=calls)


def invalid(reason: str, calls: int = 0) -> Verdict:
    return Verdict(401, 'error="invalid_token"', reason, calls)


def away() -> Verdict:
    return Verdict(503, "Retry-After: 1", "upstream_unreachable")


def steps(server: AuthorizationServer) -> Iterator[Step | Heading]:
    yield Heading("Let in")
    yield Step("a public path, no token", let_in(), path="/health")
    jwt, opaque = server.jwt(), server.opaque()
    yield bearer("self-contained token (JWT)", jwt, let_in(calls=2))
    yield bearer("  the same again", jwt, let_in())
    yield bearer("  another one, same key", server.jwt(), let_in())
    yield bearer("referential token (opaque)", opaque, let_in(calls=2))
    yield bearer("  the same again", opaque, let_in())
    sealed = server.jwe()
    yield bearer("referential token (encrypted, JWE)", sealed, let_in(calls=1))
    yield from _refused(server, jwt)
    yield from _revoked(server, opaque)
    yield from _rotated(server, jwt)
    yield from _stopped(server, sealed)


def _refused(server: AuthorizationServer, jwt: str) -> Iterator[Step | Heading]:
    yield Heading("Refused, without a call")
    yield Step("no token", Verdict(401, 'realm="api", scope="orders:read"', "token_missing"))
    two = f"{jwt}, Bearer {jwt}"
    malformed = Verdict(400, 'error="invalid_request"', "credentials_repeated")
    yield bearer("two tokens in one header", two, malformed)
    yield bearer("expired", server.jwt(expires_in=-3600), invalid("expired"))
    other = server.jwt(audience="https://other.example.com")
    yield bearer("meant for another API", other, invalid("audience_mismatch"))
    stranger = AuthorizationServer(issuer="https://stranger.example.com/")
    yield bearer("by an issuer nobody trusts", stranger.jwt(), invalid("issuer_untrusted"))
    tampered = server.tampered(server.jwt())
    yield bearer("signature tampered with", tampered, invalid("signature_invalid"))
    unsigned = server.jwt(header={"alg": "none"})
    yield bearer('"alg": "none"', unsigned, invalid("algorithm_not_allowed"))
    id_token = server.id_token(audience=server.audience)
    yield bearer("id token", id_token, invalid("id_token"))
    bound = server.jwt(claims={"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})
    yield bearer("bound to a key (DPoP), not proven", bound, invalid("token_bound"))
    narrow = Verdict(403, 'error="insufficient_scope", scope="orders:write"', "scope_insufficient")
    yield bearer("POST, without scope orders:write", jwt, narrow, "POST")
    wide = server.jwt(scope="orders:read orders:write")
    yield bearer("POST, with it", wide, let_in(), "POST")


def _revoked(server: AuthorizationServer, opaque: str) -> Iterator[Step | Heading]:
    yield Heading("A referential token is revoked")
    revoked = server.opaque()
    server.revoke(revoked)
    yield bearer("revoked before its first use", revoked, invalid("token_inactive", calls=1))
    yield bearer("  the same again", revoked, invalid("token_inactive"))
    server.revoke(opaque)
    yield bearer("revoked after use: answer kept 60 s", opaque, let_in())


def _rotated(server: AuthorizationServer, old: str) -> Iterator[Step | Heading]:
    yield Heading("The server rotates its keys")
    server.rotate_keys()
    yield bearer("signed with the new key", server.jwt(), let_in(calls=1))
    yield bearer("signed with the key withdrawn", old, invalid("key_unknown", calls=1))
    yield bearer("  the same again", old, invalid("key_unknown"))


def _stopped(server: AuthorizationServer, sealed: str) -> Iterator[Step | Heading]:
    yield Heading("The authorization server is stopped")
    server.go_down()
    yield bearer("JWT never seen, key at hand", server.jwt(), let_in())
    yield bearer("referential token seen before", sealed, let_in())
    fresh = server.opaque()
    yield bearer("referential token never seen", fresh, away())
    server.rotate_keys()
    jwt = server.jwt()
    yield bearer("JWT with a key never seen", jwt, away())
    server.come_back()
    time.sleep(1.1)
    yield Heading("It is back, and Retry-After is over")
    yield bearer("that JWT once more", jwt, let_in(calls=1))
    yield bearer("that referential token once more", fresh, let_in(calls=1))
