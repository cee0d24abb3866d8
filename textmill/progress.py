"""How far running requests are: whose log to look at next, and what the status then says.

Small files cost nothing here: a pod is looked at only once it has run for `progress_every` seconds, only where its Job
works for one request, and the longer it runs the more seldom. A status is written as seldom, so a file of a
hundred gigabytes costs some hundred writes, not thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textmill import glimpses, transitions
from textmill.actions import Peek, Write
from textmill.draft import Draft
from textmill.glimpses import Glimpse
from textmill.picture import Job, Pod
from textmill.request import Request, from_time

STEP = 5
"""Percent by which a sharded request of which nothing else is seen must have moved before its status is written."""
PEEKS_A_SECOND = 10
"""Logs that are looked at in a second, at most, over all pods."""


def peek(draft: Draft, job: Job, pods: Sequence[Pod]) -> None:
    """Ask for looks at the logs of a Job's pods that are due."""
    every = draft.limits.progress_every
    if not every or len(job.members) > 1:
        return
    least = max(every, len(draft.picture.pods) / PEEKS_A_SECOND)
    for pod in pods:
        if pod.started and not pod.ended:
            due = max(pod.started, pod.looked_at) + max(least, (draft.now - pod.started) * glimpses.PART)
            if draft.now >= due:
                draft.actions.append(Peek(pod))
            else:
                draft.wake(due)


def write(draft: Draft, request: Request, job: Job, pods: Sequence[Pod], done: int) -> Write | None:
    """Return what to write of how far a request is, None where that is written already or was a moment ago."""
    shown = request.status.raw.get("progress") or {}
    seen = _seen(request, job, pods)
    if seen is None:
        percent = 50 * done // job.shards
        return transitions.progress(request, {"percent": percent}) if percent >= _percent(shown) + STEP else None
    if shown.get("bytesDone") == seen.done and "bytesPerSecond" in shown:
        return None
    age = draft.now - (request.status.started_at or draft.now)
    due = (from_time(shown.get("observedAt")) or 0.0) + max(draft.limits.progress_every, age * glimpses.PART)
    if draft.now < due:
        draft.wake(due)
        return None
    return transitions.progress(request, transitions.bytes_done(seen, job.stage, draft.now))


def _seen(request: Request, job: Job, pods: Sequence[Pod]) -> Glimpse | None:
    """Add up what is seen of a request's pods; shards that are through count as their part of the whole."""
    running = [pod.glimpse for pod in pods if pod.glimpse and pod.glimpse.uid == request.uid and not pod.ended]
    if not running:
        return None
    if job.shards == 1:
        return max(running, key=lambda one: one.at)
    size = request.size or 0
    through = len({pod.index for pod in pods if pod.exit_code == 0})
    done = sum(one.done for one in running) + through * size // job.shards
    return Glimpse(request.uid, min(done, size), size, sum(one.rate for one in running))


def _percent(shown: Any) -> int:
    return int(shown.get("percent") or 0)
