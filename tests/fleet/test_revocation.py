"""What one worker knows to be revoked."""

from __future__ import annotations

import json
import threading

import pytest

from bearer_guard import AccessToken, Guard, Issuer
from bearer_guard._core.revocation import Revocation, Revoked

DIGEST, OTHER = b"d" * 32, b"o" * 32


def token(subject: str | None = "alice", **claims: object) -> AccessToken:
    return AccessToken("https://i/", subject, None, (), frozenset(), 1e9, None, json.dumps(claims))


def test_nothing_is_revoked_at_first() -> None:
    revoked = Revoked(5)
    assert not revoked.any
    assert not revoked.covers(DIGEST, token())


def test_a_token_is_revoked_by_its_digest() -> None:
    revoked = Revoked(5)
    revoked.add(Revocation(until=10, digest=DIGEST), now=0)
    assert revoked.any
    assert revoked.covers(DIGEST, token())
    assert not revoked.covers(OTHER, token())


@pytest.mark.parametrize(("issued", "covered"), [(99, True), (100, True), (100.5, False)])
def test_a_subjects_tokens_are_revoked_by_when_they_were_issued(
    issued: float, covered: bool
) -> None:
    revoked = Revoked(5)
    revoked.add(Revocation(until=1e9, issuer="https://i/", subject="alice", before=100), now=0)
    assert revoked.covers(OTHER, token(iat=issued)) is covered


@pytest.mark.parametrize("claims", [{}, {"iat": "99"}, {"iat": None}])
def test_a_token_that_does_not_say_when_may_be_from_before(claims: dict[str, object]) -> None:
    revoked = Revoked(5)
    revoked.add(Revocation(until=1e9, issuer="https://i/", subject="alice", before=100), now=0)
    assert revoked.covers(OTHER, token(**claims))


def test_a_subject_is_one_issuers_own() -> None:
    revoked = Revoked(5)
    revoked.add(Revocation(until=1e9, issuer="https://other/", subject="alice", before=100), now=0)
    revoked.add(Revocation(until=1e9, issuer="https://i/", subject="bob", before=100), now=0)
    assert not revoked.covers(OTHER, token(iat=1))
    assert not revoked.covers(OTHER, token(None, iat=1))


def test_the_later_of_two_words_on_a_subject_counts_in_either_order() -> None:
    words = [
        Revocation(until=1e9, issuer="https://i/", subject="alice", before=before)
        for before in (100, 200)
    ]
    for order in (words, words[::-1]):
        revoked = Revoked(5)
        for word in order:
            revoked.add(word, now=0)
        assert revoked.covers(OTHER, token(iat=150))


def test_what_is_known_already_is_no_news() -> None:
    revoked = Revoked(5)
    token_itself = Revocation(until=10, digest=DIGEST)
    subject = Revocation(until=10, issuer="https://i/", subject="alice", before=100)
    for news in (token_itself, token_itself._replace(until=11)):
        assert [revoked.add(news, now=0) for _ in range(2)] == [True, False]
    for news in (subject, subject._replace(before=200)):
        assert [revoked.add(news, now=0) for _ in range(2)] == [True, False]
    assert not revoked.add(subject, now=0)


def test_it_travels_as_json() -> None:
    for one in (
        Revocation(until=10, digest=DIGEST),
        Revocation(until=10, issuer="https://i/", subject="alice", before=5),
    ):
        assert Revocation.of_document(json.loads(json.dumps(one.document()))) == one


def test_there_is_room_for_so_many_and_what_ends_first_goes_first() -> None:
    revoked = Revoked(2)
    for number, until in enumerate((30, 10, 20)):
        revoked.add(Revocation(until=until, digest=bytes([number])), now=0)
    assert len(revoked) == 2
    covered = [revoked.covers(bytes([number]), token()) for number in range(3)]
    assert covered == [True, False, True]


def test_what_is_over_goes_before_anything_else() -> None:
    revoked = Revoked(2)
    revoked.add(Revocation(until=10, digest=DIGEST), now=0)
    revoked.add(Revocation(until=12, issuer="https://i/", subject="alice", before=5), now=0)
    revoked.add(Revocation(until=30, digest=OTHER), now=15)
    assert len(revoked) == 1
    assert revoked.covers(OTHER, token(iat=1))
    assert not revoked.covers(DIGEST, token(iat=1))


def test_a_shorter_word_on_a_token_takes_nothing_from_a_longer_one() -> None:
    for order in ((100, 10), (10, 100)):
        revoked = Revoked(1)
        for until in order:
            revoked.add(Revocation(until=until, digest=DIGEST), now=0)
        revoked.add(Revocation(until=50, digest=OTHER), now=20)
        assert revoked.covers(DIGEST, token())


def test_of_two_words_on_a_subject_the_longer_and_the_later_count() -> None:
    word = Revocation(until=100, issuer="https://i/", subject="alice", before=100)
    for order in (
        (word, word._replace(until=10, before=200)),
        (word._replace(until=10, before=200), word),
    ):
        revoked = Revoked(1)
        for one in order:
            revoked.add(one, now=0)
        revoked.add(Revocation(until=50, digest=OTHER), now=20)
        assert revoked.covers(DIGEST, token(iat=150))


def test_what_two_threads_learn_at_once_is_all_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application revokes in one, the fleet's log is read in another."""
    guard = Guard(audience="a", issuers=[Issuer("https://i/")])
    equipment = guard._authenticator.equipment
    others: list[threading.Thread] = []
    tidy = Revoked._tidy

    def interrupted(revoked: Revoked, now: float) -> None:
        if not others:
            late = Revocation(until=5e9, digest=OTHER)
            others.append(threading.Thread(target=equipment.learn, args=(late,)))
            others[0].start()
            others[0].join(0.05)
            assert others[0].is_alive(), "it waits for its turn"
        tidy(revoked, now)

    monkeypatch.setattr(Revoked, "_tidy", interrupted)
    monkeypatch.setattr(equipment.revoked, "_size", 1)
    for number in range(2):
        equipment.learn(Revocation(until=4e9 + number, digest=bytes([number])))
    others[0].join(10)
    assert equipment.revoked.covers(OTHER, token())
