"""A plan's cost grows with what waits, in steps and not in seconds; and it starts no more than a round can.

A step is a call of a Python function. Were a queue gone over once for each group or namespace that starts, twice as
many would take four times the steps.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from types import FrameType

import pytest

from tests.planner.build import LIMITS, NOW, after, job, pod, recorded, request
from textmill.actions import Launch, Write
from textmill.limits import Limits
from textmill.picture import Picture
from textmill.planner import plan
from textmill.request import Request

FEW = 400
MOST = 2.2
"""Twice as many cost at most so many times the steps."""


def steps(picture: Picture, limits: Limits) -> int:
    """Return how many functions a plan calls, on a picture whose requests are known already."""
    plan(picture, limits, NOW)
    count = 0

    def step(_frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(step)
    try:
        plan(picture, limits, NOW)
    finally:
        sys.setprofile(before)
    return count


def queue(number: int, namespaces: int, kinds: int) -> list[Request]:
    """Return waiting requests of so many namespaces and time-outs."""
    return [
        request(f"q{n}", namespace=f"team-{n % namespaces}", timeout=3600 + n // namespaces % kinds)
        for n in range(number)
    ]


@pytest.mark.parametrize("pods", [4, 10_000])
@pytest.mark.parametrize("kinds", ["equal", "unequal"])
@pytest.mark.parametrize("namespaces", ["one", "many"])
def test_steps_grow_with_what_waits(namespaces: str, kinds: str, pods: int) -> None:
    taken = []
    for number in (FEW, 2 * FEW):
        waiting = queue(number, 1 if namespaces == "one" else number // 4, 1 if kinds == "equal" else number)
        picture = Picture.of(waiting, lent=dict.fromkeys((one.uid for one in waiting), None))
        taken.append(steps(picture, replace(LIMITS, pods=pods)))
    assert taken[1] <= MOST * taken[0]


def test_steps_grow_with_jobs_at_work() -> None:
    taken = []
    for number in (FEW, 2 * FEW):
        busy = [request(f"b{n}", size=500, status=recorded(job=f"job-{n}")) for n in range(number)]
        jobs = [job(one, name=f"job-{n}") for n, one in enumerate(busy)]
        waiting = queue(number, 7, 3)
        picture = Picture.of([*busy, *waiting], jobs, [pod(one) for one in jobs], {one.uid: None for one in waiting})
        taken.append(steps(picture, replace(LIMITS, pods=number + 4)))
    assert taken[1] <= MOST * taken[0]


def test_plan_starts_no_more_than_a_round_can_and_the_next_goes_on() -> None:
    limits = replace(LIMITS, pods=1000, starts=40)
    waiting = queue(100, 3, 100)
    began = [_started(waiting, limits)]
    while began[-1]:
        begun = {write.request.uid: after(write.request, write) for one in began[-1] for write in one.writes}
        waiting = [begun.get(one.uid, one) for one in waiting]
        began.append(_started(waiting, limits))
    assert [len(one) for one in began] == [40, 40, 20, 0]


def test_plan_that_is_cut_shares_its_starts_between_namespaces() -> None:
    made = _started(queue(100, 4, 100), replace(LIMITS, pods=1000, starts=40))
    shares = [sum(one.job.namespace == f"team-{n}" for one in made) for n in range(4)]
    assert shares == [10, 10, 10, 10]


def _started(requests: Sequence[Request], limits: Limits) -> list[Launch]:
    """Return what a plan launches; Jobs that are recorded are there, at work."""
    lives = [(one, one.status.live_job) for one in requests]
    jobs = [job(one, name=live[1], namespace=one.namespace) for one, live in lives if live]
    picture = Picture.of(requests, jobs, [pod(one) for one in jobs], {one.uid: None for one in requests})
    made = plan(picture, limits, NOW)
    assert not any(isinstance(one, Write) for one in made.actions)
    return [one for one in made.actions if isinstance(one, Launch)]
