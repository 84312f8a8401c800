"""Every kind of token that every server makes, before warm applications."""

from __future__ import annotations

import pytest

from integrations.authorization_servers.launch import AuthorizationServer

from . import expectations as expected
from .group import ORDER, Group
from .setting_up import introspection_path
from .tampering import with_flipped_bit

pytestmark = pytest.mark.servers


def cost_of_first_sight(server: AuthorizationServer, token: str) -> dict[str, int]:
    """A JWT is checked with the keys at hand; all else is asked about, once."""
    if token.count(".") == 2 or server.introspection is None:
        return {}
    return {introspection_path(server): 1}


def test_every_kind_has_a_verdict(server_name: str, server: AuthorizationServer) -> None:
    verdicts = [
        *expected.GOOD,
        *expected.OTHER_SCOPE,
        *expected.REFUSED,
        *expected.REVOKED_BUT_SELF_CONTAINED,
    ]
    assert len(set(verdicts)) == len(verdicts)
    assert set(server.kinds()) <= set(verdicts)


@pytest.mark.kinds(*expected.GOOD)
def test_a_good_token_is_let_in_and_the_handler_sees_who_calls(
    server: AuthorizationServer, warm_apps: Group, kind: str, token: str
) -> None:
    read = warm_apps.ask(token)
    read.says(expected.orders_read(server.name, server.issuer, kind))
    assert read.reasons == ()
    assert read.upstream == cost_of_first_sight(server, token)
    written = warm_apps.ask(token, "POST")
    written.says(expected.order_written(server.name, server.issuer, kind, ORDER))
    assert written.upstream == {}


@pytest.mark.kinds(*expected.OTHER_SCOPE)
def test_a_good_token_with_other_scopes_is_told_which_scope_the_route_needs(
    server: AuthorizationServer, warm_apps: Group, token: str
) -> None:
    read = warm_apps.ask(token)
    read.says(expected.too_little("orders:read"))
    assert read.reasons == ("scope_insufficient",)
    assert read.upstream == cost_of_first_sight(server, token)
    written = warm_apps.ask(token, "POST")
    written.says(expected.too_little("orders:write"))
    assert written.upstream == {}


@pytest.mark.kinds(*expected.REFUSED)
def test_a_token_of_this_kind_is_refused_at_every_route_and_asked_about_once_at_most(
    server: AuthorizationServer, warm_apps: Group, kind: str, token: str
) -> None:
    reasons = (expected.reason(server.name, kind),)
    first = warm_apps.ask(token)
    first.says(expected.refusal(kind))
    assert first.reasons == reasons
    assert first.upstream == cost_of_first_sight(server, token)
    for method, path in (("GET", "/orders"), ("POST", "/orders"), ("GET", "/unknown")):
        again = warm_apps.ask(token, method, path)
        again.says(expected.refusal(kind))
        assert again.reasons == reasons
        assert again.upstream == {}


@pytest.mark.kinds(*expected.REVOKED_BUT_SELF_CONTAINED)
def test_a_revoked_self_contained_token_is_let_in_until_it_expires_since_nobody_is_asked(
    server: AuthorizationServer, warm_apps: Group, kind: str, token: str
) -> None:
    read = warm_apps.ask(token)
    read.says(expected.orders_read(server.name, server.issuer, kind))
    assert read.upstream == {}


@pytest.mark.kinds(*expected.GOOD_JWTS)
def test_one_flipped_bit_of_the_signature_is_refused(
    server: AuthorizationServer, warm_apps: Group, kind: str, token: str
) -> None:
    reply = warm_apps.ask(with_flipped_bit(token))
    reply.says(expected.INVALID)
    if server.name == "django_oauth_toolkit":
        # Its tokens name no key, so it may be one that is not published yet: see key rotation.
        assert reply.reasons == ("key_unknown",)
    else:
        assert reply.reasons == ("signature_invalid",)
        assert reply.upstream == {}
    warm_apps.ask(token).says(expected.orders_read(server.name, server.issuer, kind))


def test_no_token_is_challenged_without_an_error(warm_apps: Group) -> None:
    reply = warm_apps.ask(None)
    reply.says(expected.NO_TOKEN)
    assert reply.reasons == ("token_missing",)
    assert reply.upstream == {}


def test_the_public_route_needs_no_token_and_looks_at_none(warm_apps: Group) -> None:
    for token in (None, "unread.made-up.token"):
        reply = warm_apps.ask(token, path="/health")
        reply.says(expected.Verdict(200, {"status": "ok"}))
        assert (reply.reasons, reply.upstream) == ((), {})
