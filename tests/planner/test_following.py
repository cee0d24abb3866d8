"""Batches whose count follows their tokenizer with nothing written between: when, and what goes wrong on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import (
    LIMITS,
    NOW,
    RESULT,
    after,
    counted,
    cut,
    job,
    kinds,
    only_write,
    planned,
    pod,
    recorded,
    well,
    why,
)
from tests.planner.build import request as asked
from tests.planner.crd import check_status
from textmill import names, reports
from textmill.actions import Follow, Launch, Plan, Write
from textmill.errors import Reason
from textmill.limits import Limits
from textmill.picture import Job, Pod
from textmill.request import Request, to_time

FEW = replace(LIMITS, follow_members=2)
TOKENIZER = "r-u1-t-0123456789ab"
COUNT = names.follower(TOKENIZER)


def request(uid: str, **more: Any) -> Request:
    """Return a request whose tokenizer is recorded, with as many members as let its count follow it."""
    return asked(uid, status=of_two(TOKENIZER), **more)


def of_two(name: str) -> dict[str, Any]:
    """Return the status of a request that waits for a tokenizer of two."""
    status = recorded(job=name)
    status["jobs"]["tokenize"]["members"] = 2
    return status


ONE, TWO = request("u1"), request("u2")
TOKENIZED = job(ONE, TWO, name=TOKENIZER)
READ = well(TOKENIZED, cut(ONE), cut(TWO))
FOLLOWING = job(ONE, TWO, stage="count", name=COUNT, age=2)


def told(one: Request) -> reports.Report:
    """Return the report of a count, which says what the tokenizer saw as well."""
    return reports.done_count(one.uid, RESULT, cut(one))


COUNTED = well(FOLLOWING, told(ONE), told(TWO))


def at(jobs: tuple[Job, ...], pods: tuple[Pod, ...], *more: Request, limits: Limits = FEW) -> Plan:
    """Plan for both requests and more."""
    return planned(ONE, TWO, *more, jobs=jobs, pods=pods, limits=limits)


def follow(made: Plan) -> Follow:
    """Return the one action, a Follow."""
    (action,) = made.actions
    assert isinstance(action, Follow)
    return action


def writes(made: Plan) -> list[Write]:
    """Return what is written."""
    return [one for one in made.actions if isinstance(one, Write)]


def test_batch_that_was_tokenized_is_counted_with_nothing_written() -> None:
    made = follow(at((TOKENIZED,), (READ,))).job
    assert (made.name, made.stage, made.members, made.shards) == (COUNT, "count", TOKENIZED.members, 1)
    assert [(one.id, one.tokens) for one in made.orders] == [  # type: ignore[union-attr]  # they are of counts
        ("u1", f"work/{TOKENIZER}/u1"),
        ("u2", f"work/{TOKENIZER}/u2"),
    ]


def test_smaller_batch_is_recorded_first() -> None:
    made = at((TOKENIZED,), (READ,), limits=replace(FEW, follow_members=3))
    (action,) = made.actions
    assert isinstance(action, Launch)
    assert (action.job.name != COUNT, [one.status["phase"] for one in action.writes]) == (True, ["Counting"] * 2)


def test_failed_member_ends_and_the_others_go_on() -> None:
    three = request("u3")
    there = job(ONE, TWO, three, name=TOKENIZER)
    failed = reports.failed("u3", Reason.NOT_TEXT, "byte 0 is a NUL")
    made = at((there,), (well(there, cut(ONE), cut(TWO), failed),), three)
    assert sorted(kinds(made)) == ["Follow", "Write"]
    assert [(one.request.uid, one.status["phase"]) for one in writes(made)] == [("u3", "Failed")]


@pytest.mark.parametrize("there", [(TOKENIZED, FOLLOWING), (FOLLOWING,)], ids=["both Jobs", "the tokenizer is gone"])
@pytest.mark.parametrize("pods", [(READ,), ()], ids=["read", "its pod is gone"])
def test_nothing_is_done_while_the_count_is_at_work(there: tuple[Job, ...], pods: tuple[Pod, ...]) -> None:
    assert at(there, (*pods, pod(FOLLOWING))).actions == ()


def test_count_at_work_has_its_pod() -> None:
    made = at((TOKENIZED, FOLLOWING), (READ, pod(FOLLOWING)), asked("new"), limits=replace(FEW, pods=1))
    assert made.actions == ()


def test_count_at_work_makes_nobody_gather() -> None:
    limits = replace(FEW, gather_pods=1)
    made = at((TOKENIZED, FOLLOWING), (READ, pod(FOLLOWING)), asked("new"), limits=limits)
    assert kinds(made) == ["Launch"]


@pytest.mark.parametrize("there", [(TOKENIZED, FOLLOWING), (FOLLOWING,)], ids=["both Jobs", "the tokenizer is gone"])
def test_end_of_the_count_says_all_that_was_not_written(there: tuple[Job, ...]) -> None:
    made = at(there, (COUNTED,))
    assert [one.request for one in writes(made)] == [ONE, TWO]
    status = writes(made)[0].status
    check_status(status)
    assert (status["phase"], status["starts"], status["input"]["bytes"]) == ("Succeeded", 2, 10)
    assert status["tokens"] == {"path": f"work/{TOKENIZER}/u1", "shards": 1, "count": 3}
    since = to_time(NOW - 2)
    assert status["jobs"]["count"] == {"name": COUNT, "members": 2, "shards": 1, "parallelism": 1, "startedAt": since}
    times = {one["type"]: one["lastTransitionTime"] for one in status["conditions"]}
    assert (times["Tokenized"], times["Counted"]) == (since, to_time(NOW))


def test_both_jobs_go_when_all_members_have_ended() -> None:
    ended = [after(write.request, write) for write in writes(at((TOKENIZED, FOLLOWING), (COUNTED,)))]
    made = planned(*ended, jobs=(TOKENIZED, FOLLOWING), pods=(READ, well(FOLLOWING)), limits=FEW)
    assert kinds(made) == ["Collect", "Collect"]


def test_batch_whose_count_died_is_split_and_begins_with_the_tokenizer() -> None:
    dead = replace(FOLLOWING, failure=("BackoffLimitExceeded", ""), ended_at=NOW - 1)
    made = at((TOKENIZED, dead), (READ, pod(dead, exit_code=137, exit_reason="OOMKilled")))
    for write in writes(made):
        check_status(write.status)
        assert (write.status["phase"], write.status["batchLimit"], write.status["jobs"]) == ("Pending", 1, {})
    assert len(writes(made)) == 2


def test_report_that_says_nothing_of_the_input_is_broken() -> None:
    made = at((TOKENIZED, FOLLOWING), (well(FOLLOWING, counted(ONE), told(TWO)),))
    assert [(one.status["phase"], why(one.status)[1]) for one in writes(made)] == [
        ("Pending", "BatchSplit"),
        ("Succeeded", "Counted"),
    ]


def test_members_that_the_count_was_made_without_get_their_own() -> None:
    three = request("u3")
    there, without = job(ONE, TWO, three, name=TOKENIZER), job(ONE, stage="count", name=COUNT)
    read = well(there, *map(cut, (ONE, TWO, three)))
    (action,) = at((there, without), (read, pod(without)), three).actions
    assert isinstance(action, Launch)
    assert [one.uid for one in action.job.members] == ["u2", "u3"]
    assert action.job.name != COUNT


def test_two_counts_of_one_batch_do_not_both_follow_it() -> None:
    limits = replace(FEW, batch_bytes=25)
    four = [request(f"u{n}") for n in range(1, 5)]
    there = job(*four, name=TOKENIZER)
    made = planned(*four, jobs=(there,), pods=(well(there, *map(cut, four)),), limits=limits)
    assert kinds(made) == ["Follow", "Launch"]


def test_batch_that_finds_no_free_pod_is_written_down() -> None:
    other = asked("other", status=recorded(job="other"))
    busy = job(other, name="other")
    made = at((TOKENIZED, busy), (READ, pod(busy)), other, limits=replace(FEW, pods=1))
    assert [one.status["phase"] for one in writes(made)] == ["Counting", "Counting"]


def test_batches_that_are_done_together_do_not_mix() -> None:
    others = [asked(uid, status=of_two("another")) for uid in ("u0", "u11")]  # between the two, by age and uid
    there = job(*others, name="another")
    made = at((TOKENIZED, there), (READ, well(there, *map(cut, others))), *others)
    assert kinds(made) == ["Follow", "Follow"]
    batches = [[one.uid for one in action.job.members] for action in made.actions if isinstance(action, Follow)]
    assert sorted(batches) == [["u0", "u11"], ["u1", "u2"]]


def test_small_batches_that_are_done_together_share_a_count() -> None:
    three = asked("u3", status=recorded(job="another"))
    there = job(three, name="another")
    made = at((TOKENIZED, there), (READ, well(there, cut(three))), three, limits=replace(FEW, follow_members=3))
    (action,) = made.actions
    assert isinstance(action, Launch)
    assert [one.uid for one in action.job.members] == ["u1", "u2", "u3"]


def test_suspended_member_leaves_the_count_to_the_others() -> None:
    idle = request("u2", suspend=True)
    made = planned(ONE, idle, jobs=(TOKENIZED, FOLLOWING), pods=(READ, pod(FOLLOWING)), limits=FEW)
    write = only_write(made)
    assert (write.request.uid, write.status["phase"]) == ("u2", "Suspended")


def test_remark_names_the_job_that_goes_on() -> None:
    raw = {**ONE.status.raw, "conditions": [_held()]}
    held = replace(ONE, status=replace(ONE.status, raw=raw))
    made = planned(held, TWO, jobs=(TOKENIZED, FOLLOWING), pods=(READ, pod(FOLLOWING)), limits=FEW)
    assert only_write(made).status["conditions"][-1]["message"] == f"Job {COUNT} is at work."


def _held() -> dict[str, str]:
    since = to_time(NOW)
    words = {"reason": Reason.QUOTA_EXCEEDED, "message": "no pod", "lastTransitionTime": since}
    return {"type": "Succeeded", "status": "Unknown", **words}


@pytest.mark.parametrize(
    ("stage", "name", "waits"),
    [
        ("tokenize", TOKENIZER, True),
        ("count", COUNT, True),
        ("count", TOKENIZER, False),
        ("tokenize", COUNT, False),
        ("count", names.follower("another"), False),
    ],
)
def test_request_waits_for_its_tokenizer_and_for_what_follows(stage: names.Stage, name: str, waits: bool) -> None:
    assert ONE.status.waits_for(stage, name) == waits
    assert not asked("new").status.waits_for(stage, name)
