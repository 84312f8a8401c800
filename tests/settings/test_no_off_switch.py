"""No setting turns the check of signature, algorithm, expiry, issuer or audience off.

All options are listed here. Each is taken at the loosest value that it may have, and the bad
tokens stay out: whoever adds an option has to put it on this list, and to the same proof.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bearer_guard import (
    Guard,
    Introspection,
    InvalidToken,
    Issuer,
    KeySetPolicy,
    Request,
    Rule,
    UpstreamPolicy,
    beyond_identity,
)
from bearer_guard.settings import GuardSettings
from bearer_guard.settings.issuer import ALGORITHMS
from bearer_guard.testing import AuthorizationServer

_OTHERS = ["https://other.example.com/", "client-1"]
LOOSEST: Mapping[type, Mapping[str, Any]] = {
    GuardSettings: {
        "audience": ["https://api.example.com", "another name of ours"],
        "issuers": None,  # the one in question
        "required_scopes": [], "public": ["/public/**"], "rules": [], "preflight": True,
        "realm": "*", "resource_metadata": "https://api.example.com/", "opaque_issuer": None,
        "query_parameter": True, "form_parameter": True, "websocket_protocol": "bearer",
        "websocket_renewal": True, "end_streams_at_expiry": False,
        "expand_scopes": lambda scopes: {*scopes, "admin"}, "max_token_size": 1_048_576,
        "max_form_size": 16 * 1_048_576, "remembered_tokens": 10_000_000,
        "template_issuers": 10_000_000, "log_records": 1, "log_window": 86_400,
        "shared": None,  # who shares is looked at in tests/fleet
    },
    Issuer: {
        "issuer": None,  # the one in question
        "introspection": Introspection(token="t"), "audience": ["https://api.example.com", "b"],
        "algorithms": ALGORITHMS, "profile": "default", "jwks_uri": None, "metadata_uri": None,
        "parts": {}, "clients_instead_of_audience": ["client-1"], "required_claims": {},
        "claims_if_present": {}, "scope_claims": ["sub", "scope"], "scope_may_be_list": True,
        "client_id_claims": ["sub", "client_id"], "client_id_form": "last_path_segment",
        "grant_claims": ["sub", "iss", "exp"], "leeway": 300, "key_set": KeySetPolicy(),
        "upstream": UpstreamPolicy(), "introspect_jwts_every": 86_400, "alias": "a",
    },
    KeySetPolicy: {
        "fresh_for": 2_592_000, "fresh_at_least": 86_400, "fresh_at_most": 2_592_000,
        "refresh_at": 1, "jitter": 0, "usable_stale_for": 604_800, "forced_fetches": 1000,
        "forced_fetch_window": 0.001, "unknown_kid_memory": 0, "unknown_kids": 0,
        "failed_newcomers": 100_000,
    },
    UpstreamPolicy: {
        "connect_timeout": 60, "timeout": 60, "max_answer": 64 * 1_048_576, "retries": 5,
        "back_off": 0, "back_off_at_most": 0,
    },
    Introspection: {
        "endpoint": None, "client_id": None, "client_secret": None,
        "auth_method": "client_secret_post", "token": "t", "cache_for": 86_400,
        "cache_inactive_for": 0, "cached_answers": 10_000_000, "grace_for": 86_400,
        "concurrent_calls": 1024, "waiting_calls": 100_000, "failures_to_suspend": 1000,
    },
    # Without "scopes", in whose place "any_scope" stands.
    Rule: {
        "path": "/**", "methods": (), "scopes": None, "any_scope": ("orders:read",),
        "introspect_every": 86_400,
    },
}  # fmt: skip


@pytest.mark.parametrize("cls", LOOSEST, ids=lambda cls: cls.__name__)
def test_the_list_is_of_all_options(cls: type) -> None:
    assert set(LOOSEST[cls]) == {field.name for field in dataclasses.fields(cls)}


def test_a_guard_takes_those_and_no_more() -> None:
    named = set(inspect.signature(Guard).parameters)
    assert named == {*LOOSEST[GuardSettings], "http_client", "clock"}
    assert set(inspect.signature(beyond_identity).parameters) == {
        *("tenant", "realm", "region", "base_url", "applications"),
        *("client_id", "client_secret", "token", "options"),
    }


def test_no_option_sounds_like_a_switch() -> None:
    flags = {
        field.name
        for cls in LOOSEST
        for field in dataclasses.fields(cls)
        if isinstance(field.default, bool)
    }
    assert flags == {
        *("preflight", "query_parameter", "form_parameter", "scope_may_be_list"),
        *("websocket_renewal", "end_streams_at_expiry"),
    }
    for cls in LOOSEST:
        for field in dataclasses.fields(cls):
            for word in ("verify", "skip", "insecure", "allow", "check", "disable", "strict"):
                assert word not in field.name


@pytest.fixture(scope="module")
def server() -> AuthorizationServer:
    server = AuthorizationServer(issuer="https://login.example.com/", algorithms=("RS256", "ES256"))
    server.signing_key("ES256")
    return server


@pytest.fixture(scope="module")
def bad_tokens(server: AuthorizationServer) -> Mapping[str, tuple[str, set[str]]]:
    good = server.jwt()
    absent = server.ABSENT
    header, payload, _ = good.split(".")
    return {
        "signature flipped": (server.tampered(good), {"signature_invalid"}),
        "signature of a stranger": (server.jwt(key=server.foreign_key()), {"signature_invalid"}),
        "signature cut off": (f"{header}.{payload}.", {"signature_invalid"}),
        "algorithm none": (server.jwt(algorithm="none", key=b""), {"algorithm_not_allowed"}),
        "algorithm HS256": (
            server.jwt(algorithm="HS256", key=b"k" * 64), {"algorithm_not_allowed"},
        ),
        "algorithm of another key": (
            server.jwt(header={"alg": "ES256"}), {"key_unfit", "signature_invalid"},
        ),
        "expired": (server.jwt(expires_in=-400), {"expired"}),
        "without expiry": (server.jwt(claims={"exp": absent}), {"claim_missing"}),
        "not valid yet": (server.jwt(claims={"nbf": 4_000_000_000}), {"not_yet_valid"}),
        "issuer of another": (
            server.jwt(claims={"iss": "https://evil.example.com/"}), {"issuer_untrusted"},
        ),
        "issuer without its slash": (
            server.jwt(claims={"iss": "https://login.example.com"}), {"issuer_untrusted"},
        ),
        "without issuer": (server.jwt(claims={"iss": absent}), {"claim_missing"}),
        "audience of another": (server.jwt(audience=_OTHERS), {"audience_mismatch"}),
        "audience by prefix": (
            server.jwt(audience="https://api.example.com/"), {"audience_mismatch"},
        ),
        "audience empty": (server.jwt(audience=[]), {"audience_mismatch"}),
        "without audience": (
            server.jwt(claims={"aud": absent}, client_id="client-2", subject="user-2"),
            {"audience_missing"},
        ),
        "id token": (server.id_token(audience=server.audience), {"id_token"}),
    }  # fmt: skip


def singly() -> Iterator[Any]:
    """Each option alone at its loosest, then all that go together at once."""
    for cls, options in LOOSEST.items():
        for name, value in options.items():
            if value is not None and name not in ("issuers", "issuer"):
                yield pytest.param(cls, {name: value}, id=f"{cls.__name__}.{name}")
        kept = {name: value for name, value in options.items() if value is not None}
        yield pytest.param(cls, kept, id=f"all of {cls.__name__}")


def make(
    cls: type, options: Mapping[str, Any], server: AuthorizationServer
) -> tuple[dict[str, Any], Issuer]:
    if cls is GuardSettings:
        return dict(options), Issuer(server.issuer)
    if cls is Issuer:
        introspection = Introspection(server.url("/introspect"), token=server.introspection_token)
        loosened = {**options, "introspection": introspection}
        return {}, Issuer(server.issuer, **loosened)
    if cls is Rule:
        scopes = {} if "any_scope" in options else {"scopes": ("orders:read",)}
        introspection = Introspection(server.url("/introspect"), token=server.introspection_token)
        issuer = Issuer(server.issuer, introspection=introspection)
        return {"rules": [Rule(**{"path": "/**", **scopes, **options})]}, issuer
    if cls is Introspection:
        good = {"endpoint": server.url("/introspect"), "token": server.introspection_token}
        if "auth_method" in options and len(options) == 1:
            good = {**server.introspection_settings(), "auth_method": options["auth_method"]}
            return {}, Issuer(server.issuer, introspection=Introspection(**good))  # type: ignore[arg-type]
        introspection = Introspection(**{**options, **good})
        return {}, Issuer(server.issuer, introspection=introspection)
    nested = {KeySetPolicy: "key_set", UpstreamPolicy: "upstream"}[cls]
    needed = {"fresh_for": {"fresh_at_most": 2_592_000}, "fresh_at_least": {"fresh_for": 86_400}}
    needed["back_off_at_most"] = {"back_off": 0}
    first = next(iter(options))
    policy = cls(**{**needed.get(first, {}), **options})
    return {}, Issuer(server.issuer, **{nested: policy})


@pytest.mark.parametrize(("cls", "options"), [*singly()])
def test_bad_tokens_stay_out_however_loose_an_option_is(
    cls: type,
    options: Mapping[str, Any],
    server: AuthorizationServer,
    bad_tokens: Mapping[str, tuple[str, set[str]]],
) -> None:
    of_guard, issuer = make(cls, options, server)
    arguments = {"audience": server.audience, **of_guard, "issuers": [issuer]}
    with server.http_client() as client, Guard(**arguments, http_client=client) as guard:
        good = Request(url="/a", headers={"Authorization": f"Bearer {server.jwt()}"})
        assert guard.check(good) is not None
        for name, (token, reasons) in bad_tokens.items():
            with pytest.raises(InvalidToken) as refused:
                guard.check(Request(url="/a", headers={"Authorization": f"Bearer {token}"}))
            assert refused.value.reason in reasons, name


def test_what_stands_in_for_an_audience_stands_in_only_where_there_is_none(
    server: AuthorizationServer,
) -> None:
    """``clients_instead_of_audience``, the one option that says DANGER, and all that it does."""
    issuer = Issuer(server.issuer, clients_instead_of_audience=["client-1"])
    with (
        server.http_client() as client,
        Guard(audience=server.audience, issuers=[issuer], http_client=client) as guard,
    ):
        absent = {"aud": server.ABSENT}
        let_in = server.jwt(claims=absent, client_id="client-1")
        assert guard.authenticate(Request(headers={"Authorization": f"Bearer {let_in}"}))
        for token in (
            server.jwt(claims=absent, client_id="client-2"),
            server.jwt(audience="https://other.example.com", client_id="client-1"),
            server.jwt(claims={"aud": None}, client_id="client-1"),
            server.jwt(claims={"aud": []}, client_id="client-1"),
        ):
            with pytest.raises(InvalidToken, match=r"audience_m|claim_malformed"):
                guard.authenticate(Request(headers={"Authorization": f"Bearer {token}"}))
