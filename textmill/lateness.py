"""How a request ends whose time is over: for what held it up where that is known, else because its time was over.

What lies outside may be waited for as long as a request has time, so that is also where such waiting ends.
"""

from __future__ import annotations

from textmill import transitions
from textmill.actions import Write
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


def fail_late(request: Request, now: float) -> Write:
    """Fail a request whose time is over, for what held it up where that is known."""
    conditions = {one["type"]: one for one in request.status.raw.get("conditions") or ()}
    held = conditions.get("Succeeded", {})
    text = f"The request had {request.spec.timeout} s (spec.timeoutSeconds) and did not end in them"
    if advice(held.get("reason", "")):
        text += f"; it was held up by: {held['message']}"
    known = held.get("reason") in HELD_UP and held.get("status") == "Unknown"
    return transitions.fail(request, Reason(held["reason"]) if known else Reason.DEADLINE_EXCEEDED, text, now)
