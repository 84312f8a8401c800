"""What a claims set says, and how it is written (RFC 7519, RFC 9068)."""

from __future__ import annotations

import json
from typing import Any

from conformance.rows import Row, bearer, one, rows, token_row
from conformance.tokens import ABSENT, NOW
from conformance.verdicts import EXPIRED, INVALID, LET_IN, Verdict, sees
from conformance.world import Setting, World

AT = int(NOW)
NO_LEEWAY = Setting(issuer={"leeway": 0})
WIDE = Setting(issuer={"leeway": 300})
RFC9068 = Setting(issuer={"profile": "rfc9068"})
MALFORMED_CLAIM = INVALID.but(because="claim_malformed")
UNREADABLE = INVALID.but(because="claims_malformed")
EARLY = INVALID.but(because="not_yet_valid")


def _time(claim: str, verdict: Verdict, offset: float, setting: Setting, named: str) -> Row:
    return token_row(f"{claim} {offset:+g} s with a leeway of {named} is {verdict.status} {verdict.because or ''}",
                     verdict, {claim: AT + offset}, setting=setting)  # fmt: skip


DEFAULT = Setting()
TIMES = [
    *(_time("exp", EXPIRED.but(because="expired"), off, s, n) for off, s, n in (
        (-60, DEFAULT, "60 s"), (-61, DEFAULT, "60 s"), (-60.001, DEFAULT, "60 s"), (-3600, DEFAULT, "60 s"),
        (-AT, DEFAULT, "60 s"), (-2 * AT, DEFAULT, "60 s"), (0, NO_LEEWAY, "0"), (-1, NO_LEEWAY, "0"),
        (-0.5, NO_LEEWAY, "0"), (-300, WIDE, "300 s"), (-301, WIDE, "300 s"),
    )),
    *(_time("exp", LET_IN, off, s, n) for off, s, n in (
        (-59, DEFAULT, "60 s"), (-59.999, DEFAULT, "60 s"), (0, DEFAULT, "60 s"), (1, DEFAULT, "60 s"),
        (0.5, DEFAULT, "60 s"), (7_776_000, DEFAULT, "60 s"), (1e12, DEFAULT, "60 s"), (1, NO_LEEWAY, "0"),
        (0.001, NO_LEEWAY, "0"), (-299, WIDE, "300 s"),
    )),
    *(_time(claim, EARLY, off, s, n) for claim in ("nbf", "iat") for off, s, n in (
        (61, DEFAULT, "60 s"), (60.001, DEFAULT, "60 s"), (120, DEFAULT, "60 s"), (3600, DEFAULT, "60 s"),
        (1, NO_LEEWAY, "0"), (0.5, NO_LEEWAY, "0"), (301, WIDE, "300 s"), (1e12, DEFAULT, "60 s"),
    )),
    *(_time(claim, LET_IN, off, s, n) for claim in ("nbf", "iat") for off, s, n in (
        (60, DEFAULT, "60 s"), (59, DEFAULT, "60 s"), (0, DEFAULT, "60 s"), (-1, DEFAULT, "60 s"),
        (-AT, DEFAULT, "60 s"), (0, NO_LEEWAY, "0"), (-0.5, NO_LEEWAY, "0"), (300, WIDE, "300 s"),
        (-10 * AT, DEFAULT, "60 s"), (-86_400 * 365, DEFAULT, "60 s"),
    )),
]  # fmt: skip

ODD_VALUES: tuple[Any, ...] = (
    str(AT + 300), "", "x", True, False, [], [AT + 300], {}, {"a": 1}, "1e12", "Infinity", None,
)  # fmt: skip
NOT_NUMBERS = [
    token_row(f"{claim} {value!r} is no number", MALFORMED_CLAIM, {claim: value})
    for claim in ("exp", "nbf", "iat") for value in ODD_VALUES
]  # fmt: skip


def text(world: World, raw: str, **changes: Any) -> bytes:
    """The claims as JSON, with ``raw`` written into them as it is."""
    plain = json.dumps(world.claims(changes))
    return (plain[:-1] + ", " + raw + "}").encode("utf-8", "surrogatepass")


def _written(sentence: str, raw: str, verdict: Verdict, **changes: Any) -> Row:
    return one(
        sentence, lambda world: bearer(world.jwt(text(world, raw, **changes))), verdict, at_most=1
    )


