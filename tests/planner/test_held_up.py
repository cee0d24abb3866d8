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
from textmill.picture import Trouble
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


UNPULLED: dict[str, Any] = {"waiting": ("ErrImagePull", "no")}
BACK_OFF: dict[str, Any] = {"waiting": ("ImagePullBackOff", "no")}


@pytest.mark.parametrize(
    ("sign", "age", "expected"),
    [
        (UNPULLED, 9, None),
        (UNPULLED, 10, ("Unknown", "ImageNotPullable")),
        (UNPULLED, 899, ("Unknown", "ImageNotPullable")),
        (UNPULLED, 900, ("False", "ImageNotPullable")),
        (BACK_OFF, 900, ("False", "ImageNotPullable")),
        (UNPULLED | {"pulling": NOW - 9}, 999, None),
        (UNPULLED | {"pulling": NOW - 899}, 999, ("Unknown", "ImageNotPullable")),
        (UNPULLED | {"pulling": NOW - 900}, 999, ("False", "ImageNotPullable")),
        ({"waiting": ("InvalidImageName", "no")}, 0, ("False", "ImageNotPullable")),
        ({"waiting": ("ErrImageNeverPull", "no")}, 0, ("False", "ImageNotPullable")),
        ({"waiting": ("ContainerCreating", "")}, 999, None),
        ({"waiting": ("PodInitializing", "")}, 999, None),
        ({"waiting": ("CreateContainerConfigError", "no")}, 9, None),
        ({"waiting": ("CreateContainerConfigError", "no")}, 10, ("Unknown", "ContainerNotStarted")),
        ({"unschedulable": NO_CLAIM}, 9, None),
        ({"unschedulable": NO_CLAIM}, 10, ("Unknown", "VolumeMissing")),
        ({"unschedulable": NO_CLAIM}, 899, ("Unknown", "VolumeMissing")),
        ({"unschedulable": NO_CLAIM}, 900, ("False", "VolumeMissing")),
        ({"unschedulable": "0/3 nodes are available"}, 9, None),
        ({"unschedulable": "0/3 nodes are available"}, 999, ("Unknown", "Unschedulable")),
        ({"deleted_at": NOW - 9}, 999, None),
        ({"deleted_at": NOW - 10}, 999, ("Unknown", "PodTerminating")),
        ({"deleted_at": NOW - 299}, 999, ("Unknown", "PodTerminating")),
        ({"deleted_at": NOW - 300}, 999, ("Unknown", "BatchSplit")),
    ],
)
def test_pod_that_cannot_start_is_told_of_and_fails_its_members_when_it_lasts(
    sign: dict[str, Any], age: float, expected: tuple[str, str] | None
) -> None:
    everyone = [request(f"u{n}", status=recorded(started=0), retries=5) for n in range(2)]
    there = job(*everyone, age=1000)
    made = planned(*everyone, jobs=(there,), pods=(pod(there, age=age, **sign),))
    writes = [write for write in made.actions if isinstance(write, Write)]
    for write in writes:
        check_status(write.status)
    assert [why(write.status) for write in writes] == ([expected] * 2 if expected else [])


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        (
            {"unschedulable": "0/3 nodes are available: 3 Insufficient cpu."},
            "0/3 nodes are available: 3 Insufficient cpu.",
        ),
        (
            {"waiting": ("CreateContainerConfigError", 'secret "x" not found')},
            'CreateContainerConfigError: secret "x" not',
        ),
        (
            {"deleted_at": NOW - 60, "node": "n7"},
            "Pod job-0 is being deleted and has not ended; node n7 must say so.",
        ),
    ],
)
def test_condition_carries_the_clusters_own_message_once_and_is_taken_back(sign: dict[str, Any], text: str) -> None:
    one = request(status=recorded(started=50))
    there = job(one, age=50)
    write = only_write(planned(one, jobs=(there,), pods=(pod(there, age=50, **sign),)))
    assert text in write.status["conditions"][-1]["message"]
    told = after(one, write)
    assert planned(told, jobs=(there,), pods=(pod(there, age=50, **sign),)).actions == ()
    back = only_write(planned(told, jobs=(there,), pods=(pod(there, age=50),)))
    assert why(back.status) == ("Unknown", "Tokenizing")


def test_one_pod_of_four_without_its_image_does_not_end_the_others_work() -> None:
    one = request(size=4000, status=recorded(started=100, shards=4, pods=4))
    there = job(one, shards=4, parallelism=4, age=100)
    pods = (pod(there, 3, age=100, **BACK_OFF), *(pod(there, n, age=100, started=NOW - 1) for n in range(3)))
    assert why(only_write(planned(one, jobs=(there,), pods=pods)).status) == ("Unknown", "ImageNotPullable")


@pytest.mark.parametrize(
    ("sign", "wake_at"),
    [
        (UNPULLED, NOW + 5),
        (UNPULLED | {"pulling": NOW - 2}, NOW + 8),
        ({"unschedulable": NO_CLAIM}, NOW + 5),
        ({"deleted_at": NOW - 2}, NOW + 8),
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


def test_pods_without_an_image_hold_no_others_up_but_as_many_as_the_limit_at_most() -> None:
    def free(stuck: int) -> int:
        held = [request(f"h{n}", status=recorded(job=f"j{n}"), size=500) for n in range(stuck)]
        jobs = tuple(job(one, name=f"j{n}") for n, one in enumerate(held))
        waiting = [request(f"w{n}", size=500, age=9 - n) for n in range(6)]
        made = planned(*held, *waiting, jobs=jobs, pods=tuple(pod(one, **BACK_OFF) for one in jobs))
        return kinds(made).count("Launch")

    assert [free(stuck) for stuck in (0, 3, LIMITS.pods, LIMITS.pods + 1, 2 * LIMITS.pods)] == [4, 4, 4, 3, 0]


@pytest.mark.parametrize("reason", ["ImageNotPullable", "VolumeMissing", "InputMissing", "VolumeFull"])
def test_end_of_time_has_the_reason_of_what_was_waited_for(reason: str) -> None:
    said = {"type": "Succeeded", "status": "Unknown", "reason": reason, "message": "so.", "lastTransitionTime": "x"}
    one = request(status=recorded(started=3600, conditions=[said]))
    there = job(one, age=3600)
    made = planned(one, jobs=(there,), pods=(pod(there, age=3600),))
    assert why(only_write(made).status) == ("False", reason)
