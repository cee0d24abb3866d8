"""Requests that wait for their turn say so once, a few at a time, and not while the queue moves."""

from __future__ import annotations

from dataclasses import replace

from tests.planner.build import LIMITS, NOW, after, job, kinds, of, only_write, planned, recorded, request, why
from textmill.actions import Write
from textmill.queued import AT_ONCE

FULL = replace(LIMITS, pods=1)
BUSY = request("busy", status=recorded())


def test_request_that_waits_says_so_once_after_a_while() -> None:
    there, one = job(BUSY), request("w", size=500, age=9)
    early = planned(BUSY, one, jobs=(there,), limits=FULL)
    assert (early.actions, early.wake_at) == ((), NOW + 1)
    late = replace(one, created=NOW - 10)
    made = planned(BUSY, late, jobs=(there,), limits=FULL)
    assert why(of(made, late)) == ("Unknown", "Queued")
    assert only_write(made).notes == ()
    assert planned(BUSY, after(late, only_write(made)), jobs=(there,), limits=FULL).actions == ()


def test_few_say_so_at_once_and_none_while_others_start() -> None:
    queue = [request(f"w{n}", size=500, age=10) for n in range(AT_ONCE + 5)]
    assert kinds(planned(BUSY, *queue, jobs=(job(BUSY),), limits=FULL)) == ["Write"] * AT_ONCE
    assert not any(isinstance(one, Write) for one in planned(*queue, limits=FULL).actions)
