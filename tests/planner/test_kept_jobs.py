"""Jobs that failed stay for a while, since people are told to read their logs; their last lines are in the event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.planner.build import LIMITS, NOW, job, kinds, only_write, planned, pod, recorded, request
from textmill.actions import Collect, ListPods

FAILED: dict[str, Any] = {"failure": ("BackoffLimitExceeded", "")}


def test_failed_job_stays_for_its_log_then_is_collected() -> None:
    one = request("u1", status=recorded("count", "next"))
    there = job(request("gone"), ended_at=NOW - 599, **FAILED)
    made = planned(one, jobs=(there, job(one, stage="count", name="next")), pods=())
    assert (made.actions, made.wake_at) == ((), NOW + 1)
    old = replace(there, ended_at=NOW - 600)
    assert planned(jobs=(old,)).actions == (Collect(old, idle=True),)


def test_job_whose_report_is_broken_stays_as_well_and_one_that_went_well_does_not() -> None:
    there = job(request("gone"), complete=True, ended_at=NOW - 1)
    odd = pod(there, exit_code=0, broken="cut")
    assert planned(jobs=(there,), pods=(odd,)).actions == ()
    assert kinds(planned(jobs=(there,), pods=(replace(odd, broken=None),))) == ["Collect"]


def test_kept_job_holds_no_pod() -> None:
    there = job(request("gone"), ended_at=NOW, **FAILED)
    assert kinds(planned(request(size=500), jobs=(there,), limits=replace(LIMITS, pods=1))) == ["Launch"]


def test_event_of_a_failure_has_the_workers_last_lines() -> None:
    one = request(status=recorded(), retries=0)
    there = job(one, ended_at=NOW - 1, **FAILED)
    log = "".join(f"line {n}\n" for n in range(30)) + '@progress {"id":"u1"}\nKeyError: 7\n'
    write = only_write(planned(one, jobs=(there,), pods=(pod(there, exit_code=1, message=log),)))
    (note,) = write.notes
    assert note.message.endswith("\nline 28\nline 29\nKeyError: 7")
    assert len(note.message) < 1000
    assert "line 28" not in write.status["conditions"][-1]["message"]


def test_pods_of_a_job_that_is_over_are_listed_before_they_are_called_lost() -> None:
    one = request(status=recorded(), retries=0)
    for end in ({"complete": True}, FAILED):
        there = job(one, ended_at=NOW - 10, **end)
        assert planned(one, jobs=(there,)).actions == (ListPods(there),)
        assert kinds(planned(one, jobs=(replace(there, listed=True),))) == ["Write"]
