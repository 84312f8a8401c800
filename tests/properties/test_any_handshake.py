"""Whatever subprotocols a WebSocket offers, and whatever it says once it is open."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from contextlib import suppress

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bearer_guard import AccessToken, BearerError, Request
from core.seen import Seen
from properties.guarding import guarded
from properties.searching import examples
from properties.test_any_request import LIMIT_SECONDS, MONSTERS, ODD_TOKENS

URL = "wss://api.example.com/chat"


def carrying(token: bytes) -> bytes:
    return b"bearer.token." + urlsafe_b64encode(token).rstrip(b"=")


OFFERS = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"bearer", b"chat.v1", b"bearer.token.", b"", b" ", b","]),
    ODD_TOKENS.map(carrying),
    ODD_TOKENS.map(lambda token: b"bearer.token." + token),
)
LINES = st.lists(st.lists(OFFERS, max_size=3).map(b", ".join), max_size=3)


class Handshake(Seen):
    url = URL

    def __init__(self, lines: list[bytes]) -> None:
        super().__init__()
        self._lines[b"sec-websocket-protocol"] = lines


def test_any_handshake_ends_in_an_access_token_or_a_bearer_error() -> None:
    with guarded() as (guard, server):
        statuses: set[int] = set()

        @examples(150)
        @given(LINES)
        def search(lines: list[bytes]) -> None:
            try:
                guard.authenticate(Handshake(lines))
            except BearerError as error:
                statuses.add(guard.refusal(error).status)

        search()
        assert statuses == {400, 401}
        good = carrying(server.jwt().encode())
        assert isinstance(guard.authenticate(Handshake([good])), AccessToken)


@pytest.mark.parametrize("name", MONSTERS)
def test_no_offer_costs_much_time(name: str) -> None:
    with guarded() as (guard, _):
        for line in (MONSTERS[name], b"bearer.token." + MONSTERS[name], carrying(MONSTERS[name])):
            before = time.thread_time()
            with pytest.raises(BearerError):
                guard.authenticate(Handshake([line]))
            assert time.thread_time() - before < LIMIT_SECONDS


def test_any_message_renews_or_is_refused_or_is_the_applications() -> None:
    with guarded() as (guard, server):
        token = guard.authenticate(Seen(authorization=[b"Bearer " + server.jwt().encode()]))
        opened = Request("GET", URL)
        renewals = ODD_TOKENS.map(lambda token: "bearer_guard.renew " + token.decode("latin-1"))

        @examples(60)
        @given(st.lists(st.one_of(st.text(max_size=30), renewals), min_size=1, max_size=4))
        def search(messages: list[str]) -> None:
            anyio.run(every, messages)

        async def every(messages: list[str]) -> None:
            for message in messages:
                with suppress(BearerError):
                    assert await guard.renew_async(token, opened, message) is None
                    assert not message.startswith("bearer_guard.renew ")

        search()
