"""Ends that somebody wants to be told of: attempts, their answers, and when the request may settle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.planner.build import LIMITS, NOW, counted, job, of, only_write, planned, recorded, request, well
from tests.planner.crd import check_status
from textmill.actions import Notify as Tell
from textmill.actions import Plan
from textmill.limits import Limits
from textmill.notices import Outcome
from textmill.picture import Picture
from textmill.planner import plan
from textmill.request import Notify, Request, to_time

HOOK = Notify("https://example.org/x", "hook")


def ended(**notification: Any) -> Request:
    """Return a request that has ended and whose end is to be told."""
    status = {"phase": "Succeeded", "settled": False, "notification": {"attempts": 0, **notification}}
    return request(status=status, notify=HOOK)


def after(one: Request, outcome: Outcome, limits: Limits = LIMITS) -> Plan:
    """Plan with what has come of the last attempt."""
    return plan(Picture.of([one], outcomes={one.uid: outcome}), limits, NOW)


def test_end_settles_only_once_it_is_told() -> None:
    one = request(status=recorded("count"), notify=HOOK)
    there = job(one, stage="count")
    status = of(planned(one, jobs=(there,), pods=(well(there, counted(one)),)), one)
    assert (status["phase"], status["settled"]) == ("Succeeded", False)


def test_attempt_is_written_down_with_the_time_of_the_next() -> None:
    (action,) = planned(ended()).actions
    assert isinstance(action, Tell)
    check_status(action.write.status)
    next_at = to_time(NOW + LIMITS.notify_timeout + LIMITS.notify_delay)
    assert action.write.status["notification"] == {"attempts": 1, "retryAt": next_at}
    assert action.write.status["settled"] is False


def test_attempt_whose_answer_is_not_known_yet_is_waited_for() -> None:
    made = planned(ended(attempts=1, retryAt=to_time(NOW + 9)))
    assert (made.actions, made.wake_at) == ((), NOW + 9)


def test_attempt_whose_answer_was_lost_is_made_again_in_its_time() -> None:
    (action,) = planned(ended(attempts=1, retryAt=to_time(NOW))).actions
    assert isinstance(action, Tell)
    assert action.write.status["notification"]["attempts"] == 2


def test_delivered_end_settles() -> None:
    write = only_write(after(ended(attempts=2, retryAt=to_time(NOW + 9)), Outcome(2, "delivered", "200")))
    check_status(write.status)
    told = write.status["notification"]
    assert (write.status["settled"], told["deliveredAt"], told["answered"]) == (True, to_time(NOW), 2)
    assert "retryAt" not in told
    assert [(note.type, note.reason) for note in write.notes] == [("Normal", "Notified")]


@pytest.mark.parametrize(
    ("attempt", "retry_after", "pause"),
    [(1, 0, 5), (2, 0, 10), (3, 60, 60), (4, 1e9, 3600), (11, 0, 3600)],
    ids=["first", "second", "as the receiver asks", "not as long as it asks", "ceiling"],
)
def test_failed_attempt_is_followed_by_another_after_a_pause(attempt: int, retry_after: float, pause: int) -> None:
    one = ended(attempts=attempt, retryAt=to_time(NOW + 9))
    write = only_write(after(one, Outcome(attempt, "failed", "no", retry_after)))
    check_status(write.status)
    assert write.status["settled"] is False
    assert write.status["notification"] == {
        "attempts": attempt,
        "answered": attempt,
        "message": "no",
        "retryAt": to_time(NOW + pause),
    }
    told = replace(one, status=replace(one.status, raw=write.status))
    again = after(told, Outcome(attempt, "failed", "no", retry_after))
    assert (again.actions, again.wake_at) == ((), NOW + pause)


@pytest.mark.parametrize(
    ("attempt", "outcome"),
    [(1, Outcome(1, "gone", "410")), (12, Outcome(12, "failed", "no"))],
    ids=["told not to", "the last attempt"],
)
def test_end_that_nobody_takes_settles_with_the_reason(attempt: int, outcome: Outcome) -> None:
    write = only_write(after(ended(attempts=attempt, retryAt=to_time(NOW + 9)), outcome))
    check_status(write.status)
    told = write.status["notification"]
    assert (write.status["settled"], told["gaveUpAt"]) == (True, to_time(NOW))
    assert told["message"] == f"Given up: {outcome.message}."
    assert [(note.type, note.reason) for note in write.notes] == [("Warning", "NotNotified")]


def test_lost_answer_of_the_last_attempt_settles_as_given_up() -> None:
    write = only_write(planned(ended(attempts=12, retryAt=to_time(NOW))))
    assert write.status["settled"] is True
    assert "No answer is known" in write.status["notification"]["message"]


def test_answer_to_an_earlier_attempt_says_nothing_of_the_last() -> None:
    made = after(ended(attempts=2, retryAt=to_time(NOW + 9)), Outcome(1, "delivered", "200"))
    assert made.actions == ()


def test_request_that_is_being_deleted_is_not_told_of() -> None:
    assert planned(replace(ended(), deleting=True)).actions == ()
