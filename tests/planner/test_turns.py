"""What is decided about a request alone: time, suspension, retries, known results, its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import LIMITS, NOW, RESULT, after, job, kinds, only_write, planned, pod, recorded, request, why
from tests.planner.crd import check_status
from textmill import reuse
from textmill.actions import Collect, Launch, LookUp, Write
from textmill.conditions import of_people
from textmill.names import Stage
from textmill.request import Input, Request, to_time

UPLOAD = Input(upload="ab" * 32, bytes=10)
LENT = {
    "input": {"bytes": 10, "sha256": "ab" * 32},
    "tokens": {"path": "work/other/u9", "shards": 1, "count": 3},
    "result": RESULT,
}


def test_time_begins_with_the_first_start() -> None:
    assert kinds(planned(request(age=1e6))) == ["Launch"]
    running = request(status=recorded(started=3599))
    there = job(running)
    made = planned(running, jobs=(there,), pods=(pod(there),))
    assert (made.actions, made.wake_at) == ((), NOW + 1)


@pytest.mark.parametrize("stage", [None, "tokenize", "count"])
def test_time_over_fails_in_every_phase(stage: Stage | None) -> None:
    waiting = {"phase": "Pending", "startTime": to_time(NOW - 3600)}
    one = request(status=recorded(stage, started=3600) if stage else waiting)
    jobs = (job(one, stage=stage),) if stage else ()
    write = only_write(planned(one, jobs=jobs, pods=tuple(pod(there) for there in jobs)))
    check_status(write.status)
    assert why(write.status) == ("False", "DeadlineExceeded")
    assert (write.status["settled"], write.status["completionTime"]) == (True, to_time(NOW))
    assert [(note.type, note.reason) for note in write.notes] == [("Warning", "DeadlineExceeded")]


def test_member_whose_time_is_over_leaves_the_others_their_job() -> None:
    late, other = request("u1", status=recorded(started=3600)), request("u2", status=recorded())
    there = job(late, other)
    write = only_write(planned(late, other, jobs=(there,), pods=(pod(there),)))
    assert write.request.uid == "u1"


def test_retry_waits_for_its_time() -> None:
    one = request(status={"phase": "Pending", "retryAt": to_time(NOW + 7), "attempts": 1})
    made = planned(one)
    assert (made.actions, made.wake_at) == ((), NOW + 7)
    (action,) = planned(one, now=NOW + 7).actions
    assert isinstance(action, Launch)
    assert "retryAt" not in action.writes[0].status
    assert action.writes[0].status["attempts"] == 1


PHASES: dict[str, dict[str, Any]] = {
    "fresh": {},
    "Pending": {"phase": "Pending"},
    "Tokenizing": recorded(),
    "between": {"phase": "Counting", "tokens": {"path": "work/a/u1", "shards": 1, "count": 3}},
    "Counting": recorded("count"),
}


@pytest.mark.parametrize("phase", PHASES)
def test_suspended_request_lets_go_of_its_job_and_goes_on_where_it_was(phase: str) -> None:
    stage = "count" if phase in {"between", "Counting"} else "tokenize"
    one = request(status=PHASES[phase], suspend=True)
    there = job(one, stage="count" if stage == "count" else "tokenize")
    made = planned(one, jobs=(there,), pods=(pod(there),))
    write, collect = made.actions
    assert isinstance(write, Write)
    assert collect == Collect(there)
    check_status(write.status)
    assert (write.status["phase"], why(write.status)) == ("Suspended", ("Unknown", "Suspended"))
    assert stage not in write.status.get("jobs", {})
    assert "startTime" not in write.status
    aside = after(one, write)
    assert planned(aside).actions == ()
    back = only_write(planned(replace(aside, spec=replace(one.spec, suspend=False))))
    assert back.status["phase"] == ("Counting" if stage == "count" else "Pending")
    resumed = after(replace(one, spec=replace(one.spec, suspend=False)), back)
    (action,) = planned(resumed).actions
    assert isinstance(action, Launch)
    assert action.job.stage == stage
    assert action.writes[0].status["startTime"] == to_time(NOW)


def test_suspended_member_leaves_the_others_their_job() -> None:
    aside, other = request("u1", status=recorded(), suspend=True), request("u2", status=recorded())
    there = job(aside, other)
    write = only_write(planned(aside, other, jobs=(there,), pods=(pod(there),)))
    assert write.request.uid == "u1"


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_ended_request_is_settled_and_never_more(phase: str) -> None:
    one = request(status={"phase": phase, "startTime": to_time(0)}, suspend=True)
    write = only_write(planned(one))
    assert write.status == {"phase": phase, "startTime": to_time(0), "settled": True}
    assert planned(after(one, write)).actions == ()


def test_known_results_are_looked_up_before_a_start() -> None:
    one = request(given=UPLOAD)
    assert planned(one).actions == (LookUp("default", (one,)),)
    assert kinds(planned(one, lent={"u1": None})) == ["Launch"]


def test_fresh_request_is_worked_on_though_its_result_may_be_known() -> None:
    assert kinds(planned(request(given=UPLOAD, fresh=True))) == ["Launch"]


def test_known_result_ends_the_request() -> None:
    one = request(given=UPLOAD)
    write = only_write(planned(one, lent={"u1": LENT}))
    check_status(write.status)
    assert {name: write.status[name] for name in LENT} == LENT
    assert (write.status["phase"], why(write.status)) == ("Succeeded", ("True", "Reused"))
    assert write.status["startTime"] == write.status["completionTime"] == to_time(NOW)
    assert [one["type"] for one in of_people(write.status) if one["status"] == "True"] == [
        "Accepted",
        "Tokenized",
        "Counted",
        "Finished",
        "Succeeded",
    ]
    assert write.label == reuse.key(one.spec)


def test_only_those_about_to_start_are_looked_up() -> None:
    waiting = [request(f"u{n}", given=replace(UPLOAD, bytes=500), age=9 - n) for n in range(6)]
    made = planned(*waiting, limits=replace(LIMITS, pods=2))
    assert made.actions == (LookUp("default", (waiting[0],)), LookUp("default", (waiting[1],)))


def test_members_that_are_looked_up_do_not_hold_up_their_company() -> None:
    unknown, path = request("u1", given=UPLOAD, age=9), request("u2", age=8)
    look_up, launch = planned(unknown, path).actions
    assert look_up == LookUp("default", (unknown,))
    assert isinstance(launch, Launch)
    assert [one.uid for one in launch.job.members] == ["u2"]


@pytest.mark.parametrize(
    "one",
    [
        request(),
        request(given=Input(config_map=("a", "b"))),
        request(given=Input(inline="text", sha256="0" * 64)),
        request(given=UPLOAD, status=PHASES["between"]),
    ],
    ids=["path", "config map", "inline with another digest", "tokenized"],
)
def test_nothing_is_looked_up_where_reuse_is_not_allowed(one: Request) -> None:
    assert kinds(planned(one)) == ["Launch"]
