"""What a Job's end means for each of its members."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import (
    LIMITS,
    NOW,
    RESULT,
    counted,
    cut,
    job,
    kinds,
    of,
    only_write,
    planned,
    pod,
    recorded,
    request,
    well,
    why,
)
from textmill import reports
from textmill.actions import Launch, Plan, Read
from textmill.conditions import of_people
from textmill.errors import Reason
from textmill.orders import CountOrder
from textmill.request import Request, to_time

OVER: dict[str, Any] = {"failure": ("BackoffLimitExceeded", "too many"), "ended_at": NOW - 1}


def test_tokenized_member_starts_its_count_in_the_same_plan() -> None:
    one = request(status=recorded())
    there = job(one)
    made = planned(one, jobs=(there,), pods=(well(there, cut(one)),))
    (action,) = made.actions
    assert isinstance(action, Launch)
    assert action.job.orders == (CountOrder("u1", "work/job/u1", 1, 10),)
    status = of(made, one)
    assert status["input"] == {"bytes": 10, "encoding": "utf-8", "invalidBytes": 1}
    assert status["tokens"] == {"path": "work/job/u1", "shards": 1, "count": 3}
    assert (status["phase"], status["progress"], status["starts"]) == ("Counting", {"percent": 50}, 2)
    assert [one["type"] for one in of_people(status)] == ["Accepted", "Tokenized", "Succeeded"]


def test_tokenized_member_without_a_free_pod_is_written_down() -> None:
    one = request(status=recorded(batchLimit=2))
    there = job(one)
    made = planned(one, jobs=(there,), pods=(well(there, cut(one)),), limits=replace(LIMITS, pods=0))
    status = only_write(made).status
    assert (status["phase"], list(status["jobs"])) == ("Counting", ["tokenize"])
    assert why(status) == ("Unknown", "Tokenized")
    assert "batchLimit" not in status


def test_shards_are_joined() -> None:
    one = request(size=3000, status=recorded(shards=3, pods=3))
    there = job(one, shards=3, parallelism=3)
    pods = tuple(well(there, cut(one, n, 3, 3000), index=n) for n in (2, 0, 1))
    status = of(planned(one, jobs=(there,), pods=pods), one)
    assert status["tokens"] == {"path": "work/job/u1", "shards": 3, "count": 9}
    assert status["input"]["invalidBytes"] == 3


def test_counted_member_succeeds() -> None:
    one = request(status=recorded("count"))
    there = job(one, stage="count")
    made = planned(one, jobs=(there,), pods=(well(there, counted(one)),))
    write = only_write(made)
    status = of(made, one)
    assert status["result"] == RESULT
    assert (status["phase"], status["settled"], status["progress"]) == ("Succeeded", True, {"percent": 100})
    assert status["completionTime"] == to_time(NOW)
    assert why(status) == ("True", "Counted")
    assert [(note.type, note.reason) for note in write.notes] == [("Normal", "Succeeded")]
    assert write.label is None


def test_members_of_a_batch_end_each_in_their_way() -> None:
    everyone = [request(f"u{n}", status=recorded("count")) for n in range(3)]
    there = job(*everyone, stage="count")
    said = (counted(everyone[0]), reports.failed("u1", "NotText", "byte 7"))
    made = planned(*everyone, jobs=(there,), pods=(well(there, *said),))
    assert why(of(made, everyone[0])) == ("True", "Counted")
    assert why(of(made, everyone[1])) == ("False", "NotText")
    assert why(of(made, everyone[2])) == ("Unknown", "BatchSplit")


def test_unread_pods_are_read_before_anything_else() -> None:
    one = request(status=recorded())
    there = job(one)
    silent = pod(there, exit_code=0, message="@seal {}")
    assert planned(one, jobs=(there,), pods=(silent,)).actions == (Read(silent),)


def test_request_whose_log_cannot_be_read_ends_with_its_time() -> None:
    one = request(status=recorded(started=3600))
    there = job(one)
    made = planned(one, jobs=(there,), pods=(pod(there, exit_code=0, message="@seal {}"),))
    assert why(only_write(made).status) == ("False", "DeadlineExceeded")


DEATHS: dict[str, tuple[dict[str, Any], Reason]] = {
    "oom": ({"exit_code": 137, "exit_reason": "OOMKilled"}, Reason.OOM_KILLED),
    "evicted": ({"exit_code": 143, "evicted": True}, Reason.EVICTED),
    "lost": ({"failed": True}, Reason.POD_LOST),
    "crash": ({"exit_code": 1, "message": "a\nno room\n"}, Reason.WORKER_FAILED),
    "silent": ({"exit_code": 2}, Reason.WORKER_FAILED),
}


def died(one: Request, *company: Request, how: dict[str, Any] = DEATHS["oom"][0]) -> Plan:
    """Plan after a Job's only pod died."""
    there = job(one, *company, **OVER)
    return planned(one, *company, jobs=(there,), pods=(pod(there, finished=NOW - 1, **how),))


