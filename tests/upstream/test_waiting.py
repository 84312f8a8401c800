"""Waiting for a flight: in a thread, on asyncio, on trio."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

import anyio
import pytest
import trio

from bearer_guard._upstream import waiting
from bearer_guard._upstream.waiting import wait, wait_async

LONG = 10.0
Run = Callable[..., Any]


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run an async function to its end on one of the event loops."""
    backend = "trio" if request.param == "trio" else "asyncio"
    options = {"use_uvloop": request.param == "uvloop"} if backend == "asyncio" else {}

    def run_on(function: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        return anyio.run(function, *arguments, backend=backend, backend_options=options)

    return run_on


def landed(result: int = 1) -> Future[int]:
    future: Future[int] = Future()
    future.set_result(result)
    return future


def landing_in_another_thread(future: Future[int]) -> threading.Thread:
    thread = threading.Thread(target=future.set_result, args=(1,))
    thread.start()
    return thread


def test_a_thread_waits_until_the_flight_lands() -> None:
    future: Future[int] = Future()
    thread = landing_in_another_thread(future)
    assert wait(future, LONG)
    thread.join()


def test_a_thread_waits_no_longer_than_its_patience() -> None:
    before = time.monotonic()
    assert not wait(Future(), 0.01)
    assert not wait(Future(), -1)
    assert time.monotonic() - before < LONG
    assert wait(landed(), -1)


def test_a_task_waits_until_the_flight_lands(run: Run) -> None:
    async def main() -> bool:
        future: Future[int] = Future()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, future.set_result, 1)
            return await wait_async(future, LONG)

    assert run(main)


def test_a_task_finds_what_landed_before(run: Run) -> None:
    assert run(wait_async, landed(), LONG)
    assert run(wait_async, landed(), -1)


def test_a_task_waits_no_longer_than_its_patience(run: Run) -> None:
    before = time.monotonic()
    assert run(wait_async, Future(), 0.01) is False
    assert run(wait_async, Future(), -1) is False
    assert time.monotonic() - before < LONG


def test_two_hundred_tasks_wake_by_one_landing(run: Run) -> None:
    woken: list[bool] = []

    async def main() -> None:
        future: Future[int] = Future()

        async def one() -> None:
            woken.append(await wait_async(future, LONG))

        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            landing_in_another_thread(future).join()

    run(main)
    assert woken == [True] * 200


def test_a_failed_flight_has_landed_too(run: Run) -> None:
    future: Future[int] = Future()
    future.set_exception(KeyError())
    assert run(wait_async, future, LONG)


def test_no_wake_up_is_lost_in_a_race(run: Run) -> None:
    async def main() -> int:
        count = 0
        for _ in range(200):
            future: Future[int] = Future()
            thread = landing_in_another_thread(future)
            count += await wait_async(future, LONG)
            thread.join()
        return count

    before = time.monotonic()
    assert run(main) == 200
    assert time.monotonic() - before < LONG


def test_who_is_cancelled_leaves_the_flight_in_the_air(run: Run) -> None:
    future: Future[int] = Future()
    after: list[bool] = []

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                tasks.start_soon(others)
                tasks.start_soon(cancel, scope)
                await wait_async(future, LONG)
            assert scope.cancelled_caught
            assert not future.cancelled()
            assert not future.done()
            landing_in_another_thread(future).join()

    async def others() -> None:
        after.append(await wait_async(future, LONG))

    async def cancel(scope: anyio.CancelScope) -> None:
        await anyio.wait_all_tasks_blocked()
        scope.cancel()

    run(main)
    assert after == [True]


def test_a_landing_after_the_loop_is_gone_troubles_nobody(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    future: Future[int] = Future()
    run(wait_async, future, 0.01)
    future.set_result(1)
    assert caplog.records == [], "concurrent.futures logs what its callbacks raise"


def test_who_waited_in_vain_leaves_nothing_at_a_flight_that_hangs(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(waiting, "_waker", lambda action: lambda: woken.append(1))
    future: Future[int] = Future()

    async def main() -> None:
        for _ in range(100):
            assert not await wait_async(future, 0)

    run(main)
    # Nothing else tells how many there are.
    assert len(future._done_callbacks) == 1  # type: ignore[attr-defined]
    future.set_result(1)
    assert woken == []


def test_the_loop_is_not_held_up_meanwhile(run: Run) -> None:
    future: Future[int] = Future()
    turns: list[int] = []

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_async, future, LONG)
            await anyio.wait_all_tasks_blocked()
            for turn in range(100):
                await anyio.lowlevel.checkpoint()
                turns.append(turn)
            future.set_result(1)

    run(main)
    assert len(turns) == 100


def test_a_plain_asyncio_task_can_be_cancelled_without_anyio() -> None:
    future: Future[int] = Future()

    async def main() -> None:
        task = asyncio.create_task(wait_async(future, LONG))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not future.done()


def test_a_plain_trio_task_waits_without_anyio() -> None:
    async def main() -> bool:
        future: Future[int] = Future()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, future.set_result, 1)
            return await wait_async(future, LONG)

    assert trio.run(main)
