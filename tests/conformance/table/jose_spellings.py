"""How a token is spelled: canonical base64url, three parts, nothing else (RFC 7515 §7.1)."""

from __future__ import annotations

import json
from typing import Any

from conformance.rows import Row, bearer, one, rows
from conformance.tokens import b64, sign
from conformance.verdicts import INVALID, MALFORMED, Verdict
from conformance.world import World


def _parts(world: World) -> tuple[str, str, str]:
    header, payload, signature = world.jwt().split(".")
    return header, payload, signature


def spelled(sentence: str, verdict: Verdict, spell: Any, at_most: int | None = None) -> Row:
    """A good token, spelled otherwise."""
    return one(sentence, lambda world: bearer(spell(*_parts(world))), verdict, at_most=at_most)


def _last_bits(segment: str) -> str:
    """The same octets, with unused bits set in the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) ^ 1]


OPAQUE = INVALID.but(because="token_not_self_contained")
SPELLINGS = [
    spelled(f"a token {name} is {verdict.status}", verdict, spell)
    for name, verdict, spell in (
        ("with == after its signature", INVALID, lambda h, p, s: f"{h}.{p}.{s}=="),
        ("with = after its signature", INVALID, lambda h, p, s: f"{h}.{p}.{s}="),
        ("with === after its signature", INVALID, lambda h, p, s: f"{h}.{p}.{s}==="),
        ("with = after its header", MALFORMED, lambda h, p, s: f"{h}=.{p}.{s}"),
        ("with = after its payload", MALFORMED, lambda h, p, s: f"{h}.{p}=.{s}"),
        ("with an empty signature", INVALID, lambda h, p, s: f"{h}.{p}."),
        ("with an empty payload", INVALID, lambda h, p, s: f"{h}..{s}"),
        ("with an empty header", INVALID, lambda h, p, s: f".{p}.{s}"),
        ("of two dots", INVALID, lambda h, p, s: ".."),
        ("of one dot", OPAQUE, lambda h, p, s: "."),
        ("of three dots", OPAQUE, lambda h, p, s: "..."),
        ("of four dots", OPAQUE, lambda h, p, s: "...."),
        ("without its signature part", OPAQUE, lambda h, p, s: f"{h}.{p}"),
        ("with a fourth part", OPAQUE, lambda h, p, s: f"{h}.{p}.{s}.x"),
        ("with an empty fourth part", OPAQUE, lambda h, p, s: f"{h}.{p}.{s}."),
        ("with an empty part before it", OPAQUE, lambda h, p, s: f".{h}.{p}.{s}"),
        ("of five parts", OPAQUE, lambda h, p, s: f"{h}.{p}.{s}.{p}.{s}"),
        ("of six parts", OPAQUE, lambda h, p, s: f"{h}.{p}.{s}.{h}.{p}.{s}"),
        ("with + in its signature", INVALID, lambda h, p, s: f"{h}.{p}.+{s[1:]}"),
        ("with / in its payload", INVALID, lambda h, p, s: f"{h}./{p[1:]}.{s}"),
        ("with ~ in its header", INVALID, lambda h, p, s: f"~{h}.{p}.{s}"),
        ("with a character more", INVALID, lambda h, p, s: f"{h}.{p}.{s}A"),
        ("with a character less", INVALID, lambda h, p, s: f"{h}.{p}.{s[:-1]}"),
        ("with four characters more", INVALID, lambda h, p, s: f"{h}.{p}.{s}AAAA"),
        ("with four characters less", INVALID, lambda h, p, s: f"{h}.{p}.{s[:-4]}"),
        ("with unused bits set in its signature", INVALID, lambda h, p, s: f"{h}.{p}.{_last_bits(s)}"),
        ("with a changed header", INVALID, lambda h, p, s: f"{h[:-2]}{'A' if h[-2] != 'A' else 'B'}{h[-1]}.{p}.{s}"),
        ("with a changed payload", INVALID, lambda h, p, s: f"{h}.{p[:20]}{'A' if p[20] != 'A' else 'B'}{p[21:]}.{s}"),
        ("with header and payload changed over", INVALID, lambda h, p, s: f"{p}.{h}.{s}"),
        ("with the signature in front", INVALID, lambda h, p, s: f"{s}.{h}.{p}"),
        ("in upper case", INVALID, lambda h, p, s: f"{h}.{p}.{s}".upper()),
        ("in lower case", INVALID, lambda h, p, s: f"{h}.{p}.{s}".lower()),
        ("reversed", INVALID, lambda h, p, s: f"{h}.{p}.{s}"[::-1]),
        ("encoded in base64 once more", OPAQUE, lambda h, p, s: b64(f"{h}.{p}.{s}".encode())),
        ("of one character a part", INVALID, lambda h, p, s: "A.A.A"),
        ("of two characters a part", INVALID, lambda h, p, s: "AA.AA.AA"),
        ("with a payload of one part's length more", INVALID, lambda h, p, s: f"{h}.{p}{p}.{s}"),
        ("with a percent escape", MALFORMED, lambda h, p, s: f"{h}%2E{p}%2E{s}"),
        ("with a quote at its end", MALFORMED, lambda h, p, s: f'{h}.{p}.{s}"'),
        ("with a colon", MALFORMED, lambda h, p, s: f"{h}:{p}.{s}"),
    )
]  # fmt: skip


def _serialised(world: World, general: bool) -> str:
    """RFC 7515 section 7.2: the JSON serialisations, which no JWT has."""
    header, payload, signature = _parts(world)
    one_signature = {"protected": header, "signature": signature}
    value = {"payload": payload, **({"signatures": [one_signature]} if general else one_signature)}
    return json.dumps(value)


SERIALISATIONS = [
    one("a JWS in the flattened JSON serialisation is refused",
        lambda world: bearer(_serialised(world, False).replace(" ", "")), MALFORMED, at_most=0),
    one("a JWS in the general JSON serialisation, in base64url, is refused",
        lambda world: bearer(b64(_serialised(world, True).encode())), OPAQUE, at_most=0),
    one("a JWS with an unencoded payload (RFC 7797) is refused",
        lambda world: bearer(_unencoded(world)), INVALID, at_most=0),
    one("a JWS with a detached payload is refused",
        lambda world: bearer("{0}..{2}".format(*_parts(world))), INVALID, at_most=0),
    one("a JWS inside of a JWS (cty JWT) is refused",
        lambda world: bearer(world.jwt(world.jwt().encode(), {"cty": "JWT"})),
        INVALID.but(because="claims_malformed"), at_most=0),
]  # fmt: skip


def _unencoded(world: World) -> str:
    header = b64(b'{"alg":"ES256","kid":"p256-1","b64":false,"crit":["b64"]}')
    octets = f"{header}.abc".encode()
    return f"{octets.decode()}.{b64(sign('p256-1', 'ES256', octets))}"


ROWS = rows("JOSE header", SPELLINGS, SERIALISATIONS)
