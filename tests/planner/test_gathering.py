"""Which small inputs wait for company, for how long, and what never waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.planner.build import LIMITS, NOW, cut, job, kinds, planned, pod, recorded, request, well
from textmill.actions import Launch, LookUp, Plan
from textmill.picture import Job, Pod
from textmill.request import Input, Request

WIDE = replace(LIMITS, pods=9)
UPLOAD = Input(upload="ab" * 32, bytes=10)


def members(made: Plan) -> list[list[str]]:
    """Return who is launched together."""
    return [[one.uid for one in action.job.members] for action in made.actions if isinstance(action, Launch)]


def at_work(number: int, *, age: float = 1, timeout: int = 3600) -> tuple[list[Request], list[Job], list[Pod]]:
    """Return so many tokenizers of one small input each that were made a moment ago, with their pods."""
    running = [request(f"w{n}", status=recorded(job=f"job-{n}"), timeout=timeout) for n in range(number)]
    jobs = [job(one, name=f"job-{n}", age=age) for n, one in enumerate(running)]
    return running, jobs, [pod(one, age=age) for one in jobs]


def beside(number: int, *new: Request, age: float = 1, timeout: int = 3600, now: float = NOW) -> Plan:
    """Plan new requests beside so many that have begun."""
    running, jobs, pods = at_work(number, age=age, timeout=timeout)
    return planned(*running, *new, jobs=tuple(jobs), pods=tuple(pods), limits=WIDE, now=now)


@pytest.mark.parametrize("number", [0, 1])
def test_request_never_waits_where_fewer_than_two_pods_start(number: int) -> None:
    assert members(beside(number, request("new"))) == [["new"]]


def test_requests_gather_while_two_pods_start_and_are_looked_at_when_that_is_over() -> None:
    made = beside(2, request("new", age=1), request("other", age=1), age=2)
    assert (made.actions, made.wake_at) == ((), NOW + 3)


def test_gathered_requests_go_when_one_of_the_two_is_done() -> None:
    running, jobs, pods = at_work(2)
    pods[0] = well(jobs[0], cut(running[0]))
    made = planned(*running, request("new"), request("other"), jobs=tuple(jobs), pods=tuple(pods), limits=WIDE)
    assert members(made) == [["w0"], ["new", "other"]]


def test_full_batch_goes_and_the_rest_gathers() -> None:
    new = [request(f"n{number}", age=9 - number) for number in range(6)]
    assert members(beside(2, *new)) == [["n0", "n1", "n2", "n3"]]


def test_rest_of_a_burst_waits_for_the_full_batches_of_the_same_plan() -> None:
    new = [request(f"n{number:02}") for number in range(9)]
    made = planned(*new, limits=WIDE)
    assert ([len(one) for one in members(made)], made.wake_at) == ([4, 4], NOW + 5)


def test_slow_pods_hold_nobody_up_for_longer() -> None:
    assert members(beside(8, request("new"), age=5)) == [["new"]]
    assert members(beside(2, request("new"), age=1, now=NOW + 4)) == [["new"]]


def test_pods_of_a_clock_that_is_ahead_hold_nobody_up() -> None:
    assert members(beside(2, request("new"), age=-1)) == [["new"]]


def test_who_could_not_share_the_pods_that_start_does_not_wait() -> None:
    other, big = request("other", timeout=60), request("big", size=200)
    away = request("away", namespace="elsewhere")
    assert members(beside(2, request("new"), other, big, away)) == [["away"], ["big"], ["other"]]


def test_counts_go_at_once() -> None:
    between = request("new", status={"phase": "Counting", "tokens": {"path": "work/a/u1", "shards": 1, "count": 3}})
    assert members(beside(2, between)) == [["new"]]


def test_setting_of_no_seconds_gathers_nothing() -> None:
    running, jobs, pods = at_work(2, age=0)
    limits = replace(WIDE, gather=0.0)
    made = planned(*running, request("new"), jobs=tuple(jobs), pods=tuple(pods), limits=limits)
    assert members(made) == [["new"]]


def test_known_results_are_looked_up_while_requests_gather() -> None:
    new = request("new", given=UPLOAD)
    assert beside(2, new).actions == (LookUp("default", (new,)),)


def test_requests_that_were_looked_up_fill_a_batch_before_older_ones_that_were_not() -> None:
    known = [request(f"k{number}", given=UPLOAD, age=5) for number in range(4)]
    late = request("a", given=UPLOAD, age=9)
    made = planned(late, *known, lent=dict.fromkeys((one.uid for one in known), None), limits=WIDE)
    assert members(made) == [["k0", "k1", "k2", "k3"]]
    assert kinds(made) == ["Launch", "LookUp"]


def test_new_requests_that_were_looked_up_wait_for_those_that_fill_their_pod() -> None:
    limits = replace(WIDE, gather_pods=9)
    known = [request(f"k{number}", given=UPLOAD, age=3 - number) for number in range(3)]
    late = request("late", given=UPLOAD, age=0)
    lent: dict[str, None] = dict.fromkeys((one.uid for one in known), None)
    made = planned(late, *known, lent=lent, limits=limits)
    assert (made.actions, made.wake_at) == ((LookUp("default", (late,)),), NOW + 2)
    assert members(planned(late, *known, lent={**lent, "late": None}, limits=limits)) == [["k0", "k1", "k2", "late"]]
    assert members(planned(late, *known, lent=lent, limits=limits, now=NOW + 2)) == [["k0", "k1", "k2"]]
    assert members(planned(late, *known, lent=lent, limits=limits, now=NOW - 4)) == [["k0", "k1", "k2"]]


def test_requests_that_were_looked_up_do_not_wait_for_one_that_does_not_fill_their_pod() -> None:
    known, late = request("known", given=UPLOAD, age=1), request("late", given=UPLOAD, age=0)
    assert members(planned(late, known, lent={"known": None}, limits=WIDE)) == [["known"]]
