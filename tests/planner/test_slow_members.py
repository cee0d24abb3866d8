"""A request that is slow beside others: it goes on alone, and those that lost their time to it get it back, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.planner.build import LIMITS, NOW, after, job, of, planned, pod, recorded, request, well, why
from tests.planner.crd import check_status
from textmill import reports, transitions
from textmill.actions import Launch, Write
from textmill.errors import Reason
from textmill.picture import Trouble
from textmill.request import Request


def members(count: int = 3, *, started: float = 10) -> list[Request]:
    """Return requests that share a Job."""
    return [request(f"u{n}", status=recorded(started=started), timeout=60) for n in range(count)]


@pytest.mark.parametrize("left", ["Slow", "Document", "Compressed"])
def test_slow_member_gets_a_pod_of_its_own(left: str) -> None:
    slow, other = members(2)
    there = job(slow, other)
    said = [reports.left(slow.uid, left, 0), reports.left(other.uid, "NoTime", 0)]
    made = planned(slow, other, jobs=(there,), pods=(well(there, *said),))
    for one, limit in ((slow, 1), (other, None)):
        status = of(made, one)
        check_status(status)
        assert (status["phase"], status.get("batchLimit"), status.get("input")) == ("Pending", limit, None)
        assert "attempts" not in status
        assert why(status) == ("Unknown", "Replanned")
    again = [
        after(one, write)
        for one in (slow, other)
        for write in made.actions
        if isinstance(write, Write) and write.request is one
    ]
    new = planned(*again, request("u8"), request("u9"), limits=replace(LIMITS, gather=0))
    groups = {frozenset(member.uid for member in one.job.members) for one in new.actions if isinstance(one, Launch)}
    assert frozenset({slow.uid}) in groups
    assert not any(slow.uid in group and len(group) > 1 for group in groups)


def test_slow_count_is_counted_alone_and_keeps_its_tokens() -> None:
    tokens = {"path": "work/job/u0", "shards": 1, "count": 3}
    one, other = (request(f"u{n}", status=recorded("count", tokens=tokens)) for n in range(2))
    there = job(one, other, stage="count")
    status = of(planned(one, other, jobs=(there,), pods=(well(there, reports.left("u0", "Slow", 0)),)), one)
    assert (status["phase"], status["tokens"], status["batchLimit"]) == ("Counting", tokens, 1)


def test_time_that_a_shared_pod_used_up_begins_anew_once_and_alone() -> None:
    late = members(started=60)
    there = job(*late, age=59)
    made = planned(*late, jobs=(there,), pods=(pod(there, started=NOW - 50),))
    again = []
    for one in late:
        status = of(made, one)
        check_status(status)
        assert (status["phase"], status["batchLimit"], status["timeRestarted"]) == ("Pending", 1, True)
        assert "startTime" not in status
        assert why(status) == ("Unknown", "TimeRestarted")
        again.append(replace(one, status=replace(one.status, raw=status)))
    launches = [one for one in planned(*again).actions if isinstance(one, Launch)]
    assert [len(one.job.members) for one in launches] == [1, 1, 1]
    spent = [
        replace(one, status=replace(one.status, raw={**recorded(started=60), "timeRestarted": True})) for one in late
    ]
    ended = planned(*spent, jobs=(there,), pods=(pod(there, started=NOW - 50),))
    assert {why(of(ended, one)) for one in spent} == {("False", "DeadlineExceeded")}


def test_death_of_a_shared_pod_at_its_deadline_is_no_end_for_its_members() -> None:
    late = members(started=59)
    there = job(*late, age=80, ended_at=NOW - 20, failure=("DeadlineExceeded", ""))
    made = planned(*late, jobs=(there,))
    assert {why(of(made, one)) for one in late} == {("Unknown", "TimeRestarted")}


def test_time_is_over_where_nobody_else_used_it_up() -> None:
    (alone,) = members(1, started=60)
    there = job(alone, age=59)
    made = planned(alone, jobs=(there,), pods=(pod(there, started=NOW - 50),))
    assert why(of(made, alone)) == ("False", "DeadlineExceeded")
    late = members(started=60)
    refused = job(*late, age=59, trouble=Trouble(Reason.QUOTA_EXCEEDED, "pods=4"))
    waiting = job(*late, age=59)
    for jobs, pods in (((refused,), ()), ((waiting,), (pod(waiting),))):
        made = planned(*late, jobs=jobs, pods=pods)
        assert {why(of(made, one)) for one in late} == {("False", "DeadlineExceeded")}


def test_request_that_started_over_stays_alone_when_its_words_are_cut() -> None:
    raw = {"batchLimit": 1, "timeRestarted": True}
    assert transitions.tokenized(raw, {}, NOW, path="work/j/u", shards=1, count=1)["batchLimit"] == 1
    assert "batchLimit" not in transitions.tokenized({"batchLimit": 1}, {}, NOW, path="work/j/u", shards=1, count=1)
