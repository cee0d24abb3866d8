"""Jobs that are missing, going away, nobody's, stuck, or over without a word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import (
    LIMITS,
    NOW,
    counted,
    cut,
    job,
    kinds,
    only_write,
    planned,
    pod,
    recorded,
    request,
    well,
    why,
)
from textmill.actions import Collect, Launch, Recreate, Write
from textmill.orders import TokenizeOrder
from textmill.picture import Member


def test_recorded_job_that_is_missing_is_created_again() -> None:
    one, two = request("u1", status=recorded()), request("u2", status=recorded())
    (action,) = planned(one, two).actions
    assert isinstance(action, Recreate)
    assert (action.job.name, action.job.stage, action.job.timeout) == ("job", "tokenize", 3600)
    assert action.job.members == (Member("u1", "r-u1"), Member("u2", "r-u2"))
    assert action.job.orders[1] == TokenizeOrder("u2", "path", "u2.txt", leave_above=100)


def test_missing_sharded_job_is_created_as_recorded() -> None:
    one = request(status=recorded(shards=5, pods=3), size=9000)
    (action,) = planned(one).actions
    assert isinstance(action, Recreate)
    assert (action.job.shards, action.job.parallelism) == (5, 3)


def test_missing_job_gets_no_more_pods_than_the_limit_now() -> None:
    one = request(status=recorded(shards=5, pods=3), size=9000)
    (action,) = planned(one, limits=replace(LIMITS, pods=2)).actions
    assert isinstance(action, Recreate)
    assert action.job.parallelism == 2


def test_missing_job_waits_for_a_free_pod_and_holds_the_queue() -> None:
    gone = job(request("x"), name="gone")
    pods = tuple(pod(gone, n) for n in range(4))
    waiting = request("w", size=500, priority=9)
    assert planned(request(status=recorded()), waiting, pods=pods).actions == ()
    (action,) = planned(request(status=recorded()), waiting, pods=pods[:3]).actions
    assert isinstance(action, Recreate)


def test_missing_job_is_not_created_for_members_whose_time_is_over() -> None:
    late, other = request("u1", status=recorded(started=3600)), request("u2", status=recorded())
    write, recreate = planned(late, other).actions
    assert isinstance(write, Write)
    assert why(write.status) == ("False", "DeadlineExceeded")
    assert isinstance(recreate, Recreate)
    assert recreate.job.members == (Member("u2", "r-u2"),)


def test_count_recorded_without_tokens_is_tokenized_anew() -> None:
    status = recorded("count")
    del status["tokens"]
    assert kinds(planned(request(status=status))) == ["Launch"]


def test_job_being_deleted_is_waited_for() -> None:
    one = request(status=recorded())
    there = job(one, deleting=True)
    assert planned(one, jobs=(there,), pods=(pod(there, exit_code=137),)).actions == ()


def test_stranger_gets_another_job() -> None:
    member, stranger = request("u1", status=recorded()), request("u2", status=recorded())
    there = job(member)
    write = only_write(planned(member, stranger, jobs=(there,), pods=(pod(there),)))
    assert write.request.uid == "u2"
    assert (why(write.status), write.status["phase"], write.status["jobs"]) == (("Unknown", "Regrouped"), "Pending", {})
    assert write.status["starts"] == 1


def test_job_of_the_same_name_for_an_earlier_request_is_not_taken() -> None:
    new = request("new", status=recorded())
    old = replace(new, uid="old")
    write = only_write(planned(new, jobs=(there := job(old),), pods=(well(there, counted(old)),)))
    assert why(write.status) == ("Unknown", "Regrouped")


def test_job_that_nobody_waits_for_is_collected() -> None:
    gone = request("gone")
    moved = request("u1", status=recorded("count", "next"))
    jobs = (job(gone, moved), job(moved, stage="count", name="next"))
    assert planned(moved, jobs=jobs).actions == (Collect(jobs[0]),)


def test_job_with_one_member_left_goes_on() -> None:
    one = request(status=recorded())
    there = job(one, request("deleted"), request("settled"))
    assert planned(one, jobs=(there,), pods=(pod(there),)).actions == ()


@pytest.mark.parametrize("more", [{"deleting": True}])
def test_job_going_away_is_not_collected_twice(more: dict[str, Any]) -> None:
    assert planned(jobs=(job(request("gone"), **more),)).actions == ()


def test_unwanted_job_holds_its_pods_until_it_is_gone() -> None:
    unwanted = job(request("gone"), shards=8, parallelism=3)
    waiting = [request(f"w{n}", size=500, age=9 - n) for n in range(3)]
    failed = tuple(pod(unwanted, n, exit_code=1) for n in range(3))
    assert kinds(planned(*waiting, jobs=(unwanted,), pods=failed)) == ["Collect", "Launch"]
    ended = replace(unwanted, complete=True)
    assert kinds(planned(*waiting, jobs=(ended,))) == ["Collect", "Launch", "Launch", "Launch"]


def test_unwanted_job_is_idle_only_where_no_pod_of_it_can_be_at_work() -> None:
    unwanted = job(request("gone"), shards=2, parallelism=2)
    half, whole = (tuple(pod(unwanted, n, exit_code=0) for n in range(count)) for count in (1, 2))
    assert planned(jobs=(unwanted,)).actions == (Collect(unwanted),)
    assert planned(jobs=(unwanted,), pods=half).actions == (Collect(unwanted),)
    assert planned(jobs=(unwanted,), pods=whole).actions == (Collect(unwanted, idle=True),)
    ended = replace(unwanted, complete=True)
    assert planned(jobs=(ended,)).actions == (Collect(ended, idle=True),)


def test_ended_pod_of_a_job_that_goes_on_frees_nothing() -> None:
    unwanted = job(request("gone"))
    waiting = request("w", size=500)
    evicted = pod(unwanted, exit_code=143, evicted=True)
    limits = replace(LIMITS, pods=1)
    assert kinds(planned(waiting, jobs=(unwanted,), pods=(evicted,), limits=limits)) == ["Collect"]
    done = pod(unwanted, exit_code=0)
    assert kinds(planned(waiting, jobs=(unwanted,), pods=(done,), limits=limits)) == ["Collect", "Launch"]


@pytest.mark.parametrize("seen", ["nothing", "still at work"])
@pytest.mark.parametrize("end", [{"complete": True}, {"failure": ("BackoffLimitExceeded", "")}])
def test_pods_of_an_ended_job_may_be_seen_late(end: dict[str, Any], seen: str) -> None:
    one = request(status=recorded(), retries=0)
    there = job(one, ended_at=NOW - 9, **end)
    pods = (pod(there),) if seen == "still at work" else ()
    early = planned(one, jobs=(there,), pods=pods)
    assert (early.actions, early.wake_at) == ((), NOW + 1)
    late = planned(one, jobs=(replace(there, ended_at=NOW - 10, listed=True),), pods=pods)
    assert why(only_write(late).status) == ("False", "PodLost")


def test_failed_job_whose_pods_have_ended_is_judged_at_once() -> None:
    one = request(status=recorded(), retries=0)
    there = job(one, ended_at=NOW, failure=("BackoffLimitExceeded", ""))
    made = planned(one, jobs=(there,), pods=(pod(there, exit_code=137, exit_reason="OOMKilled"),))
    assert why(only_write(made).status) == ("False", "OOMKilled")


def test_job_past_its_deadline_fails_its_lone_member() -> None:
    one = request(status=recorded(started=100))
    there = job(one, ended_at=NOW - 20, failure=("DeadlineExceeded", ""))
    assert why(only_write(planned(one, jobs=(there,))).status) == ("False", "DeadlineExceeded")


def test_failed_pod_alone_decides_nothing() -> None:
    one = request(status=recorded())
    there = job(one)
    assert planned(one, jobs=(there,), pods=(pod(there, exit_code=1),)).actions == ()


@pytest.mark.parametrize(("done", "shown", "expected"), [(0, 0, None), (1, 0, 12), (1, 12, None), (3, 12, 37)])
def test_progress_of_shards_is_shown_in_steps(done: int, shown: int, expected: int | None) -> None:
    one = request(status=recorded(shards=4, pods=3, progress={"percent": shown}), size=4000)
    there = job(one, shards=4, parallelism=3)
    pods = (pod(there, 3), *[pod(there, n, exit_code=0) for n in range(done)])
    made = planned(one, jobs=(there,), pods=pods)
    found = [write.status["progress"]["percent"] for write in made.actions if isinstance(write, Write)]
    assert found == ([] if expected is None else [expected])


def test_place_of_a_tokenizer_that_is_through_waits_for_its_count() -> None:
    one, other = request(status=recorded()), request("other", size=500)
    there, limits = job(one), replace(LIMITS, pods=1)
    silent = pod(there, exit_code=0, message="@seal {}")
    assert kinds(planned(one, other, jobs=(there,), pods=(silent,), limits=limits)) == ["Read"]
    read = replace(silent, reports=(cut(one),))
    (count,) = planned(one, other, jobs=(there,), pods=(read,), limits=limits).actions
    assert isinstance(count, Launch)
    assert (count.job.stage, [one.uid for one in count.job.members]) == ("count", ["u1"])


def test_count_that_is_through_gives_its_place_away_before_it_is_read() -> None:
    one, other = request(status=recorded("count")), request("other", size=500)
    there = job(one, stage="count")
    silent = pod(there, exit_code=0, message="@seal {}")
    made = planned(one, other, jobs=(there,), pods=(silent,), limits=replace(LIMITS, pods=1))
    assert kinds(made) == ["Read", "Launch"]
