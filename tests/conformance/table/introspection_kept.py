"""What is kept of an answer, and for how long (RFC 7662 section 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bearer_guard import Rule
from conformance.rows import Row, Step, bearer, rows
from conformance.table.introspection_answers import AT, INACTIVE
from conformance.verdicts import (
    EXPIRED,
    INVALID,
    LET_IN,
    UNAVAILABLE,
    too_little,
)  # fmt: skip
from conformance.world import Setting, World
from faults import ways
from faults.answers import Answer, document

# What is kept, and for how long


def opaque(world: World, name: str = "kept") -> bytes:
    return bearer(f"token-{name}-0123456789abcdef0123")


def tell(name: str, **changes: Any) -> Callable[[World], None]:
    return lambda world: (
        world.answer(f"token-{name}-0123456789abcdef0123", world.active(**changes)),
        None,
    )[1]


def turn(seconds: float) -> Callable[[World], None]:
    return lambda world: world.clock.turn(seconds)


FRESH = Setting(introspection={}, fresh=True)
KEPT = [
    Row("introspection: an answer is kept for 60 s and then asked anew", (
        Step(opaque, LET_IN, tell("kept"), 1),
        Step(opaque, LET_IN, turn(59), 0),
        Step(opaque, LET_IN, turn(2), 1),
    ), FRESH),
    Row("introspection: an answer is kept never past its exp, leeway aside", (
        Step(opaque, LET_IN, tell("kept", exp=AT + 5), 1),
        Step(opaque, LET_IN, turn(4), 0),
        Step(opaque, INACTIVE, lambda w: (w.clock.turn(2), w.answer("token-kept-0123456789abcdef0123", {"active": False}))[0], 1),
    ), FRESH),
    Row("introspection: a token that expires while kept is refused", (
        Step(opaque, LET_IN, tell("kept", exp=AT + 10), 1),
        Step(opaque, EXPIRED, turn(75), 1),
    ), FRESH),
    Row("introspection: a refusal is kept for 10 s", (
        Step(opaque, INACTIVE, None, 1),
        Step(opaque, INACTIVE, lambda w: (tell("kept")(w), w.clock.turn(9))[0], 0),
        Step(opaque, LET_IN, turn(2), 1),
    ), FRESH),
    Row("introspection: trouble is not kept", (
        Step(opaque, UNAVAILABLE, lambda w: w.answer("token-kept-0123456789abcdef0123", document({}, status=500)) and None, 1),
        Step(opaque, LET_IN, tell("kept"), 1),
    ), FRESH),
    Row("introspection: a token not yet valid is asked about again in a moment", (
        Step(opaque, INVALID, tell("kept", nbf=AT + 65), 1),
        Step(opaque, LET_IN, turn(10), 1),
    ), FRESH),
    Row("introspection: cache_for 0 asks every time", (
        Step(opaque, LET_IN, tell("kept"), 1),
        Step(opaque, LET_IN, None, 1),
        Step(opaque, INACTIVE, lambda w: w.answer("token-kept-0123456789abcdef0123", {"active": False}) and None, 1),
    ), Setting(introspection={"cache_for": 0, "cache_inactive_for": 0}, fresh=True)),
    Row("introspection: cache_for 5 is five seconds", (
        Step(opaque, LET_IN, tell("kept"), 1),
        Step(opaque, LET_IN, turn(4), 0),
        Step(opaque, LET_IN, turn(1.5), 1),
    ), Setting(introspection={"cache_for": 5}, fresh=True)),
    Row("introspection: cache_inactive_for 0 asks every time", (
        Step(opaque, INACTIVE, None, 1), Step(opaque, LET_IN, tell("kept"), 1),
    ), Setting(introspection={"cache_inactive_for": 0}, fresh=True)),
    Row("introspection: one kept answer holds one token alone", (
        Step(opaque, LET_IN, tell("kept"), 1),
        Step(lambda w: opaque(w, "b"), LET_IN, tell("b"), 1),
        Step(opaque, LET_IN, None, 1),
    ), Setting(introspection={"cached_answers": 1}, fresh=True)),
    Row("introspection: kept answers are judged anew for each path", (
        Step(opaque, LET_IN, tell("kept"), 1),
        Step(lambda w: bearer("token-kept-0123456789abcdef0123", target="/admin"), too_little("admin"), None, 0),
        Step(opaque, LET_IN, None, 0),
    ), Setting(introspection={}, guard={"rules": [Rule("/admin", scopes=["admin"])]}, fresh=True)),
    Row("introspection: a token that differs in one character is another", (
        Step(opaque, LET_IN, tell("kept"), 1),
        Step(lambda w: bearer("token-kept-0123456789abcdef0124"), INACTIVE, None, 1),
        Step(lambda w: bearer("TOKEN-kept-0123456789abcdef0123"), INACTIVE, None, 1),
        Step(lambda w: bearer("token-kept-0123456789abcdef0123="), INACTIVE, None, 1),
    ), FRESH),
    Row("introspection: a retry after 503 is let in", (
        Step(opaque, LET_IN, lambda w: (w.at("/introspect", document({}, status=503), document(w.active())))
             , 2),
    ), FRESH),
    Row("introspection: a retry after a reset is let in", (
        Step(opaque, LET_IN, lambda w: (w.at("/introspect", ways.reset(), document(w.active()))), 2),
    ), FRESH),
    Row("introspection: a server that closes idle connections is no trouble", (
        Step(opaque, LET_IN, lambda w: w.at("/introspect", lambda seen: Answer(raw=document(w.active()).octets())), 2),
        *(Step(lambda w, n=n: opaque(w, f"n{n}"), LET_IN, None, 2) for n in range(8)),
    ), FRESH),
]  # fmt: skip


ROWS = rows("introspection", KEPT)
