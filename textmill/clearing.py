"""Jobs that nobody waits for any more: which are collected now, which stay for a while, and what pods they still hold.

A pod is counted as long as it may be at work, and no longer: one whose Job is gone, or that should have been gone
itself, is held by something else after a while and must not keep others from starting for ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from textmill.actions import Collect
from textmill.draft import Draft
from textmill.picture import Job, Key, Pod

KEPT_OF_A_NAMESPACE, KEPT = 20, 200
"""Failed Jobs that stay for their logs, at most: of one namespace, and of all."""


def clear_away(draft: Draft, awaited: set[Key]) -> None:
    """Name Jobs that nobody waits for, and count pods that may still be at work though nobody waits for them."""
    known, kept = set(), []
    for key, job in draft.picture.jobs.items():
        known.add(job.uid)
        if key in awaited:
            continue
        pods = draft.picture.pods.get(job.uid, ())
        at_work = 0 if job.ended else may_work(job, pods)
        if job.deleting and draft.now >= job.deleted_at + draft.limits.orphan_grace:
            at_work = _lately(draft, pods)
        draft.hold(job.namespace, at_work)
        if job.deleting:
            continue
        if _kept(draft, job, pods):
            kept.append(job)
        else:
            draft.actions.append(Collect(job, idle=not at_work))
    draft.actions.extend(Collect(job, idle=True) for job in _too_many(kept))
    for uid, pods in draft.picture.pods.items():
        if uid and uid not in known:
            draft.hold(pods[0].namespace, _lately(draft, pods))


def _too_many(kept: Iterable[Job]) -> list[Job]:
    """Return the oldest of the failed Jobs beyond those that may stay."""
    of_each: Counter[str] = Counter()
    beyond = []
    for job in sorted(kept, key=lambda one: (one.ended_at, one.uid), reverse=True):
        if of_each[job.namespace] >= KEPT_OF_A_NAMESPACE or of_each.total() >= KEPT:
            beyond.append(job)
        else:
            of_each[job.namespace] += 1
    return beyond


def may_work(job: Job, pods: Sequence[Pod]) -> int:
    """Return how many pods of a Job that has not ended are or may yet be at work."""
    if job.suspended:
        return sum(pod.at_work for pod in pods)
    # Pods that ended badly may have successors that are not seen yet; only indexes that are done have none.
    done = {pod.index for pod in pods if pod.exit_code == 0}
    return max(0, min(job.parallelism, job.shards - len(done))) + beside(pods)


def beside(pods: Sequence[Pod]) -> int:
    """Return how many pods live on after their worker has ended well, since something else runs in them."""
    return sum(pod.exit_code == 0 and pod.at_work for pod in pods)


def _lately(draft: Draft, pods: Sequence[Pod]) -> int:
    """Return how many pods of a Job that is unknown or long gone may be at work: for a while after they were made."""
    ends = [max(pod.created, pod.deleted_at) + draft.limits.orphan_grace for pod in pods if pod.at_work]
    ahead = [end for end in ends if end > draft.now]
    draft.wake(min(ahead, default=None))
    return len(ahead)


def _kept(draft: Draft, job: Job, pods: Sequence[Pod]) -> bool:
    """Tell whether a Job stays for a while, so that people can read what its failed pods say."""
    if not job.ended or not (job.failure or any(pod.broken for pod in pods)):
        return False
    until = job.ended_at + draft.limits.keep_failed
    if draft.now < until:
        draft.wake(until)
    return draft.now < until
