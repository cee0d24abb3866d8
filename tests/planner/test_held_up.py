"""Jobs that do not get on: no pod, no image, no claim; what is said of them and when it is looked at again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import (
    LIMITS,
    NOW,
    after,
    job,
    kinds,
    only_write,
    planned,
    pod,
    recorded,
    request,
    why,
)
from tests.planner.crd import check_status
from textmill import transitions
from textmill.actions import Collect, Inspect, Launch, Write
from textmill.errors import Reason
from textmill.picture import Pod, Trouble
from textmill.request import to_time

NO_CLAIM = 'persistentvolumeclaim "textmill-data" not found'


def test_job_without_pods_has_its_events_read_after_a_while() -> None:
    one = request(status=recorded())
    early = planned(one, jobs=(job(one, age=9),))
    assert (early.actions, early.wake_at) == ((), NOW + 1)
    stuck = job(one, age=10)
    late = planned(one, jobs=(stuck,))
    assert (late.actions, late.wake_at) == ((Inspect(stuck),), NOW + 10)


QUOTA = Trouble(Reason.QUOTA_EXCEEDED, "exceeded quota: pods=4.")


def test_quota_is_remarked_once_and_taken_back_when_pods_come() -> None:
    one = request(status=recorded())
    stuck = job(one, age=59, trouble=QUOTA)
    write = only_write(planned(one, jobs=(stuck,)))
    check_status(write.status)
    assert (why(write.status), write.status["phase"]) == (("Unknown", "QuotaExceeded"), "Tokenizing")
    assert [(note.type, note.reason) for note in write.notes] == [("Warning", "QuotaExceeded")]
    told = after(one, write)
    assert planned(told, jobs=(stuck,)).actions == ()
    back = only_write(planned(told, jobs=(stuck,), pods=(pod(stuck),)))
    assert why(back.status) == ("Unknown", "Tokenizing")
    assert planned(after(one, back), jobs=(stuck,), pods=(pod(stuck),)).actions == ()


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.QUOTA_EXCEEDED, "QuotaExceeded"),
        (Reason.POD_REFUSED, "PodRefused"),
        (Reason.OOM_KILLED, "DeadlineExceeded"),
    ],
)
def test_end_of_time_names_what_held_the_request_up(reason: Reason, expected: str) -> None:
    one = request(status=recorded(started=3500))
    stuck = job(one, age=59, trouble=Trouble(reason, "so it was."))
    told = after(one, only_write(planned(one, jobs=(stuck,))))
    made = planned(told, jobs=(stuck,), now=NOW + 100)
    status = only_write(made).status
    assert why(status) == ("False", expected)
    assert status["conditions"][-1]["message"].startswith(
        "The request had 3600 s (spec.timeoutSeconds) and did not end in them; it was held up by: so it was. "
    )


UNPULLED, BACK_OFF = {"waiting": ("ErrImagePull", "no")}, {"waiting": ("ImagePullBackOff", "no")}


@pytest.mark.parametrize(
    ("sign", "age", "expected"),
    [
        (UNPULLED, 59, None),
        (UNPULLED, 60, "ImageNotPullable"),
        (BACK_OFF, 60, "ImageNotPullable"),
        (UNPULLED | {"pulling": NOW - 59}, 999, None),
        (UNPULLED | {"pulling": NOW - 60}, 999, "ImageNotPullable"),
        ({"waiting": ("ContainerCreating", "")}, 999, None),
        ({"unschedulable": NO_CLAIM}, 9, None),
        ({"unschedulable": NO_CLAIM}, 10, "VolumeMissing"),
        ({"unschedulable": "0/3 nodes are available"}, 999, None),
    ],
)
def test_pod_that_cannot_start_fails_its_members(sign: dict[str, Any], age: float, expected: str | None) -> None:
    everyone = [request(f"u{n}", status=recorded(started=0), retries=5) for n in range(2)]
    there = job(*everyone, age=1000)
    made = planned(*everyone, jobs=(there,), pods=(pod(there, age=age, **sign),))
    found = [why(write.status) for write in made.actions if isinstance(write, Write)]
    assert found == ([("False", expected)] * 2 if expected else [])


def test_pull_is_counted_from_when_the_node_can_pull() -> None:
    def pulling(**status: Any) -> float:
        meta = {"uid": "u", "name": "n", "namespace": "t", "creationTimestamp": to_time(NOW - 90)}
        return Pod.parse({"metadata": meta, "status": status}).pulling

    def sandbox(at: float) -> dict[str, Any]:
        return {"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": to_time(at)}

    assert pulling() == 0
    assert pulling(startTime=to_time(NOW - 30)) == NOW - 30
    assert pulling(startTime=to_time(NOW - 30), conditions=[sandbox(NOW - 10)]) == NOW - 10


@pytest.mark.parametrize(
    ("sign", "wake_at"),
    [
        (UNPULLED, NOW + 55),
        (UNPULLED | {"pulling": NOW - 2}, NOW + 58),
        ({"unschedulable": NO_CLAIM}, NOW + 5),
    ],
)
def test_pod_that_cannot_start_is_looked_at_again(sign: dict[str, Any], wake_at: float) -> None:
    one = request(status=recorded())
    there = job(one, age=5)
    made = planned(one, jobs=(there,), pods=(pod(there, age=5, **sign),))
    assert (made.actions, made.wake_at) == ((), wake_at)


def test_job_that_gets_no_pod_gives_its_claim_back_without_an_attempt() -> None:
    one, other = request(status=recorded(), retries=0), request("other", size=500, namespace="elsewhere")
    stuck, limits = job(one, age=60, trouble=QUOTA), replace(LIMITS, pods=1)
    write = only_write(planned(one, other, jobs=(stuck,), limits=limits))
    check_status(write.status)
    assert (write.status["phase"], why(write.status)) == ("Pending", ("Unknown", "QuotaExceeded"))
    assert ("attempts" in write.status, write.status["retryAt"]) == (False, to_time(NOW + 10.999))
    aside = after(one, write)
    (collect,) = planned(aside, other, jobs=(stuck,), limits=limits).actions
    assert collect == Collect(stuck)
    assert kinds(planned(aside, other, limits=limits)) == ["Launch"]
    assert kinds(planned(aside, now=NOW + 11)) == ["Launch"]


def test_pause_before_the_next_try_grows_with_the_starts_and_no_further_than_a_retrys() -> None:
    one = request(status=recorded(starts=30))
    write = only_write(planned(one, jobs=(job(one, age=60, trouble=QUOTA),)))
    assert write.status["retryAt"] == to_time(NOW + LIMITS.retry_ceiling + 0.999)


def test_job_that_is_refused_gives_its_claim_back_too() -> None:
    told = transitions.remark(request(status=recorded(started=60)), Reason.QUOTA_EXCEEDED, QUOTA.message, NOW - 60)
    assert told
    one = after(told.request, told)
    assert kinds(planned(one, now=NOW - 1)) == ["Recreate"]
    write = only_write(planned(one))
    assert (write.status["phase"], why(write.status)) == ("Pending", ("Unknown", "QuotaExceeded"))
    assert "attempts" not in write.status


def test_namespace_whose_pods_are_refused_starts_no_other_meanwhile() -> None:
    one, next_one = request(status=recorded()), request("next", size=500)
    told = after(one, only_write(planned(one, jobs=(job(one, age=59, trouble=QUOTA),))))
    elsewhere = request("else", size=500, namespace="elsewhere")
    (launch,) = planned(told, next_one, elsewhere, jobs=(job(one, age=59, trouble=QUOTA),)).actions
    assert isinstance(launch, Launch)
    assert launch.job.namespace == "elsewhere"
