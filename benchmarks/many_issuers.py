"""From 1 to 10,000 trusted issuers: what a check costs, and what an issuer costs in memory.

Compared: ``guard.authenticate(request)`` of the same token by a guard that trusts its issuer alone
and by one that trusts 9,999 more, all of whose keys it knows; seen for the first time (by guards
that remember no token) and seen before. Beside it, without a target, tokens of 1,000 issuers in
turn, each with a key of its own: there the processor's caches miss in the verification itself, so
the bare verification by 1,000 keys in turn stands beside it too. The issuers are exact ones, with
their own identifiers, key-set addresses and keys; their key sets come from memory instead of
a socket.

Memory: what more issuers add to a guard, from their settings to their parsed keys, each used once,
divided by their number; 2,500 traced by ``tracemalloc``, which is slow, and 10,000 as growth of
resident memory in another process, where OpenSSL's part of a key shows, and the allocator's waste.
"""

from __future__ import annotations

import gc
import json
import tracemalloc
from contextlib import suppress
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from bearer_guard import Guard, InvalidToken, Issuer
from bearer_guard.testing.jws import base64url, compact_jws, public_jwk
from bearer_guard.testing.rsa_keys import new_rsa_key
from benchmarks import apart, material
from benchmarks.measuring import Times, each, each_of, side_by_side
from benchmarks.row import TIMES, Options, Row, Verdict

_COST = 1.1
_MEMORY = 3000
_ISSUERS = 10_000
_IN_TURN = 1000
_ROUNDS = 300
_NOW_TO_LATER = {"iat": 1_700_000_000, "exp": 4_000_000_000}


class Federation:
    """Issuers by number, with a few different keys among them, each under its own key id."""

    def __init__(self, size: int, *, different_keys: int = 20) -> None:
        self.size = size
        self._keys = [new_rsa_key() for _ in range(different_keys)]
        self._jwks = [public_jwk(key, algorithm="RS256", kid="KID") for key in self._keys]

    def issuer(self, number: int) -> str:
        """Its identifier."""
        return f"https://login.example.com/tenants/{number:05d}/"

    def settings(self, number: int) -> Issuer:
        """As a user would write it."""
        return Issuer(self.issuer(number), jwks_uri=f"{self.issuer(number)}jwks.json")

    def private_key(self, number: int) -> rsa.RSAPrivateKey:
        """What it signs with."""
        return self._keys[number % len(self._keys)]

    def token(self, number: int) -> str:
        """Signed by the issuer."""
        header, payload = self._parts(number)
        return compact_jws(header, payload, algorithm="RS256", key=self.private_key(number))

    def forgery(self, number: int) -> str:
        """Signed by nobody, which costs no time to make; its check fetches and uses the key."""
        signed = ".".join(base64url(part) for part in self._parts(number))
        return f"{signed}.{base64url(bytes([1]) * 256)}"

    def client(self) -> httpx.Client:
        """Answers for every issuer's key set."""
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def guard(self, numbers: range, **options: Any) -> Guard:
        """One that trusts these issuers."""
        issuers = [self.settings(number) for number in numbers]
        return Guard(
            audience=material.AUDIENCE, issuers=issuers, http_client=self.client(), **options
        )

    def _parts(self, number: int) -> tuple[bytes, bytes]:
        header = {"alg": "RS256", "typ": "at+jwt", "kid": self._kid(number)}
        claims = {
            "iss": self.issuer(number),
            "sub": "user-1",
            "aud": material.AUDIENCE,
            "client_id": "client-1",
            "jti": f"token-{number}",
            "scope": "orders:read",
            **_NOW_TO_LATER,
        }
        return json.dumps(header).encode(), json.dumps(claims).encode()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        number = int(request.url.path.split("/")[2])
        jwk = {**self._jwks[number % len(self._jwks)], "kid": self._kid(number)}
        # As a stream, which an answer from a socket is; content would have been read already.
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps({"keys": [jwk]}).encode()))

    @staticmethod
    def _kid(number: int) -> str:
        return f"key-of-tenant-{number}"


