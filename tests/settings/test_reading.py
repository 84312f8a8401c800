"""Settings as plain data: one schema, and one set of messages."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bearer_guard import (
    Guard,
    Introspection,
    Issuer,
    KeySetPolicy,
    Rule,
    SettingsError,
    Shared,
    UpstreamPolicy,
    beyond_identity,
)
from bearer_guard.settings import GuardSettings
from bearer_guard.testing import HandClock
from settings.plain import WAYS, Way, is_plain
from settings.wrong import GOOD, WRONG, Wrong, by_option

# Options that plain data writes otherwise than Python: as nested data, or not at all.
_OTHERWISE = {
    *("issuers", "rules", "introspection", "key_set", "upstream", "shared", "expand_scopes"),
}
SAME = [
    wrong
    for wrong in WRONG
    if wrong.option not in _OTHERWISE and is_plain(wrong.options, with_none=True)
]
WHERE = {
    GuardSettings: "",
    Issuer: "issuers[0]: ",
    Introspection: "issuers[0].introspection: ",
    KeySetPolicy: "issuers[0].key_set: ",
    UpstreamPolicy: "issuers[0].upstream: ",
    Rule: "rules[0]: ",
    Shared: "shared: ",
}


def placed(wrong: Wrong) -> dict[str, Any]:
    """The wrong options where they belong, among good ones."""
    options = dict(wrong.options)
    document: dict[str, Any] = {"audience": "api", "issuers": [{"issuer": "https://a.example/"}]}
    if wrong.cls is GuardSettings:
        return {**document, **options}
    if wrong.cls is Shared:
        return {**document, "shared": {**GOOD[Shared], **options}}
    if wrong.cls is Rule:
        return {**document, "rules": [{**GOOD[Rule], **options}]}
    if wrong.cls is Issuer:
        return {**document, "issuers": [{**GOOD[Issuer], **options}]}
    nested = {Introspection: "introspection", KeySetPolicy: "key_set", UpstreamPolicy: "upstream"}
    inner = {nested[wrong.cls]: {**GOOD[wrong.cls], **options}}
    return {**document, "issuers": [{**GOOD[Issuer], **inner}]}


OPTIONS = by_option(SAME)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_setting_has_the_same_sentence_however_it_is_written(
    way: str, option: str, tmp_path: Path
) -> None:
    rows = OPTIONS[option]
    if way == "TOML":
        rows = [wrong for wrong in rows if is_plain(wrong.options, with_none=False)]
    answered = {}
    for wrong in rows:
        with pytest.raises(SettingsError) as refused:
            GuardSettings(**WAYS[way](placed(wrong), tmp_path))
        answered[str(wrong)] = str(refused.value)
    assert answered == {str(wrong): WHERE[wrong.cls] + wrong.message for wrong in rows}


def test_every_class_has_such_rows() -> None:
    assert {wrong.cls for wrong in SAME} == set(WHERE)
    assert len(SAME) > 400


WHOLE: dict[str, Any] = {
    "audience": ["https://api.example.com", "api"],
    "required_scopes": ["openid"],
    "public": ["/health", "/docs/**"],
    "rules": [
        {"path": "/orders/**", "methods": ["GET"], "scopes": ["orders:read"]},
        {"path": "/orders/**", "any_scope": ["orders:write", "admin"]},
        {"path": "/payments", "introspect_every": 0},
    ],
    "preflight": False,
    "realm": "orders",
    "resource_metadata": "https://api.example.com/.well-known/oauth-protected-resource",
    "opaque_issuer": "https://login.example.com/",
    "query_parameter": True,
    "form_parameter": True,
    "websocket_protocol": "bearer",
    "websocket_renewal": True,
    "end_streams_at_expiry": True,
    "max_token_size": 8192,
    "max_form_size": 1024,
    "remembered_tokens": 0,
    "template_issuers": 7,
    "log_records": 3,
    "log_window": 60,
    "shared": {
        "store": "redis://localhost:6379/0",
        "secret": "32 characters that nobody guesses",
        "prefix": "orders",
        "timeout": 1,
        "pause": 2,
        "revocations_every": 3,
        "revocations": 100,
    },
    "issuers": [
        {
            "issuer": "https://login.example.com/",
            "audience": ["other-name"],
            "algorithms": ["ES256", "EdDSA"],
            "profile": "rfc9068",
            "metadata_uri": "https://login.example.com/metadata",
            "clients_instead_of_audience": ["client-1"],
            "required_claims": {"token_use": ["access"]},
            "claims_if_present": {"tid": ["a", "b"]},
            "scope_claims": ["permissions"],
            "scope_may_be_list": True,
            "client_id_claims": ["cid"],
            "client_id_form": "last_path_segment",
            "grant_claims": ["tier"],
            "leeway": 0.5,
            "alias": "login",
            "introspection": {
                "endpoint": "https://login.example.com/introspect",
                "client_id": "api",
                "client_secret": "s3cret",
                "auth_method": "client_secret_post",
                "cache_for": 5,
                "cache_inactive_for": 1,
                "cached_answers": 9,
                "grace_for": 30,
                "concurrent_calls": 8,
                "waiting_calls": 0,
                "failures_to_suspend": 3,
            },
            "introspect_jwts_every": 30,
            "key_set": {
                "fresh_for": 300,
                "fresh_at_least": 30,
                "fresh_at_most": 3000,
                "refresh_at": 0.5,
                "jitter": 0.1,
                "usable_stale_for": 60,
                "forced_fetches": 3,
                "forced_fetch_window": 10,
                "unknown_kid_memory": 20,
                "unknown_kids": 5,
                "failed_newcomers": 4,
            },
            "upstream": {
                "connect_timeout": 1,
                "timeout": 3,
                "max_answer": 4096,
                "retries": 2,
                "back_off": 2,
                "back_off_at_most": 20,
            },
        },
        {
            "issuer": "https://apps.example.com/{application}",
            "parts": {"application": ["a", "b"]},
            "jwks_uri": "https://apps.example.com/{application}/keys",
            "introspection": {"endpoint": "https://apps.example.com/i", "token": "t0ken"},
        },
    ],
}


def whole() -> GuardSettings:
    """The same in Python."""
    first, second = WHOLE["issuers"]
    nested = {
        "introspection": Introspection(**first["introspection"]),
        "key_set": KeySetPolicy(**first["key_set"]),
        "upstream": UpstreamPolicy(**first["upstream"]),
    }
    issuers = [
        Issuer(**{**first, **nested}),
        Issuer(**{**second, "introspection": Introspection(**second["introspection"])}),
    ]
    rules = [Rule(**rule) for rule in WHOLE["rules"]]
    shared = Shared(**WHOLE["shared"])
    return GuardSettings(**{**WHOLE, "issuers": issuers, "rules": rules, "shared": shared})


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_same_settings_come_of_every_way(way: Way, tmp_path: Path) -> None:
    assert GuardSettings(**way(WHOLE, tmp_path)) == whole()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_issuer_of_several_may_be_a_mere_string(way: Way, tmp_path: Path) -> None:
    issuers = [{"issuer": "https://a.example.com/", "leeway": 1}, "https://plain.example.com/"]
    read = GuardSettings(**way({"audience": "api", "issuers": issuers}, tmp_path))
    assert read.issuers == (
        Issuer("https://a.example.com/", leeway=1),
        Issuer("https://plain.example.com/"),
    )


def test_the_example_sets_every_option() -> None:
    """No option is forgotten by the reader: each is set here, to what is not its default."""
    said: dict[type, dict[str, Any]] = {cls: {} for cls in GOOD}
    said[GuardSettings] = {**WHOLE, "expand_scopes": None}
    for issuer in WHOLE["issuers"]:
        said[Issuer].update(issuer)
        said[Introspection].update(issuer["introspection"])
    for rule in WHOLE["rules"]:
        said[Rule].update(rule)
    said[KeySetPolicy] = WHOLE["issuers"][0]["key_set"]
    said[UpstreamPolicy] = WHOLE["issuers"][0]["upstream"]
    said[Shared] = WHOLE["shared"]
    for cls, options in said.items():
        fields = {field.name: field for field in dataclasses.fields(cls)}
        assert set(options) == set(fields)
        for name, value in options.items():
            assert value != fields[name].default or name == "expand_scopes", (cls, name)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"audiense": "a"}, "audiense is not an option: did you mean audience?"),
        (
            {"verify": False},
            (
                "verify is not an option: the options are audience, issuers, required_scopes, "
                "public, rules, preflight, realm, resource_metadata, opaque_issuer, "
                "query_parameter, form_parameter, websocket_protocol, websocket_renewal, "
                "end_streams_at_expiry, expand_scopes, max_token_size, max_form_size, "
                "remembered_tokens, template_issuers, log_records, log_window, shared"
            ),
        ),
        ({"http_client": "x"}, "http_client is not an option: the options are audience, "),
        ({"issuers": []}, "issuers is empty, so no token could be let in: write issuers="),
        (
            {"issuers": [{"issuer": "https://a.example/", "leewey": 3}]},
            "issuers[0].leewey is not an option: did you mean leeway?",
        ),
        (
            {"issuers": ["https://a.example/", {"issuer": "https://b.example/", "key_sett": {}}]},
            "issuers[1].key_sett is not an option: did you mean key_set?",
        ),
        ({"issuers": [{"leeway": 3}]}, "issuers[0].issuer is missing: write it"),
        ({"issuers": [5]}, "issuers[0] must be a mapping with the options of Issuer"),
        ({"issuers": 5}, "issuers must be a list"),
        (
            {"issuers": [{"issuer": "https://a.example/", "key_set": 5}]},
            "issuers[0].key_set must be a mapping with the options of KeySetPolicy",
        ),
        (
            {"issuers": [{"issuer": "https://a.example/", "upstream": "5"}]},
            "issuers[0].upstream must be a mapping with the options of UpstreamPolicy",
        ),
        (
            {"issuers": [{"issuer": "https://a.example/", "introspection": True}]},
            "issuers[0].introspection must be a mapping with the options of Introspection",
        ),
        (
            {"issuers": [{"issuer": "https://a.example/", "introspection": {"secret": "s3cret"}}]},
            "issuers[0].introspection.secret is not an option: did you mean client_secret?",
        ),
        (
            {"issuers": [{"issuer": "https://a.example/", "key_set": {"fresh": 5}}]},
            "issuers[0].key_set.fresh is not an option: ",
        ),
        ({"rules": 5}, "rules must be a list"),
        ({"rules": "/a"}, "rules[0] must be a mapping with the options of Rule"),
        ({"rules": [{"scopes": ["a"]}]}, "rules[0].path is missing: write it"),
        ({"rules": [{"path": "/a", "scope": "a"}]}, "rules[0].scope is not an option: did you"),
    ],
)  # fmt: skip
def test_what_is_unknown_missing_or_misplaced_is_named_by_its_place(
    way: Way, changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        GuardSettings(
            **way({"audience": "a", "issuers": ["https://a.example/"], **changes}, tmp_path)
        )
    assert str(refused.value).startswith(message)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("option", ["issuers", "rules"])
def test_what_must_be_a_list_is_answered_with_an_example_here_too(option: str) -> None:
    """As in Python: a message says what to write."""
    document = {"audience": "a", "issuers": ["https://a.example/"], option: 5}
    with pytest.raises(SettingsError, match=rf"^{option} must be a list: write "):
        Guard.from_mapping(document)


@pytest.mark.parametrize("needed", ["audience", "issuers"])
def test_what_is_needed_is_said_to_be_missing(needed: str) -> None:
    document: dict[str, Any] = {"audience": "a", "issuers": ["https://a.example/"]}
    del document[needed]
    with pytest.raises(SettingsError, match=f"^{needed} is missing: write it into the settings$"):
        Guard.from_mapping(document)


@pytest.mark.parametrize("value", [None, [], "a", 5])
def test_only_a_mapping_is_read(value: Any) -> None:
    with pytest.raises(SettingsError, match=r'^the settings must be a mapping: {"audience": …'):
        Guard.from_mapping(value)


def test_a_mapping_may_hold_ready_made_objects() -> None:
    """As in Django's settings, which are Python."""
    issuer = Issuer("https://a.example/")
    nested = {
        "issuer": "https://b.example/",
        "introspection": Introspection(token=lambda: "t"),
        "key_set": KeySetPolicy(fresh_for=300),
        "upstream": UpstreamPolicy(timeout=1),
    }
    rule = Rule("/a", scopes=("a",))
    with Guard.from_mapping(
        {"audience": "a", "issuers": (issuer, nested), "rules": (rule,)}
    ) as guard:
        assert guard.settings.issuers[0] is issuer
        assert guard.settings.issuers[1] == Issuer(**nested)
        assert guard.settings.rules == (rule,)


