"""The numbers of the design, section 6, each set and each at its bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bearer_guard import Issuer, KeySetPolicy, UpstreamPolicy
from conformance.rows import Row, Step, bearer, rows
from conformance.tokens import ABSENT, jwk
from conformance.verdicts import EXPIRED, INVALID, LET_IN, UNAVAILABLE, Verdict
from conformance.world import Setting, World
from faults import ways
from faults.answers import Answer, document

P, Q = jwk("p256-1", alg="ES256"), jwk("p256-2", alg="ES256")
DOWN = document({}, status=500)


def do(*acts: Callable[[World], Any]) -> Callable[[World], None]:
    def run(world: World) -> None:
        for act in acts:
            act(world)

    return run


def turn(seconds: float) -> Callable[[World], None]:
    return lambda world: world.clock.turn(seconds)


def jwks(*answers: Answer) -> Callable[[World], None]:
    return lambda world: world.at("/jwks", *answers)


def keys(*published: dict[str, Any], **headers: str) -> Answer:
    return document({"keys": list(published)}, **headers)


def good(
    verdict: Verdict = LET_IN, before: Any = None, at_most: int | None = None, after: Any = None
) -> Step:
    return Step(lambda w: bearer(w.jwt()), verdict, before, at_most, after)


def new(
    verdict: Verdict = LET_IN,
    before: Any = None,
    at_most: int | None = None,
    kid: str | None = None,
) -> Step:
    header = {} if kid is None else {"kid": kid}
    return Step(lambda w: bearer(w.jwt(None, header, key="p256-2")), verdict, before, at_most)


def story(
    sentence: str,
    *steps: Step,
    policy: dict[str, Any] | None = None,
    where: tuple[str, ...] | None = None,
    act: Any = None,
    **issuer: Any,
) -> Row:
    """Requests one after the other, over a key set at a written address."""
    options = lambda w: {  # noqa: E731
        "jwks_uri": w.root + "/jwks", "key_set": KeySetPolicy(jitter=0, **(policy or {})), **issuer
    }  # fmt: skip
    setting = Setting(issuer=options, act=act or (lambda w: (w.publish(P), None)[1]), fresh=True)
    return Row(
        sentence, steps, setting, where or ("guard", "guard_async", "uvicorn_httptools", "gunicorn")
    )


def settled(world: World, calls: int) -> None:
    world.wait_until_asked("/jwks", calls)
    assert world.calls("/jwks") == calls, f"{world.calls('/jwks')} key set fetches, not {calls}"


def asked(calls: int) -> Callable[[World], None]:
    return lambda world: settled(world, calls)


FRESHNESS = [
    story("keys are fresh for 600 s: nothing is asked until 80 % of it", good(at_most=1), good(LET_IN, turn(479), 0), good(LET_IN, None, 0)),
    story("past 80 % one refresh runs behind the request", good(at_most=1), good(LET_IN, turn(490), None, asked(2)), good(LET_IN, turn(470), 0)),
    story("past fresh the request waits for new keys", good(), new(LET_IN, do(jwks(keys(Q)), turn(601)), 1)),
    story("max-age=100 is 100 s", good(), good(LET_IN, turn(79), 0), good(LET_IN, turn(5), None, asked(2)),
          act=lambda w: w.publish(jwks=keys(P, cache_control="max-age=100"))),
    story("max-age=1 is 60 s", good(), good(LET_IN, turn(47), 0), good(LET_IN, turn(3), None, asked(2)),
          act=lambda w: w.publish(jwks=keys(P, cache_control="max-age=1"))),
    story("no-store is 60 s", good(), good(LET_IN, turn(47), 0), good(LET_IN, turn(3), None, asked(2)),
          act=lambda w: w.publish(jwks=keys(P, cache_control="no-store"))),
    story("a year is 24 h", good(), good(LET_IN, turn(69_000), 0), good(LET_IN, turn(200), None, asked(2)),
          act=lambda w: w.publish(jwks=keys(P, cache_control="public, max-age=31536000"))),
    story("Age is taken off", good(), good(LET_IN, turn(79), 0), good(LET_IN, turn(5), None, asked(2)),
          act=lambda w: w.publish(jwks=keys(P, cache_control="max-age=400", age="300"))),
    story("Expires counts from Date", good(), good(LET_IN, turn(95), 0), good(LET_IN, turn(5), None, asked(2)),
          act=lambda w: w.publish(jwks=keys(P, date="Thu, 01 Jan 2026 00:00:00 GMT", expires="Thu, 01 Jan 2026 00:02:00 GMT"))),
    story("fresh_for 100 is 100 s", good(), good(LET_IN, turn(79), 0), good(LET_IN, turn(2), None, asked(2)), policy={"fresh_for": 100}),
    story("fresh_at_least 5 lets max-age=6 be 6 s", good(), good(LET_IN, turn(4.5), 0), good(LET_IN, turn(1), None, asked(2)),
          policy={"fresh_at_least": 5}, act=lambda w: w.publish(jwks=keys(P, cache_control="max-age=6"))),
    story("fresh_at_most 700 bounds max-age=86400", good(), good(LET_IN, turn(559), 0), good(LET_IN, turn(2), None, asked(2)),
          policy={"fresh_at_most": 700}, act=lambda w: w.publish(jwks=keys(P, cache_control="max-age=86400"))),
    story("refresh_at 0.5 refreshes at half", good(), good(LET_IN, turn(299), 0), good(LET_IN, turn(2), None, asked(2)), policy={"refresh_at": 0.5}),
    story("a withdrawn key stops within the fresh time", good(), good(INVALID.but(because="key_unknown"), do(jwks(keys(Q)), turn(601)))),
    story("a withdrawn key stops for a remembered token too",
          Step(lambda w: bearer(w.notes.setdefault("t", w.jwt({"exp": 1_900_000_000}))), LET_IN),
          Step(lambda w: bearer(w.notes["t"]), LET_IN),
          Step(lambda w: bearer(w.notes["t"]), INVALID.but(because="key_unknown"), do(jwks(keys(Q)), turn(601)))),
    story("an ETag is sent back and 304 keeps the keys", good(), good(LET_IN, do(jwks(Answer(304, b"", (("ETag", '"v1"'),))), turn(601)), 1,
          lambda w: _etag(w)), good(LET_IN, turn(100), 0), act=lambda w: w.publish(jwks=keys(P, etag='"v1"'))),  # noqa: PLW0108
    story("304 to a first question is 503", good(UNAVAILABLE), act=lambda w: w.publish(jwks=Answer(304, b"", ()))),
]  # fmt: skip


def _etag(world: World) -> None:
    found = world.seen[-1].headers.get("if-none-match")
    assert found == '"v1"', found


OUTAGES = [
    story("in an outage keys serve 1 h past fresh", good(), good(LET_IN, do(jwks(DOWN), turn(700))), good(LET_IN, turn(3400)),
          good(UNAVAILABLE, turn(200))),
    story("usable_stale_for 10 is ten seconds", good(), good(LET_IN, do(jwks(DOWN), turn(605))), good(UNAVAILABLE, turn(10)), policy={"usable_stale_for": 10}),
    story("usable_stale_for 0 ends with fresh", good(), good(UNAVAILABLE, do(jwks(DOWN), turn(601))), policy={"usable_stale_for": 0}),
    story("after an outage the keys come back by themselves", good(UNAVAILABLE, jwks(DOWN), 1), good(UNAVAILABLE, turn(0.5), 0),
          good(LET_IN, do(jwks(keys(P)), turn(1)), 1)),
    story("a failed fetch backs off 1, 2, 4, 8, 16, 30, 30 s", good(UNAVAILABLE, jwks(DOWN), 1),
          *(step for wait in (1, 2, 4, 8, 16, 30, 30) for step in (good(UNAVAILABLE, turn(wait - 0.1), 0), good(UNAVAILABLE, turn(0.2), 1)))),
    story("back_off 5 and back_off_at_most 7", good(UNAVAILABLE, jwks(DOWN), 1), good(UNAVAILABLE, turn(4.9), 0), good(UNAVAILABLE, turn(0.2), 1),
          good(UNAVAILABLE, turn(6.9), 0), good(LET_IN, do(jwks(keys(P)), turn(0.2)), 1), upstream=UpstreamPolicy(back_off=5, back_off_at_most=7)),
    story("back_off 0 asks each time", good(UNAVAILABLE, jwks(DOWN), 1), good(UNAVAILABLE, None, 1), good(LET_IN, jwks(keys(P)), 1),
          upstream=UpstreamPolicy(back_off=0)),
    story("retries 3 asks four times", good(UNAVAILABLE, jwks(document({}, status=503)), 4), upstream=UpstreamPolicy(retries=3)),
    story("retries 3 lets in at the fourth", good(LET_IN, jwks(*[document({}, status=502)] * 3, keys(P)), 4), upstream=UpstreamPolicy(retries=3)),
    story("retries 0 asks once", good(UNAVAILABLE, jwks(document({}, status=503), keys(P)), 1), upstream=UpstreamPolicy(retries=0)),
    story("max_answer 2000 takes what is shorter", good(LET_IN), upstream=UpstreamPolicy(max_answer=2000)),
    story("max_answer 1024 refuses what is longer", good(UNAVAILABLE, jwks(document({"keys": [P], "pad": "x" * 1000})), 1), upstream=UpstreamPolicy(max_answer=1024)),
    story("max_answer 1024 counts what unfolds", good(UNAVAILABLE, jwks(ways.encoded(b" " * 5000 + b"{}", "gzip")), 1), upstream=UpstreamPolicy(max_answer=1024)),
    story("a known key needs no network in an outage", good(), *(good(LET_IN, jwks(DOWN), 0) for _ in range(3))),
    story("an unknown key in an outage is 503, a known one let in", good(), new(UNAVAILABLE, jwks(DOWN), 1), good(LET_IN, None, 0), new(UNAVAILABLE, None, 0)),
]  # fmt: skip
UNKNOWN = INVALID.but(because="key_unknown")
ROTATIONS = [
    story("the first token after a rotation is let in, seconds after a fetch", good(), new(LET_IN, do(jwks(keys(Q)), turn(2)), 1), good(UNKNOWN)),
    story("the first token after a rotation that keeps the old key", good(), new(LET_IN, jwks(keys(P, Q)), 1), good(LET_IN, None, 0)),
    story("two forced fetches in 30 s, and no third", good(), *(new(UNKNOWN, None, 1, f"x{n}") for n in range(2)),
          *(new(UNKNOWN, None, 0, f"y{n}") for n in range(5)), new(UNKNOWN, turn(31), 1, "z")),
    story("known kids do not touch the budget", good(), *(new(UNKNOWN, None, None, f"x{n}") for n in range(6)), good(LET_IN, None, 0)),
    story("an exhausted budget comes back after its window", good(), *(new(UNKNOWN, None, None, f"x{n}") for n in range(4)),
          new(LET_IN, do(jwks(keys(P, Q)), turn(31)), 1)),
    story("a kid that a fetch did not bring is remembered for 60 s", good(), new(UNKNOWN, None, 1, "x"), new(UNKNOWN, turn(59), 0, "x"), new(UNKNOWN, turn(2), 1, "x")),
    story("a remembered kid is let in once the set has it", good(), new(UNKNOWN, None, 1), new(LET_IN, do(jwks(keys(P, Q)), turn(601)), 1)),
    story("unknown_kid_memory 5", good(), new(UNKNOWN, None, 1, "x"), new(UNKNOWN, turn(4), 0, "x"), new(UNKNOWN, turn(2), 1, "x"), policy={"unknown_kid_memory": 5}),
    story("forced_fetches 0 asks never", good(), new(UNKNOWN, jwks(keys(P, Q)), 0), policy={"forced_fetches": 0}),
    story("forced_fetches 5 asks five times", good(), *(new(UNKNOWN, None, 1, f"x{n}") for n in range(5)), new(UNKNOWN, None, 0, "y"), policy={"forced_fetches": 5}),
    story("forced_fetch_window 5", good(), *(new(UNKNOWN, None, 1, f"x{n}") for n in range(2)), new(UNKNOWN, None, 0, "y"), new(UNKNOWN, turn(6), 1, "z"),
          policy={"forced_fetch_window": 5}),
    story("unknown_kids 0 remembers none", good(), new(UNKNOWN, None, 1, "x"), new(UNKNOWN, None, 1, "x"), new(UNKNOWN, None, 0, "x"), policy={"unknown_kids": 0}),
    story("unknown_kids 1 remembers the last", good(), new(UNKNOWN, None, 1, "x"), new(UNKNOWN, None, 1, "y"), new(UNKNOWN, None, 0, "y"), policy={"unknown_kids": 1}),
    story("a thousand made-up kids cost two fetches", good(), *(new(UNKNOWN, None, 1 if n < 2 else 0, f"x{n}") for n in range(150)), good(LET_IN, None, 0),
          where=("guard",)),
    story("a made-up kid on a cold guard costs one fetch", new(UNKNOWN, None, 1, "x"), good(LET_IN, None, 0)),
    story("tokens without kid after a rotation are let in", good(), Step(lambda w: bearer(w.jwt(None, {"kid": ABSENT}, key="p256-2")), LET_IN, jwks(keys(Q)), 1)),
    story("forged tokens without kid spend no more than the budget", good(),
          *(Step(lambda w: bearer(w.jwt(None, {"kid": ABSENT}, key="p256-mallory")), INVALID, None, 1 if n < 2 else 0) for n in range(6)), good(LET_IN, None, 0)),
    story("forged tokens with a known kid cost nothing", good(), *(
        Step(lambda w: bearer(w.jwt(None, {"kid": "p256-1"}, key="p256-mallory")), INVALID.but(because="signature_invalid"), None, 0) for _ in range(4))),
]  # fmt: skip


def cold(sentence: str, claims: Any = None, header: Any = None, **how: Any) -> Row:
    """A cheap check that fails sends nothing, even where no key is known yet."""
    return story(f"a cold guard asks nothing for {sentence}", Step(
        lambda w: bearer(w.jwt(claims(w) if callable(claims) else claims, header, **how)), INVALID, None, 0))  # fmt: skip


COLD = [
    cold("a foreign issuer", lambda w: {"iss": w.tripwire}),
    cold("a foreign audience", {"aud": "x"}),
    story("a cold guard asks nothing for an expired token", Step(lambda w: bearer(w.jwt({"exp": 1})), EXPIRED, None, 0)),
    cold("a token not yet valid", {"nbf": 1_900_000_000}),
    cold("alg none", None, {"alg": "none"}),
    cold("a symmetric algorithm", None, {"alg": "HS256"}),
    cold("a bound token", {"cnf": {"jkt": "x"}}),
    cold("an id token", {"nonce": "x"}, {"typ": "JWT"}),
    cold("another typ", None, {"typ": "logout+jwt"}),
    cold("crit", None, {"crit": ["x"]}),
    cold("a broken header", None, b"{"),
    cold("a broken payload", lambda w: b"{"),
]  # fmt: skip
SIZES = [
    Row(f"max_token_size {limit}: a token of {size} is {verdict.status} {verdict.because or ''}",
        (Step(lambda w, size=size: bearer(_sized(w, size)), verdict),),
        Setting(guard={"max_token_size": limit}) if limit != 256 else Setting(guard={"max_token_size": limit}, fresh=True))
    for limit, size, verdict in (
        (16_384, 16_384, LET_IN), (16_384, 16_385, INVALID.but(because="token_too_large")), (1000, 1000, LET_IN),
        (1000, 1001, INVALID.but(because="token_too_large")), (256, 600, INVALID.but(because="token_too_large")),
        (30_000, 29_999, LET_IN), (16_384, 10_000, LET_IN),
    )
] + [
    Row("remembered_tokens 0 lets in just the same", (Step(lambda w: bearer(w.notes.setdefault("t", w.jwt())), LET_IN),) * 3,
        Setting(guard={"remembered_tokens": 0}, fresh=True)),
    Row("remembered_tokens 1 lets in just the same", tuple(
        Step(lambda w, n=n: bearer(w.notes.setdefault(f"t{n % 2}", w.jwt())), LET_IN) for n in range(4)), Setting(guard={"remembered_tokens": 1}, fresh=True)),
    Row("a remembered token expires on time", (
        Step(lambda w: bearer(w.notes.setdefault("t", w.jwt())), LET_IN), Step(lambda w: bearer(w.notes["t"]), LET_IN, turn(359)),
        Step(lambda w: bearer(w.notes["t"]), EXPIRED, turn(1)), Step(lambda w: bearer(w.notes["t"]), EXPIRED),
    ), Setting(fresh=True)),
    Row("a remembered token whose last character is changed is refused", (
        Step(lambda w: bearer(w.notes.setdefault("t", w.jwt())), LET_IN),
        Step(lambda w: bearer(w.notes["t"][:-2] + ("AA" if w.notes["t"][-2:] != "AA" else "BA")), INVALID),
    ), Setting(fresh=True)),
]  # fmt: skip


def _sized(world: World, size: int) -> str:
    """A good token of just so many octets: header and payload are padded by turns."""
    base = len(world.jwt({"pad": ""}, {"pad": ""}))
    about = max(0, (size - base) * 3 // 4)
    for payload in range(max(0, about - 12), about + 12):
        for header in range(4):
            token = world.jwt({"pad": "x" * payload}, {"pad": "x" * header})
            if len(token) == size:
                return token
    raise AssertionError(size)


NEWCOMERS = Row("failed_newcomers 3: made-up applications of a template cost three look-ups", (
    *(Step(lambda w, n=n: bearer(w.jwt({"iss": f"{w.root}/apps/x{n}"})), INVALID.but(because="issuer_unknown"), None, 2) for n in range(3)),
    Step(lambda w: bearer(w.jwt({"iss": f"{w.root}/apps/x9"})), UNAVAILABLE, None, 0),
    Step(lambda w: bearer(w.jwt({"iss": f"{w.root}/apps/true"})), LET_IN, turn(31), 2),
), Setting(fresh=True, act=lambda w: _app(w), guard=lambda w: {"issuers": [  # noqa: PLW0108
    Issuer(w.root + "/apps/{application}", key_set=KeySetPolicy(failed_newcomers=3))]}))  # fmt: skip


def _app(world: World) -> None:
    issuer = world.root + "/apps/true"
    world.at("/apps/true/.well-known/openid-configuration", document(world.metadata(issuer=issuer)))
    world.at("/jwks", keys(P))


ROWS = rows("numbers", FRESHNESS, OUTAGES, ROTATIONS, COLD, SIZES, NEWCOMERS)
