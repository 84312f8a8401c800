"""What a stranger may send, by kind: each as many different requests as are wanted.

None of it needs a secret of the authorization server. What looks like its tokens was made of one
true token that the stranger once saw, its signature included.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bearer_guard.testing import AuthorizationServer
from bearer_guard.testing.jws import base64url
from benchmarks.material import AUDIENCE

Credentials = list[str]
"""The ``Authorization`` lines of one request."""
COUNT = 1000
TEMPLATE_PATH = "/apps/{application}"


@dataclass(frozen=True)
class Kind:
    """One kind of hostile request."""

    name: str
    make: Callable[[Seen], Iterator[Credentials]]
    reasons: tuple[str, ...]
    """Why they are refused, for the operator."""
    calls: int = 0
    """Upstream calls that a thousand in a moment may cost."""
    template: bool = False
    """Sent to a guard that trusts a template of issuers, instead of one issuer that
    introspects."""


class Seen:
    """The true token that a stranger saw, taken apart, and what is made of it."""

    def __init__(self, running: AuthorizationServer) -> None:
        self.header, self.payload, self.signature = running.jwt(audience=AUDIENCE).split(".")
        self.expired = running.jwt(audience=AUDIENCE, expires_in=-3600)
        self.key_as_secret = running.jwt(
            audience=AUDIENCE, algorithm="HS256", key=_public_pem(running), header={"alg": "HS256"}
        )
        # Whoever repeats a run sends the same.
        self.random = random.Random(0)

    def jwt(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """The token with other header parameters and claims (``None``: without), under its old
        signature."""
        changed = _changed(self.header, header or {}), _changed(self.payload, claims)
        return ".".join((*changed, self.signature))

    def with_payload(self, octets: bytes) -> str:
        """The token with these octets in place of its claims."""
        return f"{self.header}.{base64url(octets)}.{self.signature}"

    def junk(self, octets: int) -> str:
        """Random characters that a token may have."""
        return base64url(self.random.randbytes(octets))


def _changed(part: str, changes: Mapping[str, Any]) -> str:
    members = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    changed = {**members, **changes}.items()
    kept = {name: value for name, value in changed if value is not None}
    return base64url(json.dumps(kept).encode())


def _public_pem(running: AuthorizationServer) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key: Any = running.signing_key("RS256").private_key
    pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _each(make: Callable[[Seen, int], str]) -> Callable[[Seen], Iterator[Credentials]]:
    """Bearer tokens, by their number."""

    def credentials(seen: Seen) -> Iterator[Credentials]:
        number = 0
        while True:
            number += 1
            yield [f"Bearer {make(seen, number)}"]

    return credentials


def _always(lines: Callable[[Seen], Credentials]) -> Callable[[Seen], Iterator[Credentials]]:
    """The same request again and again."""

    def credentials(seen: Seen) -> Iterator[Credentials]:
        same = lines(seen)
        while True:
            yield same

    return credentials


_DEEP = b'{"iss":' + b"[" * 6000
_MANY = b"{" + b",".join(b'"a%d":0' % n for n in range(900)) + b"}"
KINDS = (
    Kind("no token", _always(lambda _: []), ("token_missing",)),
    Kind("another scheme", _always(lambda _: ["Basic YWxpY2U6c2VjcmV0"]), ("token_missing",)),
    Kind(
        "two tokens", _always(lambda seen: [f"Bearer {seen.jwt()}"] * 2), ("credentials_repeated",)
    ),
    Kind(
        "octets that no token has",
        _each(lambda _, n: f"%%%{n}\N{DEGREE SIGN}"),
        ("credentials_malformed",),
    ),
    Kind("a token of 64 KiB", _each(lambda _, n: f"{n}" + "a" * 65_536), ("token_too_large",)),
    Kind(
        "three parts of junk",
        _each(lambda seen, _: ".".join(seen.junk(90) for _ in range(3))),
        ("header_malformed",),
    ),
    Kind(
        "claims 6,000 deep",
        _each(lambda seen, n: seen.with_payload(_DEEP + b"%d" % n)),
        ("claims_malformed",),
    ),
    Kind(
        "900 claims of junk",
        _each(lambda seen, n: seen.with_payload(_MANY[:-1] + b',"n":%d}' % n)),
        ("claim_missing",),
    ),
    Kind(
        "alg none",
        _each(lambda seen, n: seen.jwt({"alg": "none"}, jti=f"{n}")),
        ("algorithm_not_allowed",),
    ),
    Kind(
        "the public key as an HMAC's secret",
        _always(lambda seen: [f"Bearer {seen.key_as_secret}"]),
        ("algorithm_not_allowed",),
    ),
    Kind(
        "unknown issuers",
        _each(lambda seen, n: seen.jwt(iss=f"https://{n}.example.com/")),
        ("issuer_untrusted",),
    ),
    Kind(
        "another audience",
        _each(lambda seen, n: seen.jwt(aud=f"https://{n}.example.com")),
        ("audience_mismatch",),
    ),
    Kind("an expired token", _always(lambda seen: [f"Bearer {seen.expired}"]), ("expired",)),
    Kind(
        "addresses in the header (jku, x5u, jwk)",
        _each(
            lambda seen, n: seen.jwt(
                {
                    "jku": f"https://{n}.example.com/",
                    "x5u": f"https://{n}.example.com/",
                    "jwk": {"kty": "RSA"},
                }
            )
        ),
        ("signature_invalid",),
    ),
    Kind(
        "forged signatures",
        _each(lambda seen, n: seen.jwt(sub=f"admin-{n}")),
        ("signature_invalid",),
    ),
    Kind(
        "made-up key ids",
        _each(lambda seen, n: seen.jwt({"kid": f"made-up-{n}"})),
        ("key_unknown",),
        2,
    ),
    Kind(
        "forged without a key id",
        _each(lambda seen, n: seen.jwt({"kid": None}, sub=f"admin-{n}")),
        ("key_unknown",),
        2,
    ),
    Kind(
        "opaque junk, one again and again",
        _always(lambda seen: [f"Bearer {seen.junk(32)}"]),
        ("token_inactive",),
        1,
    ),
    # RFC 7662: only the authorization server knows. What it costs it is bounded by the bulkhead.
    Kind(
        "opaque junk, each another",
        _each(lambda seen, _: seen.junk(32)),
        ("token_inactive",),
        COUNT,
    ),
    Kind(
        "junk in five parts",
        _each(lambda seen, _: ".".join(seen.junk(40) for _ in range(5))),
        ("token_inactive",),
        COUNT,
    ),
    Kind(
        "made-up applications of a template",
        _each(lambda seen, n: seen.jwt(iss=_application(seen, n))),
        ("issuer_unknown", "newcomers_exhausted"),
        200,
        template=True,
    ),
    Kind(
        "one made-up application of a template",
        _each(lambda seen, n: seen.jwt(iss=_application(seen, 0), jti=f"{n}")),
        ("issuer_unknown",),
        2,
        template=True,
    ),
)


def _application(seen: Seen, number: int) -> str:
    members = json.loads(base64.urlsafe_b64decode(seen.payload + "=" * (-len(seen.payload) % 4)))
    return f"{members['iss'].rpartition('/')[0]}/made-up-{number}"
