"""Inputs that come late and volumes that are full for a while: waited for, without an attempt, within a grace."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import NOW, job, of, planned, recorded, request, well, why
from textmill import reports
from textmill.actions import Plan
from textmill.request import Request, Status, to_time

GRACES = {"InputMissing": 30, "VolumeFull": 900, "VolumeUnavailable": 900}


def told(one: Request, reason: str, now: float) -> dict[str, Any]:
    """Return the status after a worker has said this of the request."""
    there = job(one)
    made: Plan = planned(one, jobs=(there,), pods=(well(there, reports.failed("u1", reason, "no")),), now=now)
    return of(made, one)


@pytest.mark.parametrize(("reason", "grace"), GRACES.items())
def test_what_is_missing_is_waited_for_with_longer_pauses_and_costs_no_attempt(reason: str, grace: float) -> None:
    one, now, looks = request(status=recorded(), retries=0, timeout=7200), NOW, 0
    while True:
        status = told(one, reason, now)
        if status["phase"] == "Failed":
            break
        assert (why(status), status["phase"], status.get("attempts", 0)) == (("Unknown", reason), "Pending", 0)
        assert status["waiting"]["since"] == to_time(NOW)
        now += min(2.0**looks, 300, NOW + grace - now)
        looks += 1
        assert status["retryAt"] == to_time(now + 0.999)
        again = {**status, "phase": "Tokenizing", "jobs": recorded()["jobs"]}
        one = replace(one, status=Status(again))
    assert now == NOW + grace
    assert why(status) == ("False", reason)
    assert "waiting" not in status


def test_full_volume_is_an_attempt_once_its_grace_is_over() -> None:
    waiting = {"reason": "VolumeFull", "since": to_time(NOW - 900), "tries": 9}
    status = told(request(status=recorded(waiting=waiting)), "VolumeFull", NOW)
    assert (status["attempts"], status["phase"]) == (1, "Pending")


def test_another_trouble_has_its_own_grace() -> None:
    waiting = {"reason": "InputMissing", "since": to_time(NOW - 900), "tries": 9}
    status = told(request(status=recorded(waiting=waiting)), "VolumeFull", NOW)
    assert status["waiting"] == {"reason": "VolumeFull", "since": to_time(NOW), "tries": 1}


def test_request_whose_time_ends_meanwhile_says_what_it_waited_for() -> None:
    one = request(status=recorded(started=3599))
    waits = replace(one, status=Status(told(one, "InputMissing", NOW)))
    status = of(planned(waits, now=NOW + 1), one)
    assert why(status) == ("False", "InputMissing")
