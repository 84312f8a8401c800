"""A client that many use: made when it is needed, closed when nobody uses it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bearer_guard._upstream.lent import Lent


class Client:
    is_open = True

    def end(self) -> None:
        self.is_open = False


@pytest.fixture
def made() -> list[Client]:
    return []


@pytest.fixture
def lent(made: list[Client]) -> Lent[Client]:
    def make() -> Client:
        made.append(Client())
        return made[-1]

    return Lent(make, Client.end)


def test_it_is_made_by_its_first_use_and_kept(lent: Lent[Client], made: list[Client]) -> None:
    assert made == []
    for _ in range(3):
        with lent.use() as client:
            assert client is made[0]
    assert len(made) == 1
    assert made[0].is_open


def test_closed_it_is_made_anew_by_the_next_use(lent: Lent[Client], made: list[Client]) -> None:
    lent.close()
    lent.ready()
    lent.close()
    lent.close()
    with lent.use() as client:
        assert client.is_open
    assert [each.is_open for each in made] == [False, True]


def test_let_go_it_is_closed_at_once_where_nobody_uses_it(
    lent: Lent[Client], made: list[Client]
) -> None:
    with lent.use():
        pass
    lent.let_go()
    assert not made[0].is_open


def test_let_go_it_is_closed_by_the_last_who_uses_it(
    lent: Lent[Client], made: list[Client]
) -> None:
    with lent.use() as first:
        with lent.use() as second:
            lent.let_go()
            assert first.is_open
        assert second is first
        assert first.is_open
    assert not first.is_open
    assert made == [first]


def test_whoever_comes_after_it_was_let_go_closes_what_he_had_made(
    lent: Lent[Client], made: list[Client]
) -> None:
    """A flight that waited for a thread, when its guard was forgotten."""
    lent.let_go()
    with lent.use() as client:
        assert client.is_open
    assert not client.is_open


def test_what_fails_uses_it_no_more(lent: Lent[Client], made: list[Client]) -> None:
    with pytest.raises(OSError), lent.use():
        raise OSError
    lent.let_go()
    assert not made[0].is_open


def test_a_client_that_cannot_be_made_is_tried_again() -> None:
    tries: list[int] = []

    def make() -> Client:
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        return Client()

    lent = Lent(make, Client.end)
    with pytest.raises(OSError), lent.use():
        raise AssertionError("not reached")
    with lent.use() as client:
        lent.let_go()
        assert client.is_open
    assert not client.is_open


def in_time(work: Any) -> bool:
    """Whether *work* is over, in a thread that may hang: then it is left there."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(5)
    return not thread.is_alive()


def test_the_collector_may_let_go_of_it_while_the_same_thread_makes_it() -> None:
    made: list[Client] = []

    def make() -> Client:
        lent.let_go()  # where an allocation may start the collector
        made.append(Client())
        return made[-1]

    lent = Lent(make, Client.end)

    def use() -> None:
        with lent.use() as client:
            assert client.is_open

    assert in_time(use)
    assert [client.is_open for client in made] == [False]


def test_to_let_go_waits_for_no_lock(lent: Lent[Client], made: list[Client]) -> None:
    """Whoever holds it, making a client, may wait for a lock of whoever lets go."""
    with lent.use() as client:
        with lent._lock:
            assert in_time(lent.let_go)
        assert client.is_open
    assert not client.is_open


def test_a_forked_process_makes_its_own_and_leaves_the_parents_open(
    lent: Lent[Client], made: list[Client]
) -> None:
    with lent.use():
        pass
    lent._lock.acquire()  # by a thread that does not come along
    lent.after_fork()
    with lent.use() as client:
        assert client is made[1]
    lent.close()
    assert [each.is_open for each in made] == [True, False]