@pytest.mark.parametrize(("how", "reason"), DEATHS.values(), ids=list(DEATHS))
def test_lone_death_is_tried_again_later_and_counted(how: dict[str, Any], reason: Reason) -> None:
    one = request(status=recorded())
    made = died(one, how=how)
    status = of(made, one)
    assert why(status) == ("Unknown", reason)
    assert (status["phase"], status["attempts"], status["retryAt"]) == ("Pending", 1, to_time(NOW + 5))
    assert status["jobs"] == {}
    assert [(note.type, note.reason) for note in only_write(made).notes] == [("Warning", reason)]


@pytest.mark.parametrize(("attempts", "delay"), [(0, 5), (1, 10), (5, 160), (6, 300), (9, 300)])
def test_delay_doubles_up_to_its_ceiling(attempts: int, delay: int) -> None:
    one = request(status=recorded(attempts=attempts), retries=10)
    assert of(died(one), one)["retryAt"] == to_time(NOW + delay)


def test_last_attempt_fails_with_the_cause() -> None:
    one = request(status=recorded(attempts=2))
    status = of(died(one), one)
    assert why(status) == ("False", "OOMKilled")
    assert status["conditions"][-1]["message"] == (
        "Pod job-0 used more memory than its limit. Raise the workers' memory limit, or lower the shard size."
    )
    assert (status["phase"], status["settled"], status["attempts"]) == ("Failed", True, 2)


def test_no_retries_fail_at_once() -> None:
    one = request(status=recorded(), retries=0)
    assert why(of(died(one), one)) == ("False", "OOMKilled")


@pytest.mark.parametrize(("company", "half"), [(2, 1), (3, 1), (4, 2), (5, 2), (200, 100)])
def test_batch_that_died_is_split_and_costs_no_attempt(company: int, half: int) -> None:
    everyone = [request(f"u{n}", status=recorded(), retries=0) for n in range(company)]
    made = died(*everyone)
    assert len(made.actions) == company
    status = of(made, everyone[0])
    assert why(status) == ("Unknown", "BatchSplit")
    assert (status["batchLimit"], status["phase"], "attempts" in status) == (half, "Pending", False)


def test_count_that_died_keeps_its_tokens() -> None:
    one = request(status=recorded("count"))
    there = job(one, stage="count", **OVER)
    status = of(planned(one, jobs=(there,), pods=(pod(there, exit_code=1),)), one)
    assert (status["phase"], status["tokens"]["count"]) == ("Counting", 3)


@pytest.mark.parametrize("reason", ["ArtefactInvalid", "InputChanged"])
def test_count_that_its_tokens_cannot_give_starts_over_from_the_input(reason: str) -> None:
    tokenized = {"type": "Tokenized", "status": "True", "reason": "T", "message": "", "lastTransitionTime": "x"}
    one = request(status=recorded("count", conditions=[tokenized], progress={"percent": 50}))
    there = job(one, stage="count")
    said = reports.failed("u1", reason, "no manifest")
    status = of(planned(one, jobs=(there,), pods=(well(there, said),)), one)
    assert (status["phase"], status["attempts"], status["progress"]) == ("Pending", 1, {"percent": 0})
    assert "tokens" not in status
    assert [(one["type"], one["status"]) for one in of_people(status)] == [
        ("Tokenized", "False"),
        ("Succeeded", "Unknown"),
    ]


@pytest.mark.parametrize(
    ("reason", "message", "expected"),
    [
        ("InputNotAllowed", "a link", ("False", "InputNotAllowed")),
        ("DigestMismatch", "another", ("False", "DigestMismatch")),
        ("SomethingNew", "?", ("Unknown", "WorkerFailed")),
    ],
)
def test_own_failure_is_final_unless_another_try_helps(reason: str, message: str, expected: tuple[str, str]) -> None:
    one = request(status=recorded())
    there = job(one)
    made = planned(one, jobs=(there,), pods=(well(there, reports.failed("u1", reason, message)),))
    assert why(of(made, one)) == expected


@pytest.mark.parametrize(
    ("left", "learnt"),
    [("TooBig", {"bytes": 5000}), ("NotShardable", {"bytes": 5000, "shardable": False})],
)
def test_input_left_unread_is_planned_again_with_its_size(left: str, learnt: dict[str, Any]) -> None:
    one = request(status=recorded())
    there = job(one)
    status = of(planned(one, jobs=(there,), pods=(well(there, reports.left("u1", left, 5000)),)), one)
    assert (status["input"], status["phase"]) == (learnt, "Pending")
    assert "attempts" not in status
    assert why(status) == ("Unknown", "Replanned")


def test_first_shard_that_fails_decides_while_others_work() -> None:
    one = request(size=3000, status=recorded(shards=3, pods=3))
    there = job(one, shards=3, parallelism=3)
    pods = (well(there, reports.failed("u1", "NotText", "byte 7")), pod(there, 1))
    waiting = [request(f"w{n}", size=500, age=9 - n) for n in range(2)]
    made = planned(one, *waiting, jobs=(there,), pods=pods)
    assert why(of(made, one)) == ("False", "NotText")
    assert kinds(made) == ["Write", "Launch"], "three pods may still be at work, so one is free"
