"""Two well-known places, settings that say where, templates, several issuers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bearer_guard import Issuer
from conformance.rows import Row, Step, bearer, one, rows
from conformance.table.discovery import PLACE, Make, _made
from conformance.tokens import ABSENT, jwk
from conformance.verdicts import INVALID, LET_IN, UNAVAILABLE, Verdict
from conformance.world import AUDIENCE, Setting, World
from faults import ways
from faults.answers import Answer, document

NOT_THERE = document({"error": "not_found"}, status=404)


def both(
    sentence: str,
    verdict: Verdict,
    first: Answer | Make,
    second: Answer | Make,
    *,
    path: str = "",
    at_most: int = 6,
    **options: Any,
) -> Row:
    """What is at the OpenID place, and what at the OAuth one."""

    def act(world: World) -> None:
        world.publish(metadata=_made(first, world))
        world.at_oauth_place(_made(second, world), path=path.rstrip("/"))

    return one(f"two places: {sentence}", lambda world: bearer(world.jwt()), verdict, at_most=at_most,
               setting=Setting(act=act, path=path, fresh=True, issuer=options.pop("issuer", {})), **options)  # fmt: skip


def true(world: World) -> Answer:
    return document(world.metadata())


PLACES = [
    both("only at the OAuth place", LET_IN, NOT_THERE, true, at_most=3),
    both("only at the OAuth place, of an issuer with a path", LET_IN, NOT_THERE, true, path="/t/r", at_most=3),
    both("only at the OAuth place, of an issuer with a slash at its end", LET_IN, NOT_THERE, true, path="/t/", at_most=3),
    both("only at the OpenID place", LET_IN, true, NOT_THERE, at_most=2),
    both("only at the OpenID place, of an issuer with a path", LET_IN, true, NOT_THERE, path="/t/r", at_most=2),
    both("only at the OpenID place, of an issuer with a slash at its end", LET_IN, true, NOT_THERE, path="/t/", at_most=2),
    both("only at the OpenID place, of an issuer like Authentik's", LET_IN, true, NOT_THERE, path="/application/o/app/"),
    both("at both places", LET_IN, true, true, at_most=2),
    both("at neither place", UNAVAILABLE, NOT_THERE, NOT_THERE, at_most=2),
    *(
        both(f"{name} at the OpenID place, good at the OAuth one", LET_IN, answer, true)
        for name, answer in {
            "500": document({}, status=500), "503": document({}, status=503), "401": document({}, status=401),
            "403": document({}, status=403), "a redirect": Answer(302, b"", (("Location", "/login"),)),
            "HTML with 200": document(b"<html>", content_type="text/html"), "an empty body": document(b""),
            "null": document(b"null"), "another issuer's": document({"issuer": "https://x.example", "jwks_uri": "https://x.example/"}),
            "metadata without jwks_uri": lambda w: document(w.metadata(jwks_uri=ABSENT)),
            "a page in brotli": ways.encoded(b"", "br", packed=b"x"),
            "a page beyond a mebibyte": document(b"<html>" + b"x" * 1_100_000, content_type="text/html"),
            "gzip that is none": ways.encoded(b"", "gzip", packed=b"x"),
            "a broken answer": Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            "a reset": ways.reset(), "a hang-up": ways.hang_up(), "an HTTP/0.9 answer": Answer(raw=b"x"),
        }.items()
    ),
    *(
        both(f"{name} at both", UNAVAILABLE, answer, answer)
        for name, answer in {
            "500": document({}, status=500), "HTML with 200": document(b"<html>"), "a redirect": Answer(302, b"", (("Location", "/"),)),
            "another issuer's": document({"issuer": "https://x.example", "jwks_uri": "https://x.example/"}),
        }.items()
    ),
]  # fmt: skip

# Settings that say where things are


def written(
    sentence: str,
    verdict: Verdict,
    issuer: Callable[[World], dict[str, Any]],
    *,
    act: Any = None,
    identifier: Any = None,
    at_most: int = 2,
    claims: Any = None,
) -> Row:
    setting = Setting(issuer=issuer, act=act, identifier=identifier, fresh=True)
    return one(
        f"settings: {sentence}",
        lambda world: bearer(world.jwt(claims)),
        verdict,
        setting=setting,
        at_most=at_most,
    )


WRITTEN = [
    written("jwks_uri makes one call and no discovery", LET_IN, lambda w: {"jwks_uri": w.root + "/jwks"}, at_most=1),
    written("metadata_uri is asked alone", LET_IN, lambda w: {"metadata_uri": w.root + "/meta"},
            act=lambda w: (w.publish(), w.at("/meta", document(w.metadata())))[0]),
    written("metadata_uri with another issuer's metadata is 503", UNAVAILABLE, lambda w: {"metadata_uri": w.root + "/meta"},
            act=lambda w: (w.publish(), w.at("/meta", document(w.metadata(issuer="https://x.example"))))[0]),
    written("metadata_uri that is not there is 503", UNAVAILABLE, lambda w: {"metadata_uri": w.root + "/meta"},
            act=lambda w: (w.publish(), w.at("/meta", NOT_THERE))[0], at_most=1),
    *(
        written(f"the issuer {identifier!r} with jwks_uri is let in", LET_IN, lambda w: {"jwks_uri": w.root + "/jwks"},
                identifier=identifier, at_most=1)
        for identifier in ("acme.com", "kubernetes/serviceaccount", "stytch.com/project-live-1", "P2abcDEF", "urn:x:y",
                           "https://kubernetes.default.svc.cluster.local", "joe", "https://sts.windows.net/8ab/",
                           "https://login.example.com", "https://login.example.com/", "https://login.example.com:8443/a/b",
                           "https://accounts.google.com", "accounts.google.com", "https://10.0.0.1/realms/x")
    ),
]  # fmt: skip

# Templates

TEMPLATE = Setting(
    build=None, identifier=lambda w: f"{w.root}/tenants/t/realms/r/applications/app-1", fresh=True,
    act=lambda w: _applications(w, "app-1", "app-2"),
    guard=lambda w: {"issuers": [Issuer(w.root + "/tenants/t/realms/r/applications/{application}")]},
)  # fmt: skip
PINNED = Setting(
    identifier=TEMPLATE.identifier, fresh=True, act=TEMPLATE.act,
    guard=lambda w: {"issuers": [Issuer(
        w.root + "/tenants/t/realms/r/applications/{application}", parts={"application": ["app-1", "app-3"]})]},
)  # fmt: skip


def _applications(world: World, *names: str) -> None:
    """Applications with keys of their own: ``p256-<name>``."""
    for name in names:
        path = f"/tenants/t/realms/r/applications/{name}"
        issuer = world.root + path
        world.at(path + PLACE, document(world.metadata(issuer=issuer, jwks_uri=f"{issuer}/jwks")))
        world.at(path + "/jwks", document({"keys": [jwk(f"p256-{name}", kid="k", alg="ES256")]}))


def template(
    sentence: str,
    verdict: Verdict,
    suffix: str,
    *,
    key: str = "app-1",
    setting: Setting = TEMPLATE,
    at_most: int = 4,
    prefix: str = "/tenants/t/realms/r/applications/",
) -> Row:
    return one(f"template: {sentence}", lambda world: bearer(world.jwt(
        {"iss": world.root + prefix + suffix}, {"kid": "k"}, key=f"p256-{key}")), verdict, setting=setting,
        at_most=at_most)  # fmt: skip


UNTRUSTED = INVALID.but(because="issuer_untrusted")
TEMPLATES = [
    template("an application's token by its own key", LET_IN, "app-1"),
    template("another application's token by its own key", LET_IN, "app-2", key="app-2"),
    template("an application's token by another application's key of the same kid",
             INVALID.but(because="signature_invalid"), "app-1", key="app-2"),
    template("an application that does not exist", INVALID.but(because="issuer_unknown"), "nobody"),
    *(template(f"a part that is {name}", UNTRUSTED, part, at_most=0) for name, part in {
        "empty": "", "a dot segment": "..", "one dot": ".", "two segments": "app-1/x", "escaped": "app%2d1",
        "an escaped slash": "a%2fb", "a query": "app-1?x=1", "a fragment": "app-1#x", "a space": "app 1",
        "a line break": "app-1\n", "too long": "a" * 129, "an umlaut": "ä", "full-width": "\uff41pp-1", "a NUL": "app-1\0",
        "followed by a slash": "app-1/", "user info": "a@b", "a port": "a:80", "a backslash": "a\\b", "an asterisk": "*",
        "itself": "{application}", "a semicolon": "app-1;x", "a path upward": "../../../../../tenants/x",
    }.items()),
    *(template(f"another {name}", UNTRUSTED, "app-1", prefix=prefix, at_most=0) for name, prefix in {
        "tenant": "/tenants/T/realms/r/applications/", "realm": "/tenants/t/realms/r2/applications/",
        "tenant of no name": "/tenants//realms/r/applications/", "case": "/Tenants/t/realms/r/applications/",
        "collection": "/tenants/t/realms/r/clients/", "beginning": "/x/tenants/t/realms/r/applications/",
    }.items()),
    template("a pinned part of the list", LET_IN, "app-1", setting=PINNED),
    template("a pinned part not of the list, though it exists", UNTRUSTED, "app-2", key="app-2", setting=PINNED, at_most=0),
    template("a pinned part in another case", UNTRUSTED, "APP-1", setting=PINNED, at_most=0),
    template("a pinned part as a beginning", UNTRUSTED, "app-10", setting=PINNED, at_most=0),
    template("a pinned part of the list that does not exist", INVALID.but(because="issuer_unknown"), "app-3", setting=PINNED),
]  # fmt: skip

# Several issuers


def _two(world: World) -> dict[str, Any]:
    """Two issuers whose keys have the same kid."""
    for name in ("a", "b"):
        issuer = f"{world.root}/{name}"
        world.at(
            f"/{name}{PLACE}", document(world.metadata(issuer=issuer, jwks_uri=issuer + "/jwks"))
        )
        world.at(
            f"/{name}/jwks",
            document({"keys": [jwk(f"p256-{name}", kid="k"), jwk(f"rsa-{name}", kid="r")]}),
        )
    return {"issuers": [
        Issuer(f"{world.root}/a", algorithms=["ES256"]),
        Issuer(f"{world.root}/b", algorithms=["RS256"], audience="https://b.example"),
    ]}  # fmt: skip


SEVERAL = Setting(guard=_two, fresh=True)


def several(
    sentence: str, verdict: Verdict, issuer: str, key: str, alg: str = "ES256", **claims: Any
) -> Row:
    kid = "r" if alg.startswith("RS") else "k"
    return one(f"two issuers: {sentence}", lambda world: bearer(world.jwt(
        {"iss": f"{world.root}/{issuer}", **claims}, {"kid": kid}, key=key, algorithm=alg)), verdict, setting=SEVERAL)  # fmt: skip


ISSUERS = [
    several("the first one's own", LET_IN, "a", "p256-a"),
    several("the second one's own", LET_IN, "b", "rsa-b", "RS256", aud="https://b.example"),
    several("the first one's name over the second one's key", INVALID, "a", "p256-b"),
    several("the second one's name over the first one's key", INVALID, "b", "rsa-a", "RS256", aud="https://b.example"),
    several("the first one with the second one's algorithm", INVALID.but(because="algorithm_not_allowed"), "a", "rsa-a", "RS256"),
    several("the second one with the first one's algorithm", INVALID.but(because="algorithm_not_allowed"), "b", "p256-b",
            aud="https://b.example"),
    several("the first one with the second one's audience", INVALID, "a", "p256-a", aud="https://b.example"),
    several("the second one with the first one's audience", INVALID, "b", "rsa-b", "RS256", aud=AUDIENCE),
    several("a third one", INVALID, "c", "p256-a"),
]  # fmt: skip

# Over time
_MOVED = Row("metadata that names another jwks_uri is followed after its time", (
    Step(lambda w: bearer(w.jwt()), LET_IN),
    Step(lambda w: bearer(w.jwt(None, {}, key="p256-2")), LET_IN, before=lambda w: _move(w)),  # noqa: PLW0108
), Setting(fresh=True))  # fmt: skip


def _move(world: World) -> None:
    world.at("/jwks", NOT_THERE)
    world.at("/keys2", document({"keys": [jwk("p256-2")]}))
    world.at(PLACE, document(world.metadata(jwks_uri=world.root + "/keys2")))
    world.clock.turn(700)


ROWS = rows("discovery", PLACES, WRITTEN, TEMPLATES, ISSUERS, _MOVED)
