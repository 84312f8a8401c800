"""Secrets stay where they were put: in no representation, message, log or traceback text."""

from __future__ import annotations

import logging
import pprint
import traceback
from pathlib import Path
from typing import Any

import pytest

from bearer_guard import (
    BearerError,
    Guard,
    Introspection,
    Issuer,
    Request,
    SettingsError,
    beyond_identity,
)
from bearer_guard.settings import GuardSettings
from bearer_guard.testing import AuthorizationServer
from settings.plain import WAYS, Way

SECRET = "s3cret-that-nobody-sees"
CREDENTIALS: list[dict[str, Any]] = [
    {"client_id": "api", "client_secret": SECRET},
    {"token": SECRET},
]


@pytest.mark.parametrize("credentials", CREDENTIALS)
def test_no_representation_shows_a_secret(credentials: dict[str, Any]) -> None:
    introspection = Introspection("https://a.example/introspect", **credentials)
    issuer = Issuer("https://a.example/", introspection=introspection)
    settings = GuardSettings(audience="a", issuers=[issuer])
    preset = beyond_identity("t", "r", **credentials)
    with Guard(audience="a", issuers=[issuer]) as guard:
        for thing in (introspection, issuer, settings, preset, guard, guard.settings):
            for text in (repr(thing), str(thing), f"{thing}", pprint.pformat(thing)):
                assert SECRET not in text


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "nowhere"},
        {"endpoint": "http://a.example/"},
        {"endpiont": "https://a.example/"},
        {"auth_method": "none"},
        {"cache_for": "long"},
        {"client_id": 5},
        {"token": "another", "client_id": "b"},
    ],
)
def test_no_message_shows_a_secret(
    way: Way, credentials: dict[str, Any], wrong: dict[str, Any], tmp_path: Path
) -> None:
    introspection = {**credentials, **wrong}
    document = {
        "audience": "a",
        "issuers": [{"issuer": "https://a.example/", "introspection": introspection}],
    }
    with pytest.raises(SettingsError) as refused:
        GuardSettings(**way(document, tmp_path))
    # A server's log shows the whole chain of errors, with the source lines of each.
    assert SECRET not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("value", [[SECRET], {"a": SECRET}, SECRET.encode(), {"env": SECRET + "!"}])
def test_a_secret_of_the_wrong_kind_is_not_shown_either(value: Any) -> None:
    """Except by whoever writes it as the name of a variable: that is a name, and is told."""
    introspection = {"client_id": "api", "client_secret": value}
    document = {
        "audience": "a",
        "issuers": [{"issuer": "https://a.example/", "introspection": introspection}],
    }
    with pytest.raises(SettingsError) as refused:
        Guard.from_mapping(document)
    assert (SECRET in str(refused.value)) == (value == {"env": SECRET + "!"})


def test_a_password_in_an_issuers_address_is_not_shown() -> None:
    for options in (
        {"issuer": f"https://user:{SECRET}@a.example/"},
        {"issuer": f"http://user:{SECRET}@a.example/"},
        {"issuer": "https://a.example/", "jwks_uri": f"https://user:{SECRET}@a.example/keys"},
        {"issuer": "https://a.example/", "metadata_uri": f"https://user:{SECRET}@a.example/"},
    ):
        with pytest.raises(SettingsError) as refused:
            Issuer(**options)
        assert SECRET not in str(refused.value)


@pytest.mark.parametrize("credentials", CREDENTIALS)
def test_no_refusal_and_no_log_record_shows_a_secret(
    credentials: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The endpoint refuses them, which is loud in the log, and says why without the what."""
    server = AuthorizationServer(issuer="https://login.example.com/")
    introspection = Introspection(server.url("/introspect"), **credentials)
    issuer = Issuer(server.issuer, introspection=introspection)
    with (
        caplog.at_level(logging.DEBUG),
        server.http_client() as client,
        Guard(audience=server.audience, issuers=[issuer], http_client=client) as guard,
    ):
        request = Request(headers={"Authorization": f"Bearer {server.opaque()}"})
        with pytest.raises(BearerError) as refused:
            guard.authenticate(request)
        refusal = guard.refusal(refused.value)
    assert refused.value.reason == "introspection_credentials_refused"
    told = "".join(traceback.format_exception(refused.value)) + repr(refusal)
    told += "".join(repr(vars(record)) for record in caplog.records)
    assert SECRET not in told


def test_a_function_that_fails_to_give_a_token_tells_only_its_kind_of_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = AuthorizationServer(issuer="https://login.example.com/")

    def token() -> str:
        raise LookupError(SECRET)

    introspection = Introspection(server.url("/introspect"), token=token)
    issuer = Issuer(server.issuer, introspection=introspection)
    with (
        caplog.at_level(logging.DEBUG),
        server.http_client() as client,
        Guard(audience=server.audience, issuers=[issuer], http_client=client) as guard,
    ):
        request = Request(headers={"Authorization": f"Bearer {server.opaque()}"})
        with pytest.raises(BearerError) as refused:
            guard.authenticate(request)
        guard.refusal(refused.value)
    assert refused.value.details["error"] == "LookupError"
    assert SECRET not in "".join(repr(vars(record)) for record in caplog.records)
