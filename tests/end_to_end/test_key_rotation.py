"""The servers sign with new keys, and publish the previous ones on, or not."""

from __future__ import annotations

import pytest

from integrations.authorization_servers.launch import AuthorizationServer
from integrations.authorization_servers.protocol import polls

from . import expectations as expected
from .conftest import MakeGroup
from .group import Asker
from .setting_up import jwks_path, metadata_path
from .tampering import with_flipped_bit

pytestmark = pytest.mark.servers

# The budget for unknown keys is two fetches in 30 s; here a slow machine cannot outlast it.
LONG_WINDOW = {"forced_fetch_window": 600}
# So short that the guard asks for the keys again within the second.
SHORT_LIVED = {"fresh_for": 1, "fresh_at_least": 0, "fresh_at_most": 1}
LONGEST_WAIT_SECONDS = 10.0


def test_a_rotation_costs_one_key_set_fetch_and_a_withdrawn_key_lets_nobody_in_after_it(
    server_name: str, server: AuthorizationServer, make_group: MakeGroup
) -> None:
    group = make_group(key_set=LONG_WINDOW)
    let_in = expected.orders_read(server.name, server.issuer, "jwt")
    oldest = server.token("jwt")
    first = group.ask(oldest)
    first.says(let_in)
    assert first.upstream == {metadata_path(server): 1, jwks_path(server): 1}

    server.rotate_keys()

    old = server.token("jwt")
    new_key = group.ask(old)
    new_key.says(let_in)
    assert new_key.upstream == {jwks_path(server): 1}
    for kind in kinds_with_keys_of_their_own(server):
        # Their keys are new too, and came with the same fetch.
        same_fetch = group.ask(server.token(kind))
        same_fetch.says(expected.orders_read(server.name, server.issuer, kind))
        assert same_fetch.upstream == {}
    still_published = group.ask(oldest)
    still_published.says(let_in)
    assert still_published.upstream == {}

    server.rotate_keys(keep_previous=False)

    not_yet_noticed = group.ask(old)
    not_yet_noticed.says(let_in)
    assert not_yet_noticed.upstream == {}
    newest = server.token("jwt")
    noticed = group.ask(newest)
    noticed.says(let_in)
    assert noticed.upstream == {jwks_path(server): 1}
    for token in (old, oldest, old):
        withdrawn = group.ask(token)
        withdrawn.says(expected.INVALID)
        assert withdrawn.reasons == ("key_unknown",)
        # Each may be signed with a still newer key, but the two fetches are spent.
        assert withdrawn.upstream == {}
    group.ask(newest).says(let_in)


def kinds_with_keys_of_their_own(server: AuthorizationServer) -> list[str]:
    return [kind for kind in server.kinds() if kind in ("jwt_ps256", "jwt_es256", "jwt_eddsa")]


# One whose key set says that it is fresh for an hour, and one whose does not say.
@pytest.mark.parametrize("server_name", ["django_oauth_toolkit", "authlib_server"])
def test_a_withdrawn_key_lets_nobody_in_after_the_routine_refresh_though_no_new_token_came(
    server_name: str, server: AuthorizationServer, make_group: MakeGroup
) -> None:
    group = make_group(key_set=SHORT_LIVED)
    let_in = expected.orders_read(server.name, server.issuer, "jwt")
    old = server.token("jwt")
    group.ask(old).says(let_in)

    server.rotate_keys(keep_previous=False)

    new = server.token("jwt")
    for asker in group.askers:
        ask_until_it_is_refused(asker, old)
        asker.ask(new).says(let_in)


def ask_until_it_is_refused(asker: Asker, token: str) -> None:
    for _ in polls(LONGEST_WAIT_SECONDS):
        reply = asker.ask(token)
        if reply.status != 200:
            reply.says(expected.INVALID)
            assert reply.reasons == ("key_unknown",)
            return
    pytest.fail("the key was never withdrawn")


@pytest.mark.parametrize("server_name", ["django_oauth_toolkit"])
def test_tampered_tokens_without_a_key_id_cost_two_fetches_and_good_ones_pass_meanwhile(
    server_name: str, server: AuthorizationServer, make_group: MakeGroup
) -> None:
    group = make_group(key_set=LONG_WINDOW)
    good = server.token("jwt")
    let_in = expected.orders_read(server.name, server.issuer, "jwt")
    group.ask(good).says(let_in)
    # Any key may have signed it, one that is not published yet as well.
    spent = {jwks_path(server): 1}
    for bit, fetches in enumerate((spent, spent, {}, {}, {})):
        tampered = group.ask(with_flipped_bit(good, bit))
        tampered.says(expected.INVALID)
        assert tampered.upstream == fetches
        meanwhile = group.ask(good)
        meanwhile.says(let_in)
        assert meanwhile.upstream == {}
