"""Wrong settings, and the sentence that each of them is answered with.

One row for each way in which an option can be wrong. A message names the option and says what
to write; it is the same from Python, a mapping, TOML and the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bearer_guard import (
    Introspection,
    Issuer,
    KeySetPolicy,
    Rule,
    Shared,
    UpstreamPolicy,
)
from bearer_guard.settings import GuardSettings


class Wrong(NamedTuple):
    """``cls(**options)``, beside good options that are needed anyway, raises ``message``."""

    cls: type
    options: Mapping[str, Any]
    message: str

    @property
    def option(self) -> str:
        """The option at fault: the first."""
        return next(iter(self.options))

    def make(self) -> object:
        """Construct it."""
        return self.cls(**{**GOOD[self.cls], **self.options})

    def __str__(self) -> str:
        return f"{self.cls.__name__}({', '.join(f'{k}={v!r}' for k, v in self.options.items())})"


GOOD: Mapping[type, Mapping[str, Any]] = {
    GuardSettings: {"audience": "api", "issuers": [Issuer("https://a.example/")]},
    Issuer: {"issuer": "https://a.example/"},
    Introspection: {"client_id": "api", "client_secret": "s3cret"},
    KeySetPolicy: {},
    UpstreamPolicy: {},
    Rule: {"path": "/a", "scopes": ["x"]},
    Shared: {"store": "redis://localhost", "secret": "s3cret" * 6},
}

TEMPLATE = "https://a.example/apps/{application}"
KEYS = '"https://login.example.com/keys"'
PRINTABLE = "a string of printable ASCII characters: write for example"
PLAIN_HTTP = (
    "is plain http, and tokens and keys travel only under TLS (RFC 6750 section 5.3): "
    "write https:// (http is taken on loopback alone)"
)
SCOPE = (
    "and a scope holds no space, quote or backslash (RFC 6749 section 3.3): "
    'write each scope as a string of its own, ["a", "b"]'
)
EMPTY_AUDIENCE = (
    "audience is empty, and a guard without one lets in tokens meant for other APIs: "
    'write audience="https://api.example.com"'
)
SYMMETRIC = (
    "a symmetric or missing signature lets whoever can check a token make one "
    "(RFC 8725 section 3.1): have the issuer sign with RS256, ES256 or EdDSA, "
    'and write algorithms=["RS256"]'
)
ALL_ALGORITHMS = (
    "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, Ed448"
)
DECODED = 'write the path decoded and without a query, "/my files/**" for "/my%20files/**"'
STAR = (
    'a star stands for a whole segment, write "/orders/*" for one segment '
    'or "/orders/**" for all below'
)


def _range(
    cls: type, option: str, low: float, high: float, unit: str, with_none: bool = True
) -> list[Wrong]:
    text = f"{option} must be a number of {unit} from {low:g} to {high:g}"
    values: list[Any] = ["1", True, [1], high + 1, float("nan"), float("inf"), -1]
    values += [None] if with_none else []
    return [Wrong(cls, {option: value}, text) for value in values]


def _count(cls: type, option: str, low: int, high: int) -> list[Wrong]:
    text = f"{option} must be a whole number from {low} to {high}"
    values: list[Any] = ["1", True, None, 1.5, high + 1, low - 1]
    return [Wrong(cls, {option: value}, text) for value in values]


def _flag(cls: type, option: str) -> list[Wrong]:
    values: list[Any] = ["false", "true", 0, 1, None, []]
    return [Wrong(cls, {option: value}, f"{option} must be true or false") for value in values]


def _names(cls: type, option: str, example: str) -> list[Wrong]:
    a_list = f"{option} must be a list of strings: write for example {example}"
    each = f"each of {option} must be {PRINTABLE} {example}"
    return [
        *(Wrong(cls, {option: value}, a_list) for value in (5, None, True, {"a": 1}, b"a")),
        *(Wrong(cls, {option: value}, each) for value in ([5], [""], "", ["a", None], ["é"])),
        *(Wrong(cls, {option: value}, each) for value in (["a\n"], [["a"]], [b"a"], ["a\x00"])),
    ]


def _scopes(cls: type, option: str) -> list[Wrong]:
    return [
        *_names(cls, option, '["orders:read"]'),
        Wrong(cls, {option: "a b"}, f"{option} names 'a b', {SCOPE}"),
        Wrong(cls, {option: ["a", 'b"']}, f"{option} names 'b\"', {SCOPE}"),
        Wrong(cls, {option: ["a\\"]}, f"{option} names 'a\\\\', {SCOPE}"),
    ]


def _url(cls: type, option: str, *fixed: tuple[str, Any]) -> list[Wrong]:
    absolute = f"{option} must be an absolute URL: write for example {KEYS}"
    values = (
        5, "", "keys", "/keys", "https://", "ftp://a.example/", "https://u:p@a.example/",
        "https://a.example/#f", "https://a.example/#", "https://a.example:0/",
        "https://a.example:99999/", "https://a.example:x/", "https://a b.example/",
        "https://é.example/", "//a.example/", "https:a.example", "https://[::1/",
    )  # fmt: skip
    return [
        *(Wrong(cls, {option: value, **dict(fixed)}, absolute) for value in values),
        *(
            Wrong(cls, {option: value, **dict(fixed)}, f"{option} {PLAIN_HTTP}")
            for value in ("http://a.example/", "http://localhost.example/", "http://10.0.0.1/")
        ),
    ]


def _mapping(option: str, example: str) -> list[Wrong]:
    text = f"{option} must be a mapping: write for example {example}"
    return [
        *(Wrong(Issuer, {option: value}, text) for value in (None, "a", ["a"], 5)),
        Wrong(
            Issuer, {option: {"": ["a"]}}, f"each name in {option} must be {PRINTABLE} {example}"
        ),
        Wrong(
            Issuer,
            {option: {"a": 5}},
            f"{option}['a'] must be a list of strings: write for example a",
        ),
        Wrong(Issuer, {option: {"a": [5]}}, f"each of {option}['a'] must be {PRINTABLE} a"),
    ]


def _pattern(cls: type, option: str, named: str, wrap: Any) -> list[Wrong]:
    def row(pattern: str, advice: str) -> Wrong:
        return Wrong(cls, {option: wrap(pattern)}, f"{named} is {pattern!r}: {advice}")

    return [
        row("health", 'begin it with a slash, "/orders"'),
        row("*", 'begin it with a slash, "/orders"'),
        row("/**/a", '"**" stands only at the end, "/orders/**"'),
        row("/a*", STAR),
        row("/*a/b", STAR),
        row("/a/***", STAR),
        row("/a//b", "write it without //, . and .."),
        row("//a", "write it without //, . and .."),
        row("/a/../b", "write it without //, . and .."),
        row("/a/./b", "write it without //, . and .."),
        row("/a/..", "write it without //, . and .."),
        row("/.", "write it without //, . and .."),
        row("/my%20files/**", DECODED),
        row("/caf%C3%a9", DECODED),
        row("/orders?x=1", DECODED),
        row("/orders#a", DECODED),
    ]


_ISSUERS = 'issuers=[Issuer("https://login.example.com/")]'
_INTROSPECTING = Issuer(
    "https://b.example/", introspection=Introspection(client_id="api", client_secret="s3cret")
)
_ALSO_INTROSPECTING = Issuer("https://c.example/", introspection=_INTROSPECTING.introspection)

_GUARD = [
    *_names(GuardSettings, "audience", '"https://api.example.com"'),
    Wrong(GuardSettings, {"audience": []}, EMPTY_AUDIENCE),
    *(
        Wrong(GuardSettings, {"issuers": value}, f"issuers must be a list: write {_ISSUERS}")
        for value in ("https://a.example/", Issuer("https://a.example/"), None, 5)
    ),
    Wrong(
        GuardSettings,
        {"issuers": []},
        f"issuers is empty, so no token could be let in: write {_ISSUERS}",
    ),
    Wrong(
        GuardSettings,
        {"issuers": ["https://a.example/"]},
        'each of issuers must be made like this: Issuer("https://…")',
    ),
    Wrong(
        GuardSettings,
        {"issuers": [Issuer("https://a.example/"), Issuer("https://a.example/", leeway=0)]},
        "issuers names 'https://a.example/' twice: join the two",
    ),
    *(
        Wrong(
            GuardSettings,
            {"issuers": [Issuer("https://a.example/", alias=alias), other]},
            f"alias {alias!r} names two issuers: write one of its own for each",
        )
        for alias, other in (
            ("b", Issuer("https://b.example/", alias="b")),
            ("joe", Issuer("joe", jwks_uri="https://keys.example.com/")),
        )
    ),
    Wrong(
        GuardSettings,
        {"opaque_issuer": "https://a.example/"},
        "opaque_issuer is 'https://a.example/': it must be one of the issuers that have "
        "introspection",
    ),
    Wrong(
        GuardSettings,
        {"opaque_issuer": 5, "issuers": [_INTROSPECTING]},
        "opaque_issuer is 5: it must be one of the issuers that have introspection",
    ),
    Wrong(
        GuardSettings,
        {"opaque_issuer": None, "issuers": [_INTROSPECTING, _ALSO_INTROSPECTING]},
        "several issuers introspect, and an opaque token does not say whose it is: write "
        "opaque_issuer='https://b.example/' (or the other that resolves them)",
    ),
    Wrong(
        GuardSettings,
        {
            "rules": [Rule("/a", introspect_every=0)],
            "issuers": [_INTROSPECTING, Issuer("https://d.example/")],
        },
        "rules: '/a' has introspect_every, and 'https://d.example/' cannot be asked about its "
        "tokens: write introspection=Introspection(...) for it",
    ),
    *_scopes(GuardSettings, "required_scopes"),
    *_names(GuardSettings, "public", '["/health"]'),
    *_pattern(GuardSettings, "public", "each of public", lambda pattern: [pattern]),
    *(
        Wrong(
            GuardSettings,
            {"rules": value},
            'rules must be a list: write rules=[Rule("/orders/**", scopes=["orders:read"])]',
        )
        for value in ("/a", Rule("/a", scopes=("x",)), None, 5)
    ),
    Wrong(
        GuardSettings,
        {"rules": ["/a"]},
        'each of rules must be made like this: Rule("/orders", scopes=["orders:read"])',
    ),
    *_flag(GuardSettings, "preflight"),
    *_flag(GuardSettings, "query_parameter"),
    *_flag(GuardSettings, "form_parameter"),
    *(
        Wrong(
            GuardSettings,
            {"websocket_protocol": value},
            "websocket_protocol must be the name of a subprotocol, letters and digits without a "
            'space: write for example "bearer"',
        )
        for value in ("", " ", "a b", "a,b", "a/b", "a=b", "é", "a\n", True, 5, ["bearer"])
    ),
    *_flag(GuardSettings, "websocket_renewal"),
    *_flag(GuardSettings, "end_streams_at_expiry"),
    *(
        Wrong(GuardSettings, {"realm": value}, f'realm must be {PRINTABLE} "api"')
        for value in ("", 5, None, "é", "a\nb")
    ),
    *(
        Wrong(
            GuardSettings,
            {"realm": value},
            "realm must hold no quote and no backslash (RFC 6750 section 3)",
        )
        for value in ('a"b', "a\\b")
    ),
    *_url(GuardSettings, "resource_metadata"),
    *(
        Wrong(
            GuardSettings,
            {"resource_metadata": value},
            "resource_metadata must hold no quote and no backslash",
        )
        for value in ('https://a.example/"', "https://a.example/\\")
    ),
    *(
        Wrong(
            GuardSettings,
            {"expand_scopes": value},
            "expand_scopes must be a function from scopes to scopes",
        )
        for value in ({"a": ["b"]}, "a", 5)
    ),
    *_count(GuardSettings, "max_token_size", 256, 1_048_576),
    *_count(GuardSettings, "max_form_size", 256, 16_777_216),
    *_count(GuardSettings, "remembered_tokens", 0, 10_000_000),
    *_count(GuardSettings, "template_issuers", 1, 10_000_000),
    *_count(GuardSettings, "log_records", 1, 1_000_000),
    *_range(GuardSettings, "log_window", 0.001, 86_400, "seconds"),
]

_ISSUER = [
    *(
        Wrong(
            Issuer, {"issuer": value}, f'issuer must be {PRINTABLE} "https://login.example.com/"'
        )
        for value in ("", 5, None, "https://é.example/", "https://a.example/\n")
    ),
    *(
        Wrong(
            Issuer,
            {"issuer": value},
            f"issuer is {value!r}: name a part as {{application}}, in small letters",
        )
        for value in (
            "https://a.example/{App}", "https://a.example/{}", "https://a.example/{a",
            "https://a.example/a}", "https://a.example/{1}", "https://a.example/{a-b}",
        )
    ),
    *(
        Wrong(
            Issuer,
            {"issuer": value},
            f"issuer is {value!r}: an issuer has no query and no fragment "
            "(RFC 8414 section 2): write it exactly as its tokens do in iss",
        )
        for value in ("https://a.example/?a=b", "https://a.example/#", "https://a.example/#a")
    ),
    *(
        Wrong(
            Issuer,
            {"issuer": value},
            f"issuer is {value!r}, no URL, so its keys cannot be found: write jwks_uri",
        )
        for value in (
            "a.example", "accounts", "ftp://a.example/", "https://", "https://a example/",
            "https://a.example:{port}/", "https://a.example:0/", "//a.example/",
        )
    ),
    *(
        Wrong(
            Issuer,
            {"issuer": value},
            "issuer holds an @: an issuer names no user and no password; write it exactly as its "
            "tokens do in iss",
        )
        for value in ("https://u:p@a.example/", "http://u@a.example/")
    ),
    Wrong(Issuer, {"issuer": "http://a.example/"}, f"issuer {PLAIN_HTTP}"),
    Wrong(
        Issuer,
        {"issuer": "http://a.example/", "jwks_uri": "https://a.example/keys"},
        f"issuer {PLAIN_HTTP}",
    ),
    *(
        Wrong(
            Issuer,
            {"issuer": value},
            f"issuer is {value!r}: a named part is one whole segment of the path",
        )
        for value in (
            "https://{tenant}.a.example/", "https://{host}/", "https://a.example/x-{tenant}",
        )
    ),
    Wrong(
        Issuer,
        {"issuer": "https://a.example/{a}/{a}"},
        "issuer is 'https://a.example/{a}/{a}': name each part differently",
    ),
    *_mapping("parts", '{"application": ["a"]}'),
    Wrong(
        Issuer,
        {"parts": {"application": ["a"]}},
        "parts pins 'application', which issuer does not name: write {application} in it",
    ),
    Wrong(
        Issuer,
        {"parts": {"application": []}, "issuer": TEMPLATE},
        "parts['application'] is empty, and a part that is not pinned stands for any segment: "
        'write the values it may have, or leave "application" out to allow all of them',
    ),
    *(
        Wrong(
            Issuer,
            {"introspection": value},
            'introspection must be made like this: Introspection("https://…", …)',
        )
        for value in ("https://a.example/introspect", {"client_id": "a"}, True)
    ),
    Wrong(
        Issuer,
        {"introspection": Introspection(token="t0ken"), "issuer": TEMPLATE},
        "introspection.endpoint is needed: a template has no metadata of its own",
    ),
    *(
        Wrong(
            Issuer,
            {
                "introspection": Introspection(client_id="api", client_secret="s3cret"),
                "issuer": issuer,
                "jwks_uri": "https://a.example/keys",
            },
            "introspection.endpoint is needed: the issuer is no URL, so its metadata cannot be "
            "found",
        )
        for issuer in ("project-id", "http://[")
    ),
    *_range(Issuer, "introspect_jwts_every", 0, 86_400, "seconds", with_none=False),
    *(
        Wrong(
            Issuer,
            {"introspect_jwts_every": value},
            "introspect_jwts_every needs an endpoint to ask: "
            "write introspection=Introspection(...)",
        )
        for value in (0, 60, 86_400)
    ),
    *_names(Issuer, "audience", '"https://api.example.com"')[:1],
    *_names(Issuer, "audience", '"https://api.example.com"')[2:],
    Wrong(Issuer, {"audience": []}, EMPTY_AUDIENCE),
    *_names(Issuer, "algorithms", '["RS256"]'),
    *(
        Wrong(Issuer, {"algorithms": value}, f"algorithms names {name}: {SYMMETRIC}")
        for value, name in (
            (["HS256"], "HS256"), (["RS256", "HS512"], "HS512"), ("none", "none"),
            (["None"], "None"), (["NONE"], "NONE"), ("HS1", "HS1"),
        )
    ),
    *(
        Wrong(
            Issuer, {"algorithms": [value]}, f"algorithms names {value!r}: write some of {ALL_ALGORITHMS}"
        )
        for value in ("RS1", "rs256", "ES256K", "RSA-OAEP", "hs256", "dir")
    ),
    Wrong(Issuer, {"algorithms": []}, 'algorithms is empty: write for example ["RS256"]'),
    *(
        Wrong(Issuer, {"profile": value}, "profile must be one of default, rfc9068")
        for value in ("RFC9068", "", None, True)
    ),
    *_url(Issuer, "jwks_uri"),
    *_url(Issuer, "metadata_uri"),
    *(
        Wrong(
            Issuer,
            {option: "https://a.example/{application}/keys"},
            f"{option} names a part that issuer does not name",
        )
        for option in ("jwks_uri", "metadata_uri")
    ),
    *_names(Issuer, "clients_instead_of_audience", '["client_id"]'),
    *_mapping("required_claims", '{"token_use": "access"}'),
    *_mapping("claims_if_present", '{"token_use": "access"}'),
    *_names(Issuer, "scope_claims", '["client_id"]'),
    *_flag(Issuer, "scope_may_be_list"),
    *_names(Issuer, "client_id_claims", '["client_id"]'),
    *(
        Wrong(
            Issuer,
            {"client_id_form": value},
            "client_id_form must be one of plain, last_path_segment",
        )
        for value in ("path", "", None)
    ),
    *_names(Issuer, "grant_claims", '["client_id"]'),
    *_range(Issuer, "leeway", 0, 300, "seconds"),
    *(
        Wrong(Issuer, {"alias": value}, f'alias must be {PRINTABLE} "login"')
        for value in ("", 5, "é", "a\n", ["a"])
    ),
    Wrong(
        Issuer, {"alias": "x" * 101}, "alias is longer than 100 characters: write a shorter one"
    ),
    *(
        Wrong(
            Issuer, {"key_set": value}, "key_set must be made like this: KeySetPolicy(fresh_for=600)"
        )
        for value in (600, None, {"fresh_for": 600})
    ),
    *(
        Wrong(
            Issuer, {"upstream": value}, "upstream must be made like this: UpstreamPolicy(timeout=5)"
        )
        for value in (5, None, {"timeout": 5})
    ),
]  # fmt: skip

_CREDENTIALS = (
    "introspection needs this API's own credentials: write client_id and client_secret, or token"
)
_DOUBLED = "introspection has both token and client_id or client_secret: write one of them"
_NO_CLIENT = {"client_id": None, "client_secret": None}

_INTROSPECTION = [
    *_url(Introspection, "endpoint"),
    Wrong(Introspection, {"client_id": None}, _CREDENTIALS),
    Wrong(Introspection, {"client_secret": None}, _CREDENTIALS),
    Wrong(Introspection, {"token": None, **_NO_CLIENT}, _CREDENTIALS),
    *(
        Wrong(Introspection, {option: value}, f"{option} must be a string that is not empty")
        for option in ("client_id", "client_secret")
        for value in ("", 5, ["s3cret"], b"s3cret", True)
    ),
    *(
        Wrong(
            Introspection,
            {"token": value, **_NO_CLIENT},
            "token must be a string that is not empty",
        )
        for value in ("", 5, ["s3cret"], b"s3cret")
    ),
    *(
        Wrong(
            Introspection,
            {"token": value, **_NO_CLIENT},
            "token must hold no space and only ASCII characters",
        )
        for value in ("t0ken é", "t0ken t0ken", "t0ken\n", "\x00")
    ),
    Wrong(Introspection, {"token": "t0ken"}, _DOUBLED),
    Wrong(Introspection, {"token": "t0ken", "client_id": None}, _DOUBLED),
    Wrong(Introspection, {"token": "t0ken", "client_secret": None}, _DOUBLED),
    *(
        Wrong(
            Introspection,
            {"auth_method": value},
            "auth_method must be one of client_secret_basic, client_secret_post",
        )
        for value in ("private_key_jwt", "none", "", None)
    ),
    *_range(Introspection, "cache_for", 0, 86_400, "seconds"),
    *_range(Introspection, "cache_inactive_for", 0, 86_400, "seconds"),
    *_count(Introspection, "cached_answers", 1, 10_000_000),
    *_range(Introspection, "grace_for", 0, 86_400, "seconds"),
    *_count(Introspection, "concurrent_calls", 1, 1024),
    *_count(Introspection, "waiting_calls", 0, 100_000),
    *_count(Introspection, "failures_to_suspend", 1, 1000),
]

_FRESH = (
    "fresh_for must lie between fresh_at_least and fresh_at_most ({} and {} seconds): set all three"
)
_KEY_SET = [
    *_range(KeySetPolicy, "fresh_for", 0.001, 2_592_000, "seconds"),
    *_range(KeySetPolicy, "fresh_at_least", 0, 86_400, "seconds"),
    *_range(KeySetPolicy, "fresh_at_most", 0.001, 2_592_000, "seconds"),
    Wrong(KeySetPolicy, {"fresh_for": 30}, _FRESH.format(60, 86400)),
    Wrong(KeySetPolicy, {"fresh_for": 100_000}, _FRESH.format(60, 86400)),
    Wrong(KeySetPolicy, {"fresh_at_least": 700}, _FRESH.format(700, 86400)),
    Wrong(KeySetPolicy, {"fresh_at_most": 500}, _FRESH.format(60, 500)),
    *_range(KeySetPolicy, "refresh_at", 0.1, 1, "shares of fresh_for"),
    Wrong(
        KeySetPolicy,
        {"refresh_at": 0.05},
        "refresh_at must be a number of shares of fresh_for from 0.1 to 1",
    ),
    *_range(KeySetPolicy, "jitter", 0, 0.5, "shares of fresh_for"),
    *(
        Wrong(
            KeySetPolicy,
            {"jitter": jitter, "refresh_at": refresh_at},
            "jitter must be smaller than refresh_at: lower it",
        )
        for jitter, refresh_at in ((0.5, 0.4), (0.5, 0.5), (0.1, 0.1))
    ),
    *_range(KeySetPolicy, "usable_stale_for", 0, 604_800, "seconds"),
    *_count(KeySetPolicy, "forced_fetches", 0, 1000),
    *_range(KeySetPolicy, "forced_fetch_window", 0.001, 86_400, "seconds"),
    *_range(KeySetPolicy, "unknown_kid_memory", 0, 86_400, "seconds"),
    *_count(KeySetPolicy, "unknown_kids", 0, 100_000),
    *_count(KeySetPolicy, "failed_newcomers", 1, 100_000),
]

_UPSTREAM = [
    *_range(UpstreamPolicy, "connect_timeout", 0.001, 60, "seconds"),
    *_range(UpstreamPolicy, "timeout", 0.001, 60, "seconds"),
    Wrong(UpstreamPolicy, {"timeout": 0}, "timeout must be a number of seconds from 0.001 to 60"),
    *_count(UpstreamPolicy, "max_answer", 1024, 67_108_864),
    *_count(UpstreamPolicy, "retries", 0, 5),
    *_range(UpstreamPolicy, "back_off", 0, 3600, "seconds"),
    *_range(UpstreamPolicy, "back_off_at_most", 0, 3600, "seconds"),
    Wrong(
        UpstreamPolicy,
        {"back_off_at_most": 0.5},
        "back_off_at_most must not be shorter than back_off: raise it or lower back_off",
    ),
]

_NEEDS_SCOPES = (
    "a rule needs either scopes (all of them) or any_scope (one of them), or else "
    "introspect_every; a path that needs a token and no scope needs no rule"
)
_RULE = [
    *(
        Wrong(Rule, {"path": value}, f'path must be {PRINTABLE} "/orders/**"')
        for value in ("", 5, None, "/é", ["/a"])
    ),
    *_pattern(Rule, "path", "path", str),
    *_names(Rule, "methods", '["POST"]'),
    *(
        Wrong(
            Rule,
            {"methods": [value]},
            f'methods names {value!r}: write upper case, ["GET", "POST"]',
        )
        for value in ("get", "Post", "GET POST", "GET,POST", "*")
    ),
    *_scopes(Rule, "scopes"),
    *_scopes(Rule, "any_scope"),
    Wrong(Rule, {"scopes": []}, _NEEDS_SCOPES),
    Wrong(Rule, {"any_scope": ["b"]}, _NEEDS_SCOPES),
    Wrong(Rule, {"any_scope": ["b"], "introspect_every": 0}, _NEEDS_SCOPES),
    *_range(Rule, "introspect_every", 0, 86_400, "seconds", with_none=False),
]

WRONG = [*_GUARD, *_ISSUER, *_INTROSPECTION, *_KEY_SET, *_UPSTREAM, *_RULE]


_REDIS = 'write for example "redis://localhost:6379/0"'
_SHARED = [
    *(
        Wrong(Shared, {"store": value}, f"store must be the URL of a Redis: {_REDIS}")
        for value in ("", "localhost", "http://localhost")
    ),
    *(
        Wrong(Shared, {"store": value}, f"store must be a URL or a SharedStore: {_REDIS}")
        for value in (5, None, ["redis://localhost"])
    ),
    *(
        Wrong(Shared, {"secret": value}, "secret must be a string that is not empty")
        for value in ("", None, 5)
    ),
    Wrong(
        Shared,
        {"secret": "s3cret" * 5},
        "secret is too short: write at least 32 characters that nobody can guess, the same for "
        "all workers",
    ),
    *(
        Wrong(Shared, {"prefix": value}, f'prefix must be {PRINTABLE} "orders-api"')
        for value in ("", None, "é")
    ),
    *_range(Shared, "timeout", 0.001, 5, "seconds"),
    *_range(Shared, "pause", 0, 60, "seconds"),
    *_range(Shared, "revocations_every", 0.01, 60, "seconds"),
    *_count(Shared, "revocations", 1, 1_000_000),
]
WRONG += _SHARED
WRONG += [
    Wrong(
        GuardSettings,
        {"shared": value},
        'shared must be made like this: Shared("redis://…", secret="…")',
    )
    for value in ("redis://localhost", 5)
]


def by_option(rows: list[Wrong]) -> Mapping[str, list[Wrong]]:
    """The rows of each option together, by ``Class.option``."""
    found: dict[str, list[Wrong]] = {}
    for wrong in rows:
        found.setdefault(f"{wrong.cls.__name__}.{wrong.option}", []).append(wrong)
    return found
