"""How a request ends whose time is over: for what held it up where that is known, else because its time was over.

A pod that several requests share may use up the time of all of them; each then starts over once, alone and with all of
its time. What lies outside may be waited for as long as a request has time, so that is also where such waiting ends.
"""

from __future__ import annotations

from textmill import conditions, transitions
from textmill.actions import Write
from textmill.draft import Draft
from textmill.errors import Reason, advice
from textmill.request import Request

HELD_UP = (
    Reason.QUOTA_EXCEEDED,
    Reason.POD_REFUSED,
    Reason.IMAGE_NOT_PULLABLE,
    Reason.VOLUME_MISSING,
    Reason.INPUT_MISSING,
    Reason.VOLUME_FULL,
    Reason.VOLUME_UNAVAILABLE,
)
"""What a request may have waited for all its time: its end then has this reason, and not that its time was over."""


def on_time(draft: Draft, requests: list[Request], *, shared: bool = False) -> list[Request]:
    """Return the requests that have time left; end the others, or start them over where a pod they shared took it."""
    kept = []
    for one in requests:
        if not out_of_time(draft, one):
            kept.append(one)
        elif shared and transitions.may_start_over(one):
            draft.actions.append(transitions.start_over(one, draft.now))
        else:
            draft.actions.append(fail_late(one, draft.now))
    return kept


def out_of_time(draft: Draft, request: Request) -> bool:
    """Tell whether a request's time is over; where it is not, the next round comes when it is at the latest."""
    started = request.status.started_at
    if started is None:
        return False
    end = started + request.spec.timeout
    if draft.now < end:
        draft.wake(end)
    return draft.now >= end


def fail_late(request: Request, now: float) -> Write:
    """Fail a request whose time is over, for what held it up where that is known."""
    held = conditions.succeeded(request.status.raw)
    text = f"The request had {request.spec.timeout} s (spec.timeoutSeconds) and did not end in them"
    if advice(held.get("reason", "")):
        text += f"; it was held up by: {held['message']}"
    known = held.get("reason") in HELD_UP and held.get("status") == "Unknown"
    return transitions.fail(request, Reason(held["reason"]) if known else Reason.DEADLINE_EXCEEDED, text, now)
