"""What comes from kopf's thread: in order, at one wake-up a burst, and nothing lost with one that fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import MagicMock, patch

from textmill_operator import crossing


@contextmanager
def a_loop() -> Iterator[tuple[asyncio.AbstractEventLoop, MagicMock]]:
    """A loop, and what notes how often another thread wakes it."""
    loop = asyncio.new_event_loop()
    try:
        with patch.object(loop, "call_soon_threadsafe", wraps=loop.call_soon_threadsafe) as wake:
            yield loop, wake
    finally:
        loop.close()


def crossed(count: int, take: Callable[[int], None], *, beside: Callable[[], None] = lambda: None) -> int:
    """Post so many numbers from a thread while the loop is busy; return how often the loop was woken for them."""
    with a_loop() as (loop, wake):
        post = crossing.into(loop)

        def burst() -> None:
            for number in range(count):
                post(take, number)

        async def busy() -> None:
            thread = threading.Thread(target=burst)
            thread.start()
            thread.join()
            loop.call_soon(beside)
            for _ in range(count):
                await asyncio.sleep(0)

        loop.set_exception_handler(lambda *_: None)
        loop.run_until_complete(busy())
        return wake.call_count


def test_burst_crosses_in_order_and_wakes_the_loop_once() -> None:
    taken: list[int] = []
    assert crossed(1000, taken.append) == 1
    assert taken == list(range(1000))


def test_burst_lets_others_have_their_turn() -> None:
    taken: list[int] = []
    seen: list[int] = []
    crossed(1000, taken.append, beside=lambda: seen.append(len(taken)))
    assert seen == [crossing.AT_ONCE]


def test_one_that_fails_takes_no_other_along() -> None:
    taken: list[int] = []

    def take(number: int) -> None:
        if number == 1:
            raise ValueError(number)
        taken.append(number)

    crossed(4, take)
    assert taken == [0, 2, 3]


def test_each_that_comes_alone_wakes_the_loop() -> None:
    taken: list[int] = []
    with a_loop() as (loop, wake):
        post = crossing.into(loop)
        for number in range(3):
            post(taken.append, number)
            loop.run_until_complete(asyncio.sleep(0))
        assert (wake.call_count, taken) == (3, [0, 1, 2])


def test_closed_loop_takes_nothing() -> None:
    with a_loop() as (loop, wake):
        loop.close()
        crossing.into(loop)(lambda: None)
        assert wake.call_count == 0
