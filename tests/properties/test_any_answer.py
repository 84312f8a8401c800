"""Any introspection answer is an answer, a refused token or a failure of the server."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from bearer_guard import AccessToken, BearerError
from bearer_guard._core import story
from bearer_guard._core.introspection import Answer, read_answer
from bearer_guard._core.trust import Trust
from bearer_guard.errors import InvalidToken
from bearer_guard.exchange import Reply, UpstreamFailure
from bearer_guard.settings import GuardSettings, Issuer
from core.making import AUDIENCE, ISSUER, NOW, claims
from core.seen import Seen
from core.stage import INTROSPECTION
from properties.guarding import guarded
from properties.making import json_objects
from properties.searching import examples, mostly

BODIES = mostly(
    json_objects({"active": True, **claims()}).map(str.encode),
    json_objects({"active": False, "error": "unsupported_token_type"}).map(str.encode),
    st.binary(max_size=40),
)
TYPES = st.sampled_from(
    [
        *("application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/json"),
        *("application/token-introspection+jwt", "application/problem+json", "text/html", "", ";"),
    ]
)
HEADERS = mostly(st.just({}), TYPES.map(lambda found: {"content-type": found}))
STATUSES = mostly(st.just(200), st.sampled_from([204, 301, 400, 401, 403, 404, 429, 500, 503]))
REPLIES = st.builds(Reply, STATUSES, HEADERS, BODIES)
HUGE = json.dumps({"active": True, **claims()}).replace("1800000300.0", "1" + "0" * 400).encode()


def test_any_reply_gives_an_answer_a_refused_token_or_an_upstream_failure() -> None:
    """INT-04, INT-05, INT-07: and only a JSON ``true`` makes it an answer."""
    rules = Trust(GuardSettings(audience=AUDIENCE, issuers=[Issuer(ISSUER)])).exact[ISSUER].rules
    ends: list[type] = []

    @examples(150)
    @given(REPLIES)
    def search(reply: Reply) -> None:
        try:
            answer = read_answer(reply)
        except (InvalidToken, UpstreamFailure) as error:
            ends.append(type(error))
            return
        assert isinstance(answer, Answer)
        assert reply.status == 200
        assert json.loads(answer.payload)["active"] is True
        assert None not in answer.claims.values()
        ends.append(judged(answer))

    def judged(answer: Answer) -> type:
        try:
            return type(story.judge_answer(answer, rules, NOW))
        except InvalidToken as error:
            return type(error)

    search()
    for end in (AccessToken, InvalidToken, UpstreamFailure):
        assert ends.count(end) > 5


def test_any_body_that_a_server_sends_ends_in_an_access_token_or_a_bearer_error() -> None:
    """HTTP-13: the whole way, through the store that keeps answers; each twice."""
    assert INTROSPECTION.cache_for > 0
    with guarded() as (guard, server):
        ends: list[type] = []

        @examples(60)
        @example(HUGE)
        @given(BODIES)
        def search(body: bytes) -> None:
            token = server.opaque()
            server.introspection_answer(token, body)
            for _ in range(2):
                try:
                    found = guard.authenticate(Seen(authorization=[f"Bearer {token}".encode()]))
                    ends.append(type(found))
                except BearerError as error:
                    ends.append(type(error))

        search()
        assert ends.count(AccessToken) > 10
