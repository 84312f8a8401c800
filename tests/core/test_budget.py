"""So many in so long."""

from __future__ import annotations

from bearer_guard._core.budget import Budget


def test_a_budget_is_spent_and_comes_back_as_the_window_slides() -> None:
    budget = Budget()
    assert budget.has(2, 30, 0)
    budget.spend(0)
    budget.spend(10)
    assert not budget.has(2, 30, 10)
    assert not budget.has(2, 30, 29.9)
    assert budget.has(2, 30, 30)
    budget.spend(30)
    assert not budget.has(2, 30, 39.9)
    assert budget.has(2, 30, 40)


def test_looking_spends_nothing() -> None:
    budget = Budget()
    assert all(budget.has(1, 30, 0) for _ in range(5))


def test_a_budget_of_none_has_nothing() -> None:
    assert not Budget().has(0, 30, 0)


def test_what_was_well_spent_is_given_back() -> None:
    budget = Budget()
    budget.spend(0)
    budget.give_back()
    assert budget.has(1, 30, 0)
    budget.give_back()
    budget.spend(1)
    assert not budget.has(1, 30, 1)


def test_the_wait_is_until_the_oldest_leaves_the_window() -> None:
    budget = Budget()
    assert budget.wait(30, 5) == 0
    budget.spend(0)
    budget.spend(20)
    assert budget.wait(30, 20) == 10
    assert budget.wait(30, 100) == 0


def test_memory_is_bounded_by_what_was_spent_within_the_window() -> None:
    budget = Budget()
    for moment in range(1000):
        assert budget.has(2, 1.5, moment)
        budget.spend(moment)
    assert len(budget._spent) <= 2
