"""What is left to do for a request that has ended: telling whoever asked for it, then letting it settle.

Level-based, as all of the planner: an attempt is written down before it is made, with the time of the next one, so
neither a crash nor a takeover makes a storm of it. An attempt whose answer nobody knows any more counts, and the
receiver gets the next under the same identity.
"""

from __future__ import annotations

from textmill import transitions
from textmill.actions import Notify, Write
from textmill.draft import Draft
from textmill.limits import Limits
from textmill.notices import Outcome
from textmill.request import Request, from_time


def after_end(draft: Draft, request: Request) -> None:
    """Ask for what an ended request still needs."""
    if request.spec.notify is None:
        draft.actions.append(transitions.settle(request))
        return
    told = request.status.raw.get("notification") or {}
    attempts, answered = int(told.get("attempts") or 0), int(told.get("answered") or 0)
    outcome = draft.picture.outcomes.get(request.uid)
    due = from_time(told.get("retryAt")) or 0.0
    if outcome and outcome.attempt == attempts > answered:
        draft.actions.append(_after_outcome(request, outcome, draft.limits, draft.now))
    elif due > draft.now:
        draft.wake(due)
    elif attempts >= draft.limits.notify_attempts:
        draft.actions.append(transitions.give_up(request, "No answer is known of the last attempt", draft.now))
    else:
        # Past the time that the attempt itself may take, the next one is due even if its answer is lost.
        pause = draft.limits.notify_timeout + _delay(draft.limits, attempts + 1)
        draft.actions.append(Notify(transitions.attempt(request, draft.now + pause)))


def _after_outcome(request: Request, outcome: Outcome, limits: Limits, now: float) -> Write:
    if outcome.end == "delivered":
        return transitions.delivered(request, now)
    if outcome.end == "gone" or outcome.attempt >= limits.notify_attempts:
        return transitions.give_up(request, outcome.message, now)
    delay = max(_delay(limits, outcome.attempt), min(outcome.retry_after, limits.notify_ceiling))
    return transitions.unanswered(request, outcome.message, now + delay)


def _delay(limits: Limits, attempts: int) -> float:
    return float(min(limits.notify_ceiling, limits.notify_delay * 2 ** (attempts - 1)))
