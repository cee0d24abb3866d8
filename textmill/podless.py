"""Jobs that get no pod, or cannot be made: what is said of them, and when they give their claim to pods back.

A quota or an admission rule may refuse pods for days. For a while a Job keeps its place, since it goes on by itself
once there is room, and its namespace is given no other meanwhile. Then it is given up, and no attempt is counted: its
requests queue again after a pause that grows with their starts, so that others have their turn.
"""

from __future__ import annotations

from textmill import transitions
from textmill.draft import Draft
from textmill.errors import Reason
from textmill.picture import Job
from textmill.request import Request, from_time, to_time
from textmill.verdict import Stalled

REFUSED = (Reason.QUOTA_EXCEEDED, Reason.POD_REFUSED)
DOUBLINGS = 10


def without_pod(draft: Draft, job: Job, members: list[Request], stalled: Stalled | None) -> None:
    """Say why a Job has no pod, where that is known; queue its members again when that has lasted for long."""
    end = job.created + draft.limits.podless_grace
    if draft.now >= end:
        text = stalled.message if stalled else f"Job {job.name} got no pod"
        _queue_again(draft, members, stalled.reason if stalled else "NoPod", text)
        return
    draft.wake(end)
    if stalled:
        draft.stuck.add(job.namespace)
        remarks = (transitions.remark(one, stalled.reason, stalled.message, draft.now) for one in members)
        draft.actions.extend(one for one in remarks if one)


def refused(draft: Draft, members: list[Request]) -> bool:
    """Queue those again whose recorded Job the API has refused for long; tell whether that was so."""
    told = {one.uid: transitions.held_up_by(one) for one in members}
    if not any(reason in REFUSED for reason, _ in told.values()):
        return False
    live = members[0].status.live_job
    record = (members[0].status.raw.get("jobs") or {}).get(live[0] if live else "", {})
    end = (from_time(record.get("startedAt")) or 0.0) + draft.limits.podless_grace
    if draft.now < end:
        draft.wake(end)
        return False
    reason, text = next(one for one in told.values() if one[0] in REFUSED)
    _queue_again(draft, members, reason, text)
    return True


def _queue_again(draft: Draft, members: list[Request], reason: str, text: str) -> None:
    for one in members:
        pause = draft.limits.retry_delay * 2.0 ** min(one.status.number("starts"), DOUBLINGS)
        at = draft.now + min(draft.limits.retry_ceiling, pause)
        message = f"{text.rstrip('.')}. Queued again, for another try at {to_time(at + 0.999)}."
        draft.actions.append(transitions.requeue(one, reason, message, draft.now, retryAt=to_time(at + 0.999)))
