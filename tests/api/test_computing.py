"""What answers are made of is computed one after the other, and nothing waits for what hangs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.computing import Turns, in_turn


def test_pieces_come_in_their_order() -> None:
    assert list(in_turn(iter("abc"))) == ["a", "b", "c"]


def test_one_is_computed_at_a_time() -> None:
    turns, inside, most = Turns(), 0, 0

    def work() -> str:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        for _ in range(2_000):
            pass
        inside -= 1
        return threading.current_thread().name

    with ThreadPoolExecutor(16) as pool:
        names = set(pool.map(lambda _: turns.compute(work), range(200)))

    assert (most, names) == (1, {"computing"})


def test_what_hangs_stops_no_other() -> None:
    turns, over, begun = Turns(patience=0.05), threading.Event(), threading.Event()

    def hang() -> str:
        begun.set()
        over.wait()
        return "late"

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(turns.compute, hang)
        begun.wait()
        others = [turns.compute(lambda: "here") for _ in range(3)]
        over.set()

        assert (others, late.result()) == (["here"] * 3, "late")


def test_error_is_its_own_callers() -> None:
    turns = Turns()

    with pytest.raises(ZeroDivisionError):
        turns.compute(lambda: 1 // 0)
    assert turns.compute(lambda: 3) == 3
