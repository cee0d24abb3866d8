"""Pods that are not ours, or whose Job has gone: they do not take the places of those that work, or not for ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import LIMITS, NOW, job, kinds, planned, pod, request
from textmill.picture import Pod

OWNER = {"apiVersion": "batch/v1", "kind": "Job", "uid": "j", "controller": True}
ASKED = {"u1": None}
QUEUED = {"type": "Succeeded", "status": "Unknown", "reason": "Queued", "message": "", "lastTransitionTime": "x"}


def parsed(*owners: dict[str, Any], **meta: Any) -> Pod:
    """Return a pod with these owners that cannot be scheduled."""
    named = {"uid": "p", "name": "p", "namespace": "default", "ownerReferences": list(owners), **meta}
    return Pod.parse({"metadata": named, "status": {"phase": "Pending"}})


@pytest.mark.parametrize(
    "owners",
    [
        (),
        ({**OWNER, "controller": False},),
        ({**OWNER, "kind": "ReplicaSet", "apiVersion": "apps/v1"},),
        ({**OWNER, "apiVersion": "batch/v2"},),
    ],
    ids=["none", "no controller", "another kind", "another group"],
)
def test_pods_that_no_job_controls_leave_all_places_free(owners: tuple[dict[str, Any], ...]) -> None:
    strangers = tuple(
        replace(parsed(*owners, creationTimestamp="2027-01-15T08:00:00Z"), uid=f"p{number}") for number in range(16)
    )
    assert kinds(planned(request(), pods=strangers, lent=ASKED)) == ["Launch"]


def test_pods_of_an_unknown_job_hold_places_for_a_while() -> None:
    orphans = tuple(replace(parsed(OWNER), uid=f"p{number}", created=NOW - 1) for number in range(16))
    made = planned(request(status={"conditions": [QUEUED]}), pods=orphans, lent=ASKED)
    assert (kinds(made), made.wake_at) == ([], NOW - 1 + LIMITS.orphan_grace)
    assert kinds(planned(request(), pods=orphans, lent=ASKED, now=NOW + LIMITS.orphan_grace)) == ["Launch"]


def test_pods_that_are_to_be_deleted_hold_places_for_a_while_from_then_on() -> None:
    old = tuple(replace(parsed(OWNER), uid=f"p{number}", created=1.0, deleted_at=NOW) for number in range(16))
    assert kinds(planned(request(), pods=old, lent=ASKED)) == []


def test_job_that_is_never_gone_gives_its_places_back() -> None:
    stuck = job(request("other"), deleting=True, deleted_at=NOW - 1, parallelism=16, shards=16)
    assert kinds(planned(request(), jobs=(stuck,), lent=ASKED)) == []
    later = NOW + LIMITS.orphan_grace
    assert kinds(planned(request(), jobs=(stuck,), pods=(pod(stuck),), lent=ASKED, now=later)) == ["Launch"]


def test_indexes_that_a_job_does_not_have_free_no_places() -> None:
    stuck = job(request("other"), deleting=True, deleted_at=NOW)
    done = tuple(pod(stuck, index, exit_code=0, reports=()) for index in range(1, 9))
    made = planned(*(request(f"u{n}", size=200) for n in range(9)), jobs=(stuck,), pods=done, lent=None)
    assert len(kinds(made)) == LIMITS.pods