NUMBERS = [
    _written(f"exp written as {raw} is {verdict.status}", f'"exp": {raw}', verdict, exp=ABSENT)
    for raw, verdict in (
        ("1800000300", LET_IN), ("1800000300.0", LET_IN), ("1800000300.75", LET_IN), ("1.8000003e9", LET_IN),
        ("18000003E2", LET_IN), ("1.8000003E+9", LET_IN), ("99999999999", LET_IN), ("1e300", LET_IN),
        ("1" + "0" * 300, LET_IN), ("-1", EXPIRED), ("0", EXPIRED), ("-0", EXPIRED), ("-1e300", EXPIRED),
        ("0.0", EXPIRED), ("1e-300", EXPIRED), ("-" + "9" * 400, EXPIRED),
        ("1e400", UNREADABLE), ("-1e400", UNREADABLE), ("NaN", UNREADABLE), ("Infinity", UNREADABLE),
        ("-Infinity", UNREADABLE), ("0x6B49D300", UNREADABLE), ("01800000300", UNREADABLE), ("+1800000300", UNREADABLE),
        ("1800000300.", UNREADABLE), (".5", UNREADABLE), ("1_800_000_300", UNREADABLE), ("9" * 5000, UNREADABLE),
    )
]  # fmt: skip
NUMBERS += [
    _written("a far exp of 400 digits ends in no 500", '"exp": 1' + "0" * 400, LET_IN, exp=ABSENT),
    _written("a claim of 4000 digits that nobody reads is let in", '"n": ' + "7" * 4000, LET_IN),
]

MISSING_CLAIMS = [
    token_row("exp is missing", INVALID.but(because="claim_missing"), {"exp": ABSENT}),
    token_row("iss is missing", INVALID.but(because="claim_missing"), {"iss": ABSENT}),
    token_row("aud is missing", INVALID.but(because="audience_missing"), {"aud": ABSENT}),
    *(token_row(f"{claim} is missing, which only RFC 9068 minds", LET_IN, {claim: ABSENT})
      for claim in ("sub", "iat", "jti", "client_id", "scope")),
    token_row("exp, sub, iat and jti are all missing", INVALID, dict.fromkeys(("exp", "sub", "iat", "jti"), ABSENT)),
    token_row("every claim is missing", INVALID, b"{}"),
]  # fmt: skip
FULL_PROFILE = [
    token_row("a full RFC 9068 token under profile rfc9068", LET_IN, setting=RFC9068),
    token_row("typ application/at+jwt under profile rfc9068", LET_IN, header={"typ": "application/at+jwt"}, setting=RFC9068),
    token_row("typ AT+JWT under profile rfc9068", LET_IN, header={"typ": "AT+JWT"}, setting=RFC9068),
    token_row("no scope under profile rfc9068", LET_IN, {"scope": ABSENT}, setting=RFC9068),
    *(token_row(f"typ {typ!r} under profile rfc9068", INVALID.but(because="type_unexpected"), header={"typ": typ}, setting=RFC9068, at_most=0)
      for typ in ("JWT", "jwt", "application/jwt", ABSENT)),
    *(token_row(f"{claim} missing under profile rfc9068", INVALID, {claim: ABSENT}, setting=RFC9068, at_most=0)
      for claim in ("iss", "exp", "aud", "sub", "client_id", "iat", "jti")),
    *(token_row(f"{claim} {value!r} under profile rfc9068", INVALID, {claim: value}, setting=RFC9068, at_most=0)
      for claim in ("sub", "client_id", "jti") for value in (None, 1, True, [], {}, ["x"])),
    token_row("iat as text under profile rfc9068", INVALID, {"iat": str(AT)}, setting=RFC9068),
]  # fmt: skip
SUBJECTS = [
    token_row(f"sub {value!r} is refused", MALFORMED_CLAIM, {"sub": value})
    for value in (None, 1, True, [], {}, ["user-1"], 1.5)
] + [
    token_row(f"sub {value!r} is let in", sees(subject=value), {"sub": value})
    for value in ("", "user-1", "Jörg", "\U0001f600", "auth0|5f7c8ec7c33c6c004bbafe82", "a b", "x" * 255,
                  "mailto:a@example.com", "\u0000", "null", "0001b18ee979ce2c@clients", "<script>", "\u202e")
]  # fmt: skip