def test_an_issuer_may_be_one_string() -> None:
    with Guard.from_mapping({"audience": "a", "issuers": "https://a.example/"}) as guard:
        assert guard.settings.issuers == (Issuer("https://a.example/"),)


def test_more_arguments_are_those_that_plain_data_cannot_hold(tmp_path: Path) -> None:
    clock = HandClock()
    document = {"audience": "a", "issuers": ["https://a.example/"]}
    path = tmp_path / "a.toml"
    path.write_text('audience = "a"\nissuers = ["https://a.example/"]')
    environ = {"BEARER_GUARD_AUDIENCE": "a", "BEARER_GUARD_ISSUERS": "https://a.example/"}

    def expand(scopes: frozenset[str]) -> frozenset[str]:
        return scopes

    for make in (
        lambda: Guard.from_mapping(document, clock=clock, expand_scopes=expand),
        lambda: Guard.from_toml(path, clock=clock, expand_scopes=expand),
        lambda: Guard.from_toml(str(path), clock=clock, expand_scopes=expand),
        lambda: Guard.from_environment(environ, clock=clock, expand_scopes=expand),
    ):
        with make() as guard:
            assert guard.settings.expand_scopes is expand
    with pytest.raises(TypeError, match="multiple values for keyword argument 'audience'"):
        Guard.from_mapping(document, audience="b")