def make_known(guard: Guard, federation: Federation, numbers: range) -> None:
    """Have the guard fetch the issuers' keys, and use each once."""
    for number in numbers:
        with suppress(InvalidToken):
            guard.authenticate(material.request(federation.forgery(number)))


def measure(options: Options) -> list[Row]:
    """Time in this process, memory in two others."""
    count = _ISSUERS // 10 if options.quick else _ISSUERS
    few = count // 4
    traced = apart.run(__name__, "held", few, True)["bytes"] / few
    resident = apart.run(__name__, "held", count, False)["bytes"] / count
    return [
        *_cost(count, options),
        Row(
            f"memory for an issuer whose keys are known ({few:,} of them)",
            f"{traced:,.0f} bytes",
            f"≤ {_MEMORY:,} bytes",
            Verdict.of(traced <= _MEMORY),
            f"resident memory, OpenSSL's included, grew by {resident:,.0f} bytes for each "
            f"of {count:,}",
        ),
    ]


def _cost(count: int, options: Options) -> list[Row]:
    federation = Federation(count)
    one, all_of_them = range(count // 2, count // 2 + 1), range(count)
    token = federation.token(one[0])
    in_turn = range(0, count, max(1, count // _IN_TURN))
    tokens = [federation.token(number) for number in in_turn]
    with (
        federation.guard(one, remembered_tokens=0) as few,
        federation.guard(one) as few_seen,
        federation.guard(all_of_them, remembered_tokens=0) as many,
        federation.guard(all_of_them) as many_seen,
    ):
        make_known(many, federation, all_of_them)
        requests = [material.request(each) for each in tokens]
        for request in requests:
            many.authenticate(request)
        several = _bare(federation, list(in_turn), tokens)
        times = side_by_side(
            {
                "bare": each_of(_verify, [several[0]]),
                "bare, keys in turn": each_of(_verify, several),
                "of 1": each(few.authenticate, [material.request(token)]),
                "of all": each(many.authenticate, [material.request(token)]),
                "of all, in turn": each(many.authenticate, requests),
                "seen, of 1": each(few_seen.authenticate, [material.request(token)]),
                "seen, of all": each(many_seen.authenticate, [material.request(token)]),
            },
            rounds=options.rounds(_ROUNDS),
        )
    return [
        _row(f"first sight, by a guard of {count:,} issuers against one of 1", times, ""),
        _row(f"seen before, by a guard of {count:,} issuers against one of 1", times, "seen, "),
        Row(
            f"… first sight, tokens of {len(tokens):,} issuers in turn",
            f"{times.ratios('of all, in turn', 'of 1')}",
            note=f"bare verification by as many keys in turn against one key: "
            f"{times.ratios('bare, keys in turn', 'bare')}",
        ),
    ]


def _row(what: str, times: Times, prefix: str) -> Row:
    few, many = f"{prefix}of 1", f"{prefix}of all"
    reached = Verdict.of(times.ratio(many, few) <= _COST, times.ratio_of_bests(many, few) <= _COST)
    note = times.microseconds(few, many)
    return Row(what, times.ratios(many, few), f"≤ {_COST} {TIMES}", reached, note)


def _verify(key: rsa.RSAPublicKey, *arguments: Any) -> None:
    key.verify(*arguments)


def _bare(federation: Federation, numbers: list[int], tokens: list[str]) -> list[tuple[Any, ...]]:
    """One key object for each issuer, as the guard has."""
    found = []
    for number, token in zip(numbers, tokens, strict=True):
        public = federation.private_key(number).public_key()
        key = public.public_numbers().public_key()
        signed = material.SignedWith("RS256", "", key)
        found.append((key, *signed.bare_arguments(token)))
    return found


def held(count: int, traced: bool) -> dict[str, int]:
    """What a guard holds for so many issuers more than one: traced, or in resident memory."""
    federation = Federation(count + 1)
    with federation.guard(range(1)) as small:
        # Loads whatever is loaded once.
        make_known(small, federation, range(1))
        gc.collect()
        if traced:
            tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0] if traced else apart.resident()
        with federation.guard(range(1, count + 1)) as large:
            make_known(large, federation, range(1, count + 1))
            gc.collect()
            after = tracemalloc.get_traced_memory()[0] if traced else apart.resident()
            return {"bytes": after - before}
