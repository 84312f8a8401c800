"""Where an issuer's keys are (RFC 8414, OpenID Connect Discovery 1.0), stepped by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bearer_guard import KeySetPolicy
from bearer_guard._core.metadata import Metadata, addresses, discover
from bearer_guard.exchange import UpstreamFailure
from key_life.stepping import reply, run, urls

POLICY = KeySetPolicy()
ISSUER = "https://login.example.com/realms/r"
APPENDED = "https://login.example.com/realms/r/.well-known/openid-configuration"
INSERTED = "https://login.example.com/.well-known/oauth-authorization-server/realms/r"
DOCUMENT = {"issuer": ISSUER, "jwks_uri": "https://keys.example.com/r"}


def discovered(document: Any, issuer: str = ISSUER) -> Metadata:
    return run(discover(issuer, "https://m.example.com/", POLICY), reply(document))[1]


def refused(document: Any, issuer: str = ISSUER) -> UpstreamFailure:
    with pytest.raises(UpstreamFailure) as caught:
        discovered(document, issuer)
    return caught.value


@pytest.mark.parametrize(
    ("issuer", "appended", "inserted"),
    [
        (ISSUER, APPENDED, INSERTED),
        (ISSUER + "/", APPENDED, INSERTED),
        (
            "https://h:8443",
            "https://h:8443/.well-known/openid-configuration",
            "https://h:8443/.well-known/oauth-authorization-server",
        ),
        (
            "https://h/",
            "https://h/.well-known/openid-configuration",
            "https://h/.well-known/oauth-authorization-server",
        ),
    ],
)
def test_there_are_two_well_known_places(issuer: str, appended: str, inserted: str) -> None:
    """OpenID Connect Discovery section 4.1 appends, RFC 8414 section 3.1 inserts."""
    assert addresses(issuer) == (appended, inserted)


def test_the_second_place_is_not_asked_when_the_first_has_it() -> None:
    calls, found = run(discover(ISSUER, None, POLICY), reply(DOCUMENT))
    assert urls(calls) == [APPENDED]
    assert found == Metadata("https://keys.example.com/r", None, 600)
    assert (calls[0].method, dict(calls[0].headers), calls[0].body) == (
        "GET",
        {"accept": "application/json"},
        b"",
    )


@pytest.mark.parametrize(
    "first",
    [
        reply(status=404),
        reply(b"<html>an app that answers everything</html>"),
        reply({**DOCUMENT, "issuer": "https://login.example.com/realms/other"}),
        reply(DOCUMENT, status=302, headers={"location": INSERTED}),
        reply({"issuer": ISSUER}),
    ],
)
def test_a_place_without_this_issuers_metadata_is_passed_over(first: Any) -> None:
    calls, found = run(discover(ISSUER, None, POLICY), first, reply(DOCUMENT))
    assert urls(calls) == [APPENDED, INSERTED]
    assert found.jwks_uri == DOCUMENT["jwks_uri"]


def test_without_metadata_at_either_place_it_is_a_failure() -> None:
    with pytest.raises(UpstreamFailure) as caught:
        run(discover(ISSUER, None, POLICY), reply(status=404), reply(status=404))
    assert (caught.value.reason, caught.value.details) == ("metadata_unusable", {"status": 404})


def test_a_server_that_cannot_be_reached_is_not_asked_at_its_other_place() -> None:
    with pytest.raises(UpstreamFailure, match="upstream_unreachable"):
        run(discover(ISSUER, None, POLICY), UpstreamFailure("upstream_unreachable"))


def test_metadata_that_the_settings_place_is_asked_for_there_alone() -> None:
    errand = discover(ISSUER, "https://m.example.com/", POLICY)
    with pytest.raises(UpstreamFailure, match="metadata_unusable"):
        run(errand, reply(status=500))


@pytest.mark.parametrize("named", [None, "https://login.example.com/realms/r/", "", 7, [ISSUER]])
def test_another_issuers_document_is_never_used(named: Any) -> None:
    """RFC 8414 section 3.3: identical, or the document MUST NOT be used."""
    failure = refused({**DOCUMENT, "issuer": named})
    assert (failure.reason, failure.details) == (
        "metadata_issuer_mismatch",
        {"expected": ISSUER, "named": named},
    )


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"\xff", b'{"issuer":1,"issuer":2}'])
def test_what_is_not_one_json_object_is_no_metadata(document: bytes) -> None:
    failure = refused(document)
    assert (failure.reason, failure.details) == (
        "metadata_unusable",
        {"problem": "not one JSON object"},
    )


@pytest.mark.parametrize(
    "address",
    [
        *(None, 7, "", "keys", "ftp://h/keys", "http://keys.example.com/", "https://h/k#f"),
        *("https://u:p@h/", "https://a b/"),
    ],
)
def test_keys_are_fetched_from_a_plain_https_address_alone(address: Any) -> None:
    failure = refused({**DOCUMENT, "jwks_uri": address})
    assert (failure.reason, failure.details) == ("metadata_unusable", {"member": "jwks_uri"})


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.8", "169.254.169.254", "[::1]", "[fd00::1]", "[::ffff:127.0.0.1]"),
        *("localhost", "keys.localhost"),
    ],
)
def test_a_document_from_outside_sends_nobody_inside(host: str) -> None:
    failure = refused({**DOCUMENT, "jwks_uri": f"https://{host}/keys"})
    assert failure.details == {"member": "jwks_uri"}


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1"])
def test_nor_does_it_by_an_old_spelling_of_a_loopback_address(host: str) -> None:
    """The resolver takes each of these for 127.0.0.1."""
    refused({**DOCUMENT, "jwks_uri": f"https://{host}/keys"})


def test_an_issuer_inside_may_point_inside() -> None:
    inside = "http://127.0.0.1:9"
    document = {"issuer": inside, "jwks_uri": "http://localhost:9/keys"}
    assert discovered(document, inside).jwks_uri == "http://localhost:9/keys"
    inside = "https://10.0.0.8"
    document = {"issuer": inside, "jwks_uri": "https://10.0.0.8:1/keys"}
    assert discovered(document, inside).jwks_uri == "https://10.0.0.8:1/keys"


def test_the_introspection_endpoint_is_optional_and_checked_like_the_keys() -> None:
    assert discovered({**DOCUMENT, "introspection_endpoint": None}).introspection_endpoint is None
    endpoint = "https://login.example.com/introspect"
    found = discovered({**DOCUMENT, "introspection_endpoint": endpoint})
    assert found.introspection_endpoint == endpoint
    odd = discovered({**DOCUMENT, "introspection_endpoint": "http://h/"})
    assert odd.introspection_endpoint is None


def test_metadata_is_as_fresh_as_its_answer_says() -> None:
    answer = reply(DOCUMENT, headers={"cache-control": "max-age=90"})
    assert run(discover(ISSUER, None, POLICY), answer)[1].fresh_for == 90