def test_a_subclass_is_made_by_its_own_readers() -> None:
    class Ours(Guard):
        pass

    with Ours.from_mapping({"audience": "a", "issuers": "https://a.example/"}) as guard:
        assert type(guard) is Ours


# TOML


def test_a_toml_file_may_hold_other_tables_too(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[other]\nx = 1\n\n[bearer_guard]\naudience = "a"\n\n'
        '[[bearer_guard.issuers]]\nissuer = "https://a.example/"\nleeway = 5\n\n'
        '[[bearer_guard.rules]]\npath = "/a"\nscopes = ["x"]\n'
    )
    with Guard.from_toml(path) as guard:
        assert guard.settings.issuers == (Issuer("https://a.example/", leeway=5),)
        assert guard.settings.rules == (Rule("/a", scopes=("x",)),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"audience = ", "cannot be read as TOML: Invalid value"),
        (b'a = "\xff"', "cannot be read as TOML: 'utf-8' codec can't decode byte"),
        (b"bearer_guard = 5", ": bearer_guard must be a table, [bearer_guard]"),
        (b"[[bearer_guard]]\naudience = 5", ": bearer_guard must be a table, [bearer_guard]"),
        (None, "cannot be read as TOML: [Errno 2] No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        Guard.from_toml(path)
    said = str(refused.value)
    assert said.startswith(str(path))
    assert message in said
    assert refused.value.__cause__ is None


# The environment


def from_environ(**variables: str) -> GuardSettings:
    needed = {"BEARER_GUARD_AUDIENCE": "a", "BEARER_GUARD_ISSUERS": "https://a.example/"}
    with Guard.from_environment({**needed, **variables}) as guard:
        return guard.settings


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEARER_GUARD_AUDIENCE", "https://api.example.com")
    monkeypatch.setenv("BEARER_GUARD_ISSUERS", '["https://a.example/", "https://b.example/"]')
    with Guard.from_environment() as guard:
        assert guard.settings.audience == ("https://api.example.com",)
        assert [issuer.issuer for issuer in guard.settings.issuers] == [
            "https://a.example/",
            "https://b.example/",
        ]


@pytest.mark.parametrize(
    ("written", "read"),
    [("orders", "orders"), ('"orders"', "orders"), ('"30"', "30"), ("{x", "{x"), ("a b", "a b")],
)
def test_a_value_that_is_no_json_is_a_string(written: str, read: str) -> None:
    assert from_environ(BEARER_GUARD_REALM=written).realm == read


def test_json_is_read_as_json() -> None:
    settings = from_environ(
        BEARER_GUARD_PUBLIC='["/a", "/b"]',
        BEARER_GUARD_PREFLIGHT="false",
        BEARER_GUARD_MAX_TOKEN_SIZE="1024",
        BEARER_GUARD_RULES='[{"path": "/c", "scopes": ["x"]}]',
    )
    assert settings.public == ("/a", "/b")
    assert (settings.preflight, settings.max_token_size) == (False, 1024)
    assert settings.rules == (Rule("/c", scopes=("x",)),)


def test_numbers_lead_into_lists_in_their_order() -> None:
    variables = {
        f"BEARER_GUARD_RULES__{at}__PATH": f"/rule-{at}" for at in (10, 2, 0, 1, 9, 11)
    } | {f"BEARER_GUARD_RULES__{at}__SCOPES": "x" for at in (10, 2, 0, 1, 9, 11)}
    settings = from_environ(**variables)
    assert [rule.path for rule in settings.rules] == [f"/rule-{at}" for at in (0, 1, 2, 9, 10, 11)]


def test_an_entry_in_json_may_be_completed_by_variables() -> None:
    with Guard.from_environment(
        {
            "BEARER_GUARD_AUDIENCE": "a",
            "BEARER_GUARD_ISSUERS__0": '{"issuer": "https://a.example/", "leeway": 5}',
            "BEARER_GUARD_ISSUERS__0__LEEWAY": "7",
            "BEARER_GUARD_ISSUERS__0__KEY_SET__FRESH_FOR": "300",
        }
    ) as guard:
        key_set = KeySetPolicy(fresh_for=300)
        assert guard.settings.issuers == (Issuer("https://a.example/", leeway=7, key_set=key_set),)


@pytest.mark.parametrize("whole", ["https://a.example/", '["https://a.example/"]', "5"])
def test_a_variable_cannot_lead_into_what_another_gives_whole(whole: str) -> None:
    with pytest.raises(SettingsError) as refused:
        from_environ(BEARER_GUARD_ISSUERS=whole, BEARER_GUARD_ISSUERS__0__LEEWAY="5")
    assert str(refused.value) == (
        "BEARER_GUARD_ISSUERS__0__LEEWAY goes into an option that another variable gives whole"
    )


def test_an_unknown_variable_is_an_unknown_option() -> None:
    with pytest.raises(SettingsError, match=r"^audiense is not an option: did you mean audience\?"):
        from_environ(BEARER_GUARD_AUDIENSE="a")
    with pytest.raises(SettingsError, match=r"^ is not an option: the options are audience, "):
        from_environ(BEARER_GUARD_="a")


# Variables that stand for a string


@pytest.fixture
def variable(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    def make(value: str) -> dict[str, str]:
        monkeypatch.setenv("SOME_VALUE", value)
        return {"env": "SOME_VALUE"}

    return make


def test_a_string_may_be_kept_in_a_variable(variable: Callable[[str], dict[str, str]]) -> None:
    secret = variable("s3cret")
    entry = {
        "issuer": "https://a.example/",
        "introspection": {"client_id": "api", "client_secret": secret},
    }
    with Guard.from_mapping({"audience": secret, "issuers": [entry]}) as guard:
        assert guard.settings.audience == ("s3cret",)
        introspection = guard.settings.issuers[0].introspection
        assert introspection is not None
        assert introspection.client_secret == "s3cret"


def test_issuers_may_be_one_variable(variable: Callable[[str], dict[str, str]]) -> None:
    issuers = variable("https://a.example/")
    with Guard.from_mapping({"audience": "a", "issuers": issuers}) as guard:
        assert guard.settings.issuers == (Issuer("https://a.example/"),)


def test_any_string_may_be_a_variable_within_a_list_too(
    variable: Callable[[str], dict[str, str]],
) -> None:
    value = variable("https://a.example/")
    with Guard.from_mapping({"audience": ["api", value], "issuers": [value]}) as guard:
        assert guard.settings.audience == ("api", "https://a.example/")
        assert guard.settings.issuers == (Issuer("https://a.example/"),)


def test_any_string_may_be_a_variable_within_a_mapping_too(
    variable: Callable[[str], dict[str, str]],
) -> None:
    entry = {"issuer": "https://a.example/", "required_claims": {"tenant": variable("t1")}}
    with Guard.from_mapping({"audience": "a", "issuers": [entry]}) as guard:
        assert guard.settings.issuers[0].required_claims == {"tenant": ("t1",)}


@pytest.mark.parametrize("name", ["NOT_SET_ANYWHERE", 5, None])
def test_a_variable_that_is_not_set_is_named_with_its_place(name: Any) -> None:
    entry = {"issuer": "https://a.example/", "introspection": {"token": {"env": name}}}
    with pytest.raises(SettingsError) as refused:
        Guard.from_mapping({"audience": "a", "issuers": [entry]})
    assert str(refused.value) == (
        f"issuers[0].introspection.token is read from the variable {name}, which is not set: set it"
    )


# Presets

BEYOND = {"preset": "beyond_identity", "tenant": "t1", "realm": "r1"}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_preset_is_named_in_plain_data(way: Way, tmp_path: Path) -> None:
    entry = {
        **BEYOND,
        "region": "eu",
        "applications": ["a"],
        "client_id": "api",
        "client_secret": "s3cret",
        "leeway": 5,
    }
    found = way({"audience": "a", "issuers": [entry]}, tmp_path)["issuers"]
    options = {name: value for name, value in entry.items() if name != "preset"}
    assert found == [beyond_identity(**options)]  # type: ignore[arg-type]


def test_a_presets_secret_may_be_kept_in_a_variable(
    variable: Callable[[str], dict[str, str]],
) -> None:
    entry = {**BEYOND, "token": variable("t0ken")}
    with Guard.from_mapping({"audience": "a", "issuers": [entry]}) as guard:
        assert guard.settings.issuers == (beyond_identity("t1", "r1", token="t0ken"),)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_preset_takes_every_option_of_an_issuer_as_plain_data(way: Way, tmp_path: Path) -> None:
    entry = {**BEYOND, "key_set": {"fresh_for": 300}, "upstream": {"timeout": 1}}
    found = way({"audience": "a", "issuers": [entry]}, tmp_path)["issuers"]
    key_set, upstream = KeySetPolicy(fresh_for=300), UpstreamPolicy(timeout=1)
    assert found == [beyond_identity("t1", "r1", key_set=key_set, upstream=upstream)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({**BEYOND, "preset": "auth0"}, "issuers[0].preset is 'auth0': write one of beyond_identity"),
        ({**BEYOND, "preset": 5}, "issuers[0].preset is 5: write one of beyond_identity"),
        ({**BEYOND, "preset": ["a"]}, "issuers[0].preset is ['a']: write one of beyond_identity"),
        ({**BEYOND, "tenant": "t/1"}, "issuers[0]: tenant is 't/1': write the id, as in the console's address"),
        ({**BEYOND, "region": "mars"}, "issuers[0]: region is 'mars': write one of us, eu, us-gov"),
        ({**BEYOND, "region": ["us"]}, "issuers[0]: region is ['us']: write one of us, eu, us-gov"),
        ({**BEYOND, "leeway": 301}, "issuers[0]: leeway must be a number of seconds from 0 to 300"),
        ({**BEYOND, "client_id": "a"}, "issuers[0]: introspection needs this API's own credentials: "),
        ({**BEYOND, "leewey": 3}, "issuers[0].leewey is not an option: did you mean leeway?"),
        ({"preset": "beyond_identity", "tenant": "t1"}, "issuers[0].realm is missing: write it"),
        ({**BEYOND, "token": {"env": "NOT_SET"}}, "issuers[0].token is read from the variable NOT_SET, "),
        ({**BEYOND, "parts": {"application": ["a"]}}, "issuers[0].parts is not an option: "),
    ],
)  # fmt: skip
def test_a_wrong_preset_is_answered_as_any_issuer_is(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Guard.from_mapping({"audience": "a", "issuers": [entry]})
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize("option", ["required_claims", "claims_if_present"])
def test_a_variable_that_names_a_claim_keeps_its_letters(option: str) -> None:
    """Claim names are case-sensitive (RFC 7519 section 4): under another name, a claim that must
    be ours where it is present is never present, and every token passes."""
    environ = {
        "BEARER_GUARD_AUDIENCE": "a",
        "BEARER_GUARD_ISSUERS__0__ISSUER": "https://a.example/",
        f"BEARER_GUARD_ISSUERS__0__{option.upper()}__tenantId": "t1",
    }
    with Guard.from_environment(environ) as guard:
        assert getattr(guard.settings.issuers[0], option) == {"tenantId": ("t1",)}


def test_only_plain_digits_lead_into_a_list() -> None:
    with pytest.raises(SettingsError):
        Guard.from_environment(
            {"BEARER_GUARD_AUDIENCE": "a", "BEARER_GUARD_ISSUERS__²__ISSUER": "https://a.example/"}
        )
