"""Jobs that failed stay for a while, since people are told to read their logs; their last lines are in the event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.planner.build import LIMITS, NOW, job, kinds, only_write, planned, pod, recorded, request
from textmill.actions import Collect, ListPods
from textmill.clearing import KEPT, KEPT_OF_A_NAMESPACE
from textmill.picture import Job

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


def test_failed_jobs_of_a_namespace_and_of_all_are_bounded_and_the_oldest_go_first() -> None:
    def failed(number: int, namespace: str) -> Job:
        there = job(request(f"{namespace}-{number}"), name=f"{namespace}-{number}", ended_at=NOW - number, **FAILED)
        return replace(there, namespace=namespace)

    one = [failed(number, "one") for number in range(KEPT_OF_A_NAMESPACE + 3)]
    others = [failed(number, "other") for number in range(5)]
    made = planned(jobs=(*one, *others))
    assert {action.job.name for action in made.actions if isinstance(action, Collect)} == {
        f"one-{KEPT_OF_A_NAMESPACE + more}" for more in range(3)
    }
    many = [failed(number, f"n{number % 100}") for number in range(KEPT + 7)]
    gone = [action for action in planned(jobs=tuple(many)).actions if isinstance(action, Collect)]
    assert sorted(action.job.ended_at for action in gone) == sorted(job.ended_at for job in many)[:7]
    assert all(action.idle for action in gone)


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
