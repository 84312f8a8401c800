"""What good settings become: settled, frozen, and by default as the design says."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from bearer_guard import Introspection, Issuer, KeySetPolicy, Rule, Shared, UpstreamPolicy
from bearer_guard.settings import GuardSettings
from bearer_guard.settings.issuer import ALGORITHMS
from settings.wrong import GOOD

DEFAULTS: dict[type, dict[str, Any]] = {
    GuardSettings: {
        "required_scopes": (), "public": (), "rules": (), "preflight": True, "realm": "api",
        "resource_metadata": None, "opaque_issuer": None, "query_parameter": False,
        "form_parameter": False, "websocket_protocol": None, "websocket_renewal": False,
        "end_streams_at_expiry": False, "expand_scopes": None, "max_token_size": 16_384,
        "max_form_size": 65_536, "remembered_tokens": 10_000, "template_issuers": 10_000,
        "log_records": 10, "log_window": 10, "shared": None,
    },
    Issuer: {
        "introspection": None, "audience": None, "algorithms": ALGORITHMS, "profile": "default",
        "jwks_uri": None, "metadata_uri": None, "parts": {}, "clients_instead_of_audience": (),
        "required_claims": {}, "claims_if_present": {}, "scope_claims": ("scope", "scp"),
        "scope_may_be_list": False, "client_id_claims": ("client_id", "azp", "appid", "cid"),
        "client_id_form": "plain", "grant_claims": (), "leeway": 60, "key_set": KeySetPolicy(),
        "upstream": UpstreamPolicy(), "introspect_jwts_every": None, "alias": None,
    },
    Introspection: {
        "endpoint": None, "auth_method": "client_secret_basic", "token": None, "cache_for": 60,
        "cache_inactive_for": 10, "cached_answers": 10_000, "grace_for": 0,
        "concurrent_calls": 64, "waiting_calls": 256, "failures_to_suspend": 5,
    },
    KeySetPolicy: {
        "fresh_for": 600, "fresh_at_least": 60, "fresh_at_most": 86_400, "refresh_at": 0.8,
        "jitter": 0.05, "usable_stale_for": 3600, "forced_fetches": 2, "forced_fetch_window": 30,
        "unknown_kid_memory": 60, "unknown_kids": 128, "failed_newcomers": 100,
    },
    UpstreamPolicy: {
        "connect_timeout": 2, "timeout": 5, "max_answer": 1_048_576, "retries": 1, "back_off": 1,
        "back_off_at_most": 30,
    },
    Rule: {"methods": (), "any_scope": (), "introspect_every": None},
    Shared: {
        "prefix": "bearer_guard", "timeout": 0.25, "pause": 1, "revocations_every": 0.5,
        "revocations": 10_000,
    },
}  # fmt: skip


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_every_default_is_the_documented_one(cls: type) -> None:
    made = cls(**GOOD[cls])
    for field in dataclasses.fields(cls):
        if field.name not in GOOD[cls]:
            assert getattr(made, field.name) == DEFAULTS[cls][field.name], field.name
    assert set(DEFAULTS[cls]) | set(GOOD[cls]) == {field.name for field in dataclasses.fields(cls)}


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_settings_are_frozen(cls: type) -> None:
    made = cls(**GOOD[cls])
    for field in dataclasses.fields(cls):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, getattr(made, field.name))
    assert not hasattr(made, "__dict__")


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_only_the_one_thing_a_class_is_about_is_positional(cls: type) -> None:
    first = {Issuer: "issuer", Introspection: "endpoint", Rule: "path", Shared: "store"}.get(cls)
    named = {field.name for field in dataclasses.fields(cls) if not field.kw_only}
    assert named == ({first} if first else set())


def guard(**options: Any) -> GuardSettings:
    return GuardSettings(**{**GOOD[GuardSettings], **options})


@pytest.mark.parametrize("written", ["a", ["a"], ("a",), {"a"}, iter(["a"]), ["a", "a"]])
def test_one_name_or_several_are_a_tuple_without_repetition(written: Any) -> None:
    assert guard(audience=written).audience == ("a",)


def test_order_is_kept() -> None:
    assert guard(audience=["b", "a", "b"]).audience == ("b", "a")
    assert guard(required_scopes=["b", "a"]).required_scopes == ("b", "a")


def test_lists_and_generators_become_tuples() -> None:
    issuers = (Issuer(f"https://{name}.example/") for name in "ab")
    rules = (Rule(f"/{name}", scopes=("x",)) for name in "ab")
    made = guard(issuers=issuers, rules=rules, public=["/c"], required_scopes="openid")
    assert [issuer.issuer for issuer in made.issuers] == [
        "https://a.example/",
        "https://b.example/",
    ]
    assert [rule.path for rule in made.rules] == ["/a", "/b"]
    assert (made.public, made.required_scopes) == (("/c",), ("openid",))


def test_what_the_caller_does_to_a_list_afterwards_changes_nothing() -> None:
    audience, values = ["a"], ["x"]
    made = guard(audience=audience)
    issuer = Issuer("https://a.example/", required_claims={"c": values})
    audience.append("b")
    values.append("y")
    assert made.audience == ("a",)
    assert issuer.required_claims == {"c": ("x",)}


def test_ten_thousand_issuers_share_their_defaults() -> None:
    one, other = Issuer("https://a.example/"), Issuer("https://b.example/")
    for field in dataclasses.fields(Issuer):
        if field.name != "issuer":
            assert getattr(one, field.name) is getattr(other, field.name), field.name


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example.com", "https://login.example.com/", "https://login.example.com:8443/a",
        "http://localhost:9000/realms/a", "http://127.0.0.1:9000", "http://[::1]:9000/", "http://127.8.9.1/",
        "https://login.example.com/apps/{application}", "https://login.example.com/{tenant}/v2.0",
        "https://login.example.com/t/{tenant}/a/{app_2}", "https://xn--bcher-kva.example/",
    ],
)  # fmt: skip
def test_an_issuer_is_kept_to_the_character(issuer: str) -> None:
    assert Issuer(issuer).issuer == issuer


@pytest.mark.parametrize("issuer", ["accounts", "acme.com", "P2abc", "stytch.com/project-1"])
def test_an_issuer_that_is_no_url_says_where_its_keys_are(issuer: str) -> None:
    """FusionAuth, Descope and Stytch name themselves so."""
    for where in ("jwks_uri", "metadata_uri"):
        assert Issuer(issuer, **{where: "https://a.example/x"}).issuer == issuer  # type: ignore[arg-type]


def test_addresses_may_name_the_issuers_parts() -> None:
    made = Issuer(
        "https://a.example/{t}/{app}",
        jwks_uri="https://keys.example/{app}/{t}",
        metadata_uri="https://a.example/{t}/metadata",
        parts={"t": "one"},
    )
    assert made.parts == {"t": ("one",)}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_asymmetric_algorithm_may_be_chosen(algorithm: str) -> None:
    assert Issuer("https://a.example/", algorithms=algorithm).algorithms == (algorithm,)


@pytest.mark.parametrize(
    "pattern", ["/", "/a", "/a/", "/a/b", "/a/*", "/*/b", "/*", "/**", "/a/**", "/a/*/**", "/a.b/c-d_e~f"]
)  # fmt: skip
def test_a_pattern_is_kept_as_it_is_save_for_a_rules_last_slash(pattern: str) -> None:
    expected = pattern if pattern == "/" else pattern.removesuffix("/")
    assert Rule(pattern, scopes=("x",)).path == expected
    assert guard(public=pattern).public == (pattern,)


def test_a_rule_settles_its_names() -> None:
    rule = Rule("/a", methods="GET", any_scope=["a", "b", "a"])  # type: ignore[arg-type]
    assert (rule.methods, rule.scopes, rule.any_scope) == (("GET",), (), ("a", "b"))


@pytest.mark.parametrize(
    "scope", ["orders:read", "https://a.example/b.c", "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"]
)
def test_a_scope_is_what_rfc_6749_section_3_3_says(scope: str) -> None:
    assert guard(required_scopes=[scope]).required_scopes == (scope,)


@pytest.mark.parametrize(
    "credentials",
    [
        {"client_id": "a", "client_secret": "é:% \n"},
        {"client_id": "a", "client_secret": "b", "auth_method": "client_secret_post"},
        {"token": "t"},
        {"token": lambda: "t"},
    ],
)
def test_introspection_takes_one_kind_of_credentials(credentials: dict[str, Any]) -> None:
    made = Introspection(**credentials)
    assert {name: getattr(made, name) for name in credentials} == credentials


def test_the_bounds_themselves_are_good() -> None:
    assert Issuer("https://a.example/", leeway=0).leeway == 0
    assert Issuer("https://a.example/", leeway=300).leeway == 300
    assert KeySetPolicy(fresh_at_least=0, fresh_for=0.001, fresh_at_most=0.001).fresh_for == 0.001
    assert KeySetPolicy(fresh_for=60, fresh_at_least=60, fresh_at_most=60).fresh_for == 60
    assert KeySetPolicy(refresh_at=0.1, jitter=0.09, forced_fetches=0, unknown_kids=0)
    assert UpstreamPolicy(back_off=30, back_off_at_most=30, retries=0, timeout=0.001)
    assert guard(max_token_size=256, max_form_size=256, remembered_tokens=0, template_issuers=1)


def test_a_rule_may_demand_an_answer_alone_or_beside_scopes() -> None:
    assert Rule("/a", introspect_every=0).introspect_every == 0
    assert Rule("/a", introspect_every=86_400).scopes == ()
    assert Rule("/a", scopes=["x"], introspect_every=0).scopes == ("x",)


def test_jwts_may_be_introspected_where_there_is_an_endpoint() -> None:
    introspection = Introspection(token="t")
    for every in (None, 0, 0.5, 86_400):
        made = Issuer(
            "https://a.example/", introspection=introspection, introspect_jwts_every=every
        )
        assert made.introspect_jwts_every == every


def test_one_of_two_introspecting_issuers_is_the_opaque_one() -> None:
    introspection = Introspection(token="t")
    issuers = [Issuer(f"https://{name}.example/", introspection=introspection) for name in "ab"]
    assert guard(issuers=issuers, opaque_issuer="https://b.example/").opaque_issuer
    assert guard(issuers=issuers[:1]).opaque_issuer is None


def test_equal_settings_are_equal() -> None:
    assert guard() == guard()
    assert guard() != guard(realm="b")
    assert Issuer("https://a.example/") == Issuer("https://a.example/", audience=None)
