"""Containers beside the worker's, Jobs that others suspend, pods of nodes that are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import (
    LIMITS,
    NOW,
    after,
    counted,
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
from tests.planner.crd import check_status
from textmill.actions import Collect
from textmill.picture import Job, Pod
from textmill.request import to_time

ENDED = {"terminated": {"exitCode": 1, "reason": "Error", "message": "first\nno room"}}
RUNNING = {"running": {"startedAt": to_time(NOW - 5)}}


def parsed(early: dict[str, Any] | None = None, **states: Any) -> Pod:
    """Return a pod with containers in these states; `early` starts before them."""
    meta = {"uid": "u", "name": "n", "namespace": "t", "creationTimestamp": to_time(NOW - 90)}
    statuses = [{"name": name, "state": state} for name, state in states.items()]
    status = {"containerStatuses": statuses, "initContainerStatuses": [{"name": "early", "state": early or {}}]}
    return Pod.parse({"metadata": meta, "status": status, "spec": {"nodeName": "n7"}})


def test_the_workers_container_is_known_by_its_name() -> None:
    found = parsed(proxy=RUNNING, worker=ENDED)
    assert (found.exit_code, found.message, found.stays, found.beside) == (1, "first\nno room", True, True)
    assert parsed(proxy=ENDED, worker=RUNNING).exit_code is None
    assert parsed(proxy=ENDED).exit_code is None


def test_container_that_starts_before_lives_beside_but_ends_with_the_worker() -> None:
    found = parsed(RUNNING, worker=ENDED)
    assert (found.stays, found.beside, found.at_work) == (False, True, True)


def test_worker_that_waits_for_another_container_says_what_that_one_waits_for() -> None:
    initializing = {"waiting": {"reason": "PodInitializing"}}
    pulling = {"waiting": {"reason": "ImagePullBackOff", "message": "no"}}
    assert parsed(pulling, worker=initializing).waiting == ("ImagePullBackOff", "no")
    assert parsed(RUNNING, worker=initializing).waiting == ("PodInitializing", "")
    assert parsed(pulling, worker=RUNNING).waiting is None


def test_worker_that_failed_beside_a_proxy_fails_at_once_and_its_pod_counts() -> None:
    one, other = request(status=recorded(), retries=0), request("w", size=500)
    there = job(one)
    broken = replace(pod(there), exit_code=1, message="no room", stays=True, beside=True)
    made = planned(one, other, jobs=(there,), pods=(broken,), limits=replace(LIMITS, pods=1))
    assert kinds(made) == ["Write"]
    assert why(only_write(made).status) == ("False", "WorkerFailed")


def test_worker_that_failed_beside_what_ends_by_itself_is_left_to_its_job() -> None:
    one = request(status=recorded(), retries=0)
    there = job(one)
    assert planned(one, jobs=(there,), pods=(pod(there, exit_code=1, beside=True),)).actions == ()
    evicted = pod(there, exit_code=143, beside=True, stays=True, evicted=True)
    assert planned(one, jobs=(there,), pods=(evicted,)).actions == ()


def test_pod_whose_proxy_lives_on_counts_until_it_is_gone() -> None:
    one, other = request(status=recorded("count")), request("w", size=500)
    there = job(one, stage="count")
    through = replace(well(there, counted(one)), stays=True, beside=True)
    limits = replace(LIMITS, pods=1)
    assert kinds(planned(one, other, jobs=(there,), pods=(through,), limits=limits)) == ["Write"]
    unwanted = planned(other, jobs=(there,), pods=(through,), limits=limits)
    assert unwanted.actions == (Collect(there, idle=False),)
    orphan = planned(other, pods=(through,), limits=limits)
    assert orphan.actions == ()


def test_job_that_others_suspend_stops_the_clock_and_holds_nothing() -> None:
    one, other = request(status=recorded(started=3500)), request("w", size=500)
    there = job(one, suspended=True, age=3500)
    limits = replace(LIMITS, pods=1)
    write, launch = planned(one, other, jobs=(there,), limits=limits).actions
    assert kinds((write, launch)) == ["Write", "Launch"]
    stopped = after(one, only_write(planned(one, jobs=(there,))))
    check_status(dict(stopped.status.raw))
    assert why(stopped.status.raw) == ("Unknown", "JobSuspended")
    assert "startTime" not in stopped.status.raw
    assert planned(stopped, jobs=(there,), now=NOW + 9999).actions == ()
    resumed = replace(there, suspended=False)
    write = only_write(planned(stopped, jobs=(resumed,), pods=(pod(there),), now=NOW + 9999))
    assert why(write.status) == ("Unknown", "Tokenizing")
    assert write.status["startTime"] == to_time(NOW + 9999)


def test_suspended_job_is_read() -> None:
    body: dict[str, Any] = {
        "metadata": {
            "uid": "u",
            "name": "n",
            "namespace": "t",
            "annotations": {"textmill.dev/members": "[]"},
            "labels": {"textmill.dev/stage": "count"},
        },
        "spec": {"suspend": True},
    }
    assert Job.parse(body).suspended
    assert not Job.parse(body | {"spec": {}}).suspended


@pytest.mark.parametrize(("late", "expected"), [(299, []), (300, ["Write"])])
def test_job_that_is_deleted_on_a_lost_node_is_not_waited_for(late: float, expected: list[str]) -> None:
    one = request(status=recorded(), retries=1)
    there = job(one, deleting=True, age=999)
    made = planned(one, jobs=(there,), pods=(pod(there, age=999, deleted_at=NOW - late),))
    assert kinds(made) == expected


def test_pods_of_a_lost_node_hold_nothing_once_their_grace_is_over() -> None:
    unwanted, other = job(request("gone"), deleting=True, deleted_at=NOW - 300), request("w", size=500)
    limits = replace(LIMITS, pods=1)
    stuck = pod(unwanted, age=999, deleted_at=NOW - 299)
    assert kinds(planned(other, jobs=(unwanted,), pods=(stuck,), limits=limits)) == []
    lost = replace(stuck, deleted_at=NOW - 300)
    assert kinds(planned(other, jobs=(unwanted,), pods=(lost,), limits=limits)) == ["Launch"]
    assert kinds(planned(other, pods=(lost,), limits=limits)) == ["Launch"]