ISSUERS = [
    token_row(f"iss {name} is refused", INVALID.but(because="issuer_untrusted"),
              lambda world, make=make: {"iss": make(world)}, at_most=0)
    for name, make in {
        "with a slash more": lambda w: w.issuer + "/",
        "in upper case": lambda w: w.issuer.upper(),
        "with another scheme": lambda w: w.issuer.replace("http:", "https:"),
        "with an upper-case scheme": lambda w: w.issuer.replace("http:", "HTTP:"),
        "by the name localhost": lambda w: w.issuer.replace("127.0.0.1", "localhost"),
        "with a dot segment": lambda w: w.base + "/./" + str(w.number),
        "with a query": lambda w: w.issuer + "?x",
        "with a fragment": lambda w: w.issuer + "#",
        "with a space after": lambda w: w.issuer + " ",
        "with a line break after": lambda w: w.issuer + "\n",
        "with a NUL after": lambda w: w.issuer + "\u0000",
        "with a path below": lambda w: w.issuer + "/sub",
        "that is a beginning of it": lambda w: w.issuer[:-1],
        "that is empty": lambda w: "",
        "that is somebody's": lambda w: w.tripwire,
        "that is somebody's with our path": lambda w: f"{w.tripwire}/{w.number}",
        "with user info": lambda w: w.issuer.replace("//", "//127.0.0.1@"),
        "with our host as user": lambda w: w.tripwire.replace("//", f"//127.0.0.1:{w.stage.port}@"),
        "with an escaped digit": lambda w: w.issuer.replace("127", "%3127"),
        "by another spelling of the address": lambda w: w.issuer.replace("127.0.0.1", "2130706433"),
        "by an IPv6 spelling": lambda w: w.issuer.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
        "with full-width digits": lambda w: w.issuer.replace("127", "\uff11\uff12\uff17"),
        "of ten thousand characters": lambda w: w.issuer + "x" * 10_000,
        "that names a file": lambda w: "file:///etc/passwd",
        "that is a cloud's metadata address": lambda w: "http://169.254.169.254/latest/meta-data",
        "with a log line of its own": lambda w: "x\r\nERROR hacked",
        "with an exception's words": lambda w: "Traceback (most recent call last):",
        "that formats": lambda w: "%s%s%n{0}{iss}",
        "in a template's words": lambda w: "{issuer}",
    }.items()
] + [
    token_row(f"iss {value!r} is no string", INVALID.but(because="claim_malformed"), {"iss": value}, at_most=0)
    for value in (None, 1, True, [], {}, 1.5)
] + [
    token_row("iss in a list is no string", INVALID.but(because="claim_malformed"),
              lambda w: {"iss": [w.issuer]}, at_most=0),
    token_row("iss in an object is no string", INVALID.but(because="claim_malformed"),
              lambda w: {"iss": {"url": w.issuer}}, at_most=0),
]  # fmt: skip

HARMLESS = [
    token_row(f"{name} is let in", LET_IN, claims)
    for name, claims in {
        "an unknown claim": {"foo": "bar"},
        "a claim that is null": {"email": None},
        "act as an object": {"act": {"sub": "admin", "act": {"sub": "other"}}},
        "act as a string": {"act": "x"},
        "may_act": {"may_act": {"sub": "x"}},
        "authorization_details": {"authorization_details": [{"type": "account", "actions": ["read"]}]},
        "authorization_details as an object": {"authorization_details": {}},
        "authorization_details as nonsense": {"authorization_details": "x"},
        "roles as a list": {"roles": ["admin"]},
        "roles as a string": {"roles": "admin"},
        "roles as an object": {"roles": {"a": 1}},
        "groups and entitlements": {"groups": ["a"], "entitlements": [{"value": "x"}]},
        "acr, amr and auth_time": {"acr": "urn:x", "amr": ["pwd", "otp"], "auth_time": AT - 10},
        "auth_time as text": {"auth_time": "x"},
        "jti as a number": {"jti": 42},
        "jti that is empty": {"jti": ""},
        "client_id as a number": {"client_id": 42},
        "client_id as a list": {"client_id": ["a"]},
        "a claim with a URL as its name": {"https://example.com/tenant": "x"},
        "a claim with an empty name": {"": 1},
        "umlauts and emoji": {"name": "Jörg 😀", "ort": "Köln"},
        "an escaped surrogate pair": {"name": "\U0001f600"},
        "a claim of 8 KiB": {"pad": "x" * 8000},
        "two hundred claims": {f"c{n}": n for n in range(200)},
        "a nested claim": {"a": {"b": [{"c": [[[{}]]]}]}},
        "a claim named __class__": {"__class__": "x", "__proto__": {"admin": True}, "constructor": 1},
        "sid, tid and ver": {"sid": "s", "tid": "t", "ver": "2.0"},
        "azp": {"azp": "client-2"},
        "status list, unread": {"status": {"status_list": {"idx": 0, "uri": "https://x.example/1"}}},
        "an array of 3000 numbers": {"a": [1] * 3000},
        "a float, a negative and a zero": {"a": 1.5, "b": -3, "c": 0},
    }.items()
]  # fmt: skip

ROWS = rows(
    "claims", TIMES, NOT_NUMBERS, NUMBERS, MISSING_CLAIMS, FULL_PROFILE, SUBJECTS, ISSUERS, HARMLESS,
)  # fmt: skip
