"""An authorization server goes away and comes back.

It happens once for each server, to two pairs of applications: one that has its keys, and one
that was never asked anything. The tests then read what was heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from integrations.authorization_servers.launch import AuthorizationServer
from integrations.authorization_servers.protocol import polls

from . import expectations as expected
from .conftest import AtEveryServer, OpenGroup
from .group import Asker, Group, Reply
from .setting_up import discovers_introspection, introspection_path, jwks_path, metadata_path

pytestmark = pytest.mark.servers

LONGEST_WAIT_SECONDS = 15.0


@dataclass
class Heard:
    """What was heard of one outage, step by step."""

    down: dict[str, Reply] = field(default_factory=dict)
    back: dict[str, Reply] = field(default_factory=dict)
    healing: dict[str, list[list[Reply]]] = field(default_factory=dict)
    """Of each application of a group, every reply up to the first that let the token in."""


def live_through_an_outage(server: AuthorizationServer, warm: Group, cold: Group) -> Heard:
    heard = Heard()
    introspects = server.introspection is not None
    seen, unseen = server.token("jwt"), server.token("jwt")
    warm.ask(seen)
    if introspects:
        seen_opaque, unseen_opaque = server.token("opaque"), server.token("opaque")
        warm.ask(seen_opaque)
    server.rotate_keys()
    signed_anew = server.token("jwt")

    server.stop()

    heard.down["warm: a JWT seen before"] = warm.ask(seen)
    heard.down["warm: a JWT never seen"] = warm.ask(unseen)
    heard.down["warm: a JWT signed with a key never seen"] = warm.ask(signed_anew)
    heard.down["warm: a JWT seen before, again"] = warm.ask(seen)
    heard.down["cold: a JWT"] = cold.ask(seen)
    if introspects:
        heard.down["warm: an opaque token seen before"] = warm.ask(seen_opaque)
        heard.down["warm: an opaque token never seen"] = warm.ask(unseen_opaque)
        heard.down["cold: an opaque token"] = cold.ask(unseen_opaque)

    server.start()

    if introspects:
        heard.back["warm: an opaque token never seen"] = warm.ask(unseen_opaque)
        heard.back["cold: an opaque token"] = cold.ask(unseen_opaque)
    heard.healing["warm: a JWT signed with a key never seen"] = [
        ask_until_it_is_let_in(asker, signed_anew) for asker in warm.askers
    ]
    heard.healing["cold: a JWT"] = [
        ask_until_it_is_let_in(asker, signed_anew) for asker in cold.askers
    ]
    heard.back["warm: a JWT seen before"] = warm.ask(seen)
    return heard


def ask_until_it_is_let_in(asker: Asker, token: str) -> list[Reply]:
    replies = []
    for _ in polls(LONGEST_WAIT_SECONDS):
        replies.append(asker.ask(token))
        if replies[-1].status == 200:
            break
    return replies


@pytest.fixture(scope="module")
def _outages(
    at_every_server: AtEveryServer, open_group: OpenGroup
) -> Iterator[Callable[[AuthorizationServer], Heard]]:
    def outage(server: AuthorizationServer) -> Heard:
        with open_group(server) as warm, open_group(server) as cold:
            return live_through_an_outage(server, warm, cold)

    with at_every_server(outage) as lookup:
        yield lookup


@pytest.fixture
def heard(server: AuthorizationServer, _outages: Callable[[AuthorizationServer], Heard]) -> Heard:
    return _outages(server)


def let_in(server: AuthorizationServer, kind: str) -> expected.Verdict:
    return expected.orders_read(server.name, server.issuer, kind)


def test_with_the_keys_at_hand_self_contained_tokens_are_let_in_while_the_server_is_down(
    server_name: str, server: AuthorizationServer, heard: Heard
) -> None:
    for case in (
        "warm: a JWT seen before",
        "warm: a JWT never seen",
        "warm: a JWT seen before, again",
    ):
        heard.down[case].says(let_in(server, "jwt"))


def test_a_key_that_cannot_be_asked_for_is_503_and_not_a_bad_token(
    server_name: str, heard: Heard
) -> None:
    for case in ("warm: a JWT signed with a key never seen", "cold: a JWT"):
        reply = heard.down[case]
        reply.says(expected.UNAVAILABLE)
        assert reply.retry_after == ("1",)
        assert reply.reasons == ("upstream_unreachable",)


@pytest.mark.kinds("opaque")
def test_a_kept_answer_lets_an_opaque_token_in_while_the_server_is_down(
    server: AuthorizationServer, kind: str, heard: Heard
) -> None:
    heard.down["warm: an opaque token seen before"].says(let_in(server, kind))


@pytest.mark.kinds("opaque")
def test_an_opaque_token_never_seen_is_503_with_retry_after_while_the_server_is_down(
    kind: str, heard: Heard
) -> None:
    for case in ("warm: an opaque token never seen", "cold: an opaque token"):
        reply = heard.down[case]
        reply.says(expected.UNAVAILABLE)
        assert reply.retry_after == ("1",)
        assert reply.reasons == ("upstream_unreachable",)


@pytest.mark.kinds("opaque")
def test_the_first_opaque_token_after_the_outage_is_let_in_with_one_introspection(
    server: AuthorizationServer, kind: str, heard: Heard
) -> None:
    asked = {introspection_path(server): 1}
    warm, cold = (
        heard.back[case] for case in ("warm: an opaque token never seen", "cold: an opaque token")
    )
    for reply in (warm, cold):
        reply.says(let_in(server, kind))
    assert warm.upstream == asked
    assert cold.upstream == asked | (
        {metadata_path(server): 1} if discovers_introspection(server) else {}
    )


def test_a_new_key_is_found_after_the_outage_with_one_fetch_and_no_help(
    server_name: str, server: AuthorizationServer, heard: Heard
) -> None:
    for case, asked in (
        ("warm: a JWT signed with a key never seen", {jwks_path(server): 1}),
        ("cold: a JWT", {metadata_path(server): 1, jwks_path(server): 1}),
    ):
        for *not_yet, healed in heard.healing[case]:
            for reply in not_yet:
                # The back-off after the failed fetch is not over.
                reply.says(expected.UNAVAILABLE)
                assert reply.upstream == {}
            healed.says(let_in(server, "jwt"))
            assert healed.upstream == asked


def test_tokens_of_the_previous_key_pass_after_the_outage_too(
    server_name: str, server: AuthorizationServer, heard: Heard
) -> None:
    reply = heard.back["warm: a JWT seen before"]
    reply.says(let_in(server, "jwt"))
    assert reply.upstream == {}
