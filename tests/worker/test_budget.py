"""One member of a batch that takes too long, or breaks natively: it is told of alone, and the others are done."""

from __future__ import annotations

import gzip
import signal
from pathlib import Path

import pytest

from tests.worker.runs import UID, drop, names_beneath, path_order
from tests.worker.test_commands import OTHER, run, unsealed
from textmill.orders import TokenizeOrder, inline_value
from worker.budget import Budget

GOOD = TokenizeOrder(OTHER, "inline", inline_value("good one"))
SHORT = """
import threading
from contextlib import suppress
from worker import budget, text
budget.LEAST = budget.MOST = 0.3
budget._AGAIN = 0.1
blocks, recognise = text.Text.blocks, text._recognise
hang = threading.Event().wait
"""
IN_BLOCKS = "text.Text.blocks = lambda self, *more: blocks(self, *more) if self._size == 8 else hang()"
AT_FIRST = "text._recognise = lambda head, *more: recognise(head, *more) if head == b'good one' else hang()"
TWICE = """
def hang(wait=hang):
    with suppress(BaseException):
        wait()
    wait()
"""


@pytest.mark.parametrize(
    ("content", "hang", "why"),
    [
        (b"a text", IN_BLOCKS, "Slow"),
        (b"a text", AT_FIRST, "Slow"),
        (b"a text", TWICE + IN_BLOCKS, "Slow"),
        (gzip.compress(b"a text"), IN_BLOCKS, "Compressed"),
        (b"<html>a text", IN_BLOCKS, "Document"),
    ],
    ids=["in its blocks", "at its start", "twice", "compressed", "document"],
)
def test_member_that_takes_too_long_is_left_for_later(tmp_path: Path, content: bytes, hang: str, why: str) -> None:
    drop(tmp_path, content)
    ended = run(tmp_path, "tokenize", path_order(), GOOD, before=SHORT + hang, more="--seconds 1000")
    left, done = unsealed(tmp_path, ended)
    assert (left["id"], left["outcome"], left["why"], left["bytes"]) == (UID, "left", why, len(content))
    assert (done["id"], done["outcome"], done["tokens"]) == (OTHER, "done", 2)
    assert not any(name.startswith(f"{UID}/") for name in names_beneath(tmp_path, "work/tok-job"))


WRAPPED = """
def hang(wait=hang):
    try:
        wait()
    except BaseException:
        raise Exception("cut off")
"""
PANIC = """
class PanicException(BaseException): pass
def bad(_): raise PanicException("index out of bounds")
from worker import inputs
inputs._inline = bad
"""


def test_error_that_stands_for_the_alarm_is_the_alarm(tmp_path: Path) -> None:
    drop(tmp_path, b"a text")
    ended = run(tmp_path, "tokenize", path_order(), GOOD, before=SHORT + WRAPPED + IN_BLOCKS, more="--seconds 1000")
    assert [one["outcome"] for one in unsealed(tmp_path, ended)] == ["left", "done"]


def test_orders_for_which_a_batch_has_no_time_are_left(tmp_path: Path) -> None:
    drop(tmp_path, b"a text")
    ended = run(
        tmp_path,
        "tokenize",
        path_order(),
        GOOD,
        before=SHORT + IN_BLOCKS + "\nbudget.BATCH = 0.0001",
        more="--seconds 1000",
    )
    assert [one.get("why") for one in unsealed(tmp_path, ended)] == ["Slow", "NoTime"]


def test_panic_of_native_code_costs_the_others_nothing(tmp_path: Path) -> None:
    """PyO3 raises PanicException, which is no Exception."""
    drop(tmp_path, b"fine")
    bad, good = unsealed(tmp_path, run(tmp_path, "tokenize", GOOD, path_order(), before=PANIC))
    assert (bad["reason"], bad["message"]) == ("WorkerFailed", "PanicException: index out of bounds")
    assert (good["id"], good["tokens"]) == (UID, 1)


def test_order_that_is_alone_has_no_budget() -> None:
    for alone in (Budget(1000, 1), Budget(None, 9)):
        with alone.one_order():
            assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        assert not alone.used_up


@pytest.mark.parametrize(("spent", "seconds"), [(0, 10), (30, 5), (48, 1), (60, 1)])
def test_budget_is_a_part_of_what_the_batch_has_left(spent: float, seconds: float) -> None:
    clock = iter([0.0, spent, spent])
    budget = Budget(100, 2, clock=lambda: next(clock))
    before = signal.getsignal(signal.SIGALRM)
    try:
        with budget.one_order():
            assert seconds - 1 < signal.getitimer(signal.ITIMER_REAL)[0] <= seconds
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        assert budget.used_up == (spent > 50)
    finally:
        signal.signal(signal.SIGALRM, before)
