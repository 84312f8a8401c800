"""A token that one worker revoked is refused by all, however its signature is spelled."""

from __future__ import annotations

import pytest

from fleet.workers import Workers, refuses, verdict
from patience import soon
from running.twins import ECDSA, twin


@pytest.mark.parametrize("algorithm", ECDSA)
def test_other_workers_refuse_both_spellings_of_a_revoked_token(
    workers: Workers, algorithm: str
) -> None:
    token = workers.server.jwt(algorithm=algorithm)
    other = twin(token, algorithm)
    first, remembers_the_token, remembers_the_twin = workers.new(3)
    assert verdict(first, token) == "let in"
    assert verdict(remembers_the_token, token) == "let in"
    assert verdict(remembers_the_twin, other) == "let in"
    assert first.revoke(token)
    for guard in (remembers_the_twin, remembers_the_token):
        assert soon(refuses(guard, other))
        assert verdict(guard, token) == "401 token_revoked"
    (late,) = workers.new()
    assert verdict(late, workers.server.jwt(algorithm=algorithm)) == "let in"
    assert soon(refuses(late, other))
