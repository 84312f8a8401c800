"""The soak's judge: what it calls right, and that it calls nothing right that is not.

Moments are seconds on a scale of their own; nothing runs here. The soak itself is run by ``make
soak``, and a short one by ``.ci/run``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from soak import numbers, report
from soak.authorities import Authority, Key, Outage, Token
from soak.faults import Api, Span
from soak.judging import BAD, FORGED, Answered, Judge
from soak.report import Found, Memory

SETTLED, RECOVERED = numbers.SETTLED, numbers.RECOVERED


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    """Its first key was published at moment 0; nothing of it is started."""
    authority = Authority("a", tmp_path)
    authority.signs_with.published_at = 0
    yield authority
    authority.close()


def good(authority: Authority) -> Token:
    return authority.jwt()


def says(token: Token) -> tuple[str, str]:
    assert token.authority is not None
    return token.subject, token.authority.issuer


def answered(token: Token, status: int | None, at: float, worker: int = 1) -> Answered:
    told = says(token) if status == 200 and token.authority else None
    return Answered("gunicorn", token, at, at + 0.01, status, worker, told)


def right(
    token: Token, at: float, *before: Answered, killed: tuple[float, ...] = ()
) -> set[int | None]:
    """The statuses that are right for a request at that moment, by worker 1."""
    judge = Judge(before, {"gunicorn": killed})
    statuses = (None, 200, 400, 401, 403, 500, 503)
    return {status for status in statuses if judge.is_right(answered(token, status, at))}


@pytest.mark.parametrize(("kind", "status"), BAD.items())
def test_what_is_bad_by_itself_has_one_answer_even_in_an_outage(
    authority: Authority, kind: str, status: int
) -> None:
    authority.outages.append(Outage(10))
    assert right(authority.jwt(kind), 11) == {status}
    assert right(Token(None, "no token"), 11) == {401}


@pytest.mark.parametrize("kind", sorted(FORGED))
def test_what_is_forged_is_401_or_in_an_outage_503_and_never_let_in(
    authority: Authority, kind: str
) -> None:
    assert right(authority.jwt(kind), 1) == {401}
    authority.outages.append(Outage(10, 12))
    assert right(authority.jwt(kind), 11) == {401, 503}
    assert right(authority.jwt(kind), 12 + RECOVERED + 0.1) == {401}


def test_a_good_token_is_let_in_and_nothing_else(authority: Authority) -> None:
    assert right(good(authority), 1) == {200}


def test_nobody_is_taken_for_somebody_else(authority: Authority) -> None:
    token, other = good(authority), good(authority)
    judge = Judge([], {"gunicorn": ()})
    assert judge.is_right(answered(token, 200, 1))
    assert not judge.is_right(replace(answered(token, 200, 1), says=says(other)))
    assert not judge.is_right(replace(answered(token, 200, 1), says=None))


def test_a_withdrawn_key_dies_within_the_time_that_changes_take(authority: Authority) -> None:
    token = good(authority)
    authority.signs_with.withdrawn_at = 20
    assert right(token, 19) == {200}
    assert right(token, 20 + SETTLED - 0.1) == {200, 401}
    assert right(token, 20 + SETTLED + 0.1) == {401}


def test_or_after_the_outage_in_which_nobody_could_learn_of_it(authority: Authority) -> None:
    token = good(authority)
    authority.signs_with.withdrawn_at = 20
    authority.outages += [Outage(22, 30), Outage(31)]
    assert 200 in right(token, 60), "the second one is not over"
    authority.outages[1].ended = 70
    assert 200 in right(token, 70 + SETTLED - 0.1)
    assert right(token, 70 + SETTLED + 0.1) == {401}


def test_in_an_outage_nobody_can_tell_of_a_key_that_the_worker_has_not(
    authority: Authority,
) -> None:
    token = good(authority)
    authority.outages.append(Outage(10, 12))
    assert right(token, 11) == {200, 503}
    assert right(token, 11, answered(token, 200, 5, worker=2)) == {200, 503}
    assert right(token, 12 + RECOVERED + 0.1) == {200}


def test_a_worker_that_has_the_key_has_to_let_the_token_in(authority: Authority) -> None:
    authority.outages.append(Outage(10, 12))
    assert right(good(authority), 11, answered(good(authority), 200, 5)) == {200}


def test_unless_it_was_withdrawn_and_the_worker_may_know_that(authority: Authority) -> None:
    token = good(authority)
    authority.signs_with.withdrawn_at = 9
    authority.outages.append(Outage(10, 12))
    assert right(token, 11, answered(token, 200, 5)) == {200, 401, 503}


def test_a_key_that_is_not_published_yet_opens_nothing(authority: Authority) -> None:
    authority.signs_with = Key("new", authority.signs_with.private, 50)
    assert right(authority.jwt(), 40) == set()
    assert right(authority.jwt(), 51) == {200}


def test_a_revoked_token_is_let_in_for_as_long_as_answers_are_kept(authority: Authority) -> None:
    (token,) = authority.opaque(1)
    assert right(token, 1) == {200}
    token.revoked_at = 20
    last = 20 + numbers.ANSWERS_KEPT + SETTLED
    assert right(token, 20.5) == {200, 401}
    assert right(token, last + 0.1) == {401}
    authority.outages.append(Outage(last))
    assert right(token, last + 0.1) == {401, 503}


def test_no_answer_is_right_only_where_a_worker_was_just_killed(authority: Authority) -> None:
    token = good(authority)
    assert None not in right(token, 10, killed=(5.0, 11.0))
    assert None in right(token, 10, killed=(9.5,))


def found(*seen: Answered) -> Found:
    memory = [Memory("gunicorn", 2**26, 2**27)]
    spans = [Span("a fault", 0, 1, 2, 3)]
    api = Api("gunicorn", process=None, port=0)  # nothing is started here
    return Found(seen, spans, [api], {"a": Counter(jwks=3)}, 60, memory, memory)


def everything(authority: Authority) -> list[Answered]:
    """One of each kind that a soak has to have seen, by which it can be good."""
    authority.outages.append(Outage(10, 12))
    token = good(authority)
    refused = answered(authority.jwt("forged"), 401, 1)
    return [answered(token, 200, 1), refused, answered(token, 503, 11, worker=2)]


def test_a_soak_is_good_when_nothing_was_wrong(authority: Authority) -> None:
    assert found(*everything(authority)).is_good()


def test_one_wrong_verdict_or_one_500_spoils_it(authority: Authority) -> None:
    seen = everything(authority)
    wrong = answered(authority.jwt("forged"), 200, 1)
    assert found(*seen, wrong).wrong() == [wrong]
    assert not found(*seen, wrong).is_good()
    assert not found(*seen, answered(good(authority), 500, 1)).is_good()


def test_a_soak_that_saw_too_little_proves_nothing(authority: Authority) -> None:
    seen = everything(authority)
    for missing in range(3):
        assert not found(*seen[:missing], *seen[missing + 1 :]).is_good()


def test_the_report_has_all_its_counts(authority: Authority) -> None:
    seen = everything(authority)
    wrong = answered(authority.jwt("forged"), 200, 1)
    text = "\n".join(report.lines(found(*seen, wrong)))
    for line in (
        "4 requests in 60 s: 2 were 200, 1 were 401, 1 were 503",
        "wrong verdicts: 1",
        "500s: 0",
        "gunicorn: 200 after 0.01 s",
        "a                  0         3        0",
        "a fault                -       10 / 10  -",
        "gunicorn            64 to 128 MiB  64 to 128 MiB",
    ):
        assert line in text
