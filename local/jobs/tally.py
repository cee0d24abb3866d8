"""Counting a Job's pods, each exactly once.

Two places remember a pod that has ended: its finalizer, while nobody has counted it, and then the Job's
status. A pod moves between them in steps that each can be repeated, so that a controller killed anywhere
counts none twice and loses none:
1. it has ended and carries the finalizer: its uid goes into `uncountedTerminatedPods` (a succeeded index
   goes into `completedIndexes`, which needs no uid);
2. that status is stored: its finalizer is removed;
3. the finalizer is seen to be gone: the uid becomes one more in `succeeded` or `failed`, in the same
   write that drops it. This holds as long as the pods looked at are no older than the Job looked at.
   Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local import objects
from local.jobs import indexes, model, policy
from local.objects import Json


@dataclass
class Tally:
    """The pods of a Job, sorted, and what its counters come to."""

    active: list[Json] = field(default_factory=list)
    terminating: list[Json] = field(default_factory=list)
    release: list[Json] = field(default_factory=list)
    held: list[Json] = field(default_factory=list)
    uncounted_succeeded: list[str] = field(default_factory=list)
    uncounted_failed: list[str] = field(default_factory=list)
    counted_succeeded: int = 0
    counted_failed: int = 0
    completed_indexes: frozenset[int] = frozenset()
    later_succeeded: int = 0
    later_failed: int = 0

    @property
    def succeeded(self) -> int:
        """Successes, including those that the status does not count yet."""
        return self.counted_succeeded + len(self.uncounted_succeeded) + self.later_succeeded

    @property
    def failed(self) -> int:
        """Failures, including those that the status does not count yet and those held back."""
        return self.counted_failed + len(self.uncounted_failed) + len(self.held) + self.later_failed

    @property
    def ready(self) -> int:
        """Active pods that are ready."""
        return sum(objects.condition_true(pod, "Ready") for pod in self.active)

    @property
    def settled(self) -> bool:
        """Whether every pod that has ended is in the counters."""
        waiting = self.uncounted_failed or self.uncounted_succeeded or self.held or self.release
        return not waiting and not self.later_succeeded and not self.later_failed


def failed(job: model.Job, pod: Json) -> bool:
    """Whether the pod is a failure: it failed, or it is being deleted and the Job does not wait for how that ends."""
    if model.phase(pod) == "Failed":
        return True
    return objects.deleting(pod) and model.phase(pod) != "Succeeded" and not job.replaces_only_failed


def take(job: model.Job, pods: Sequence[Json], limit: int, hold: Iterable[Json] = ()) -> Tally:
    """Sort the Job's pods; those in `hold`, and those past the limit, keep their finalizer and wait to be counted."""
    tally = Tally()
    kept = {objects.uid(pod) for pod in hold}
    by_uid = {objects.uid(pod): pod for pod in pods if model.tracked(pod)}
    _carry_over(job, tally, by_uid)
    known = {*tally.uncounted_succeeded, *tally.uncounted_failed}
    budget = limit
    for pod in pods:
        if model.active(pod):
            tally.active.append(pod)
            continue
        if not model.terminal(pod):
            tally.terminating.append(pod)
        if not model.tracked(pod) or objects.uid(pod) in known:
            continue
        if objects.uid(pod) in kept:
            tally.held.append(pod)
        else:
            budget -= _count(job, tally, pod, full=budget <= 0)
    return tally


def _carry_over(job: model.Job, tally: Tally, tracked: dict[str, Json]) -> None:
    """Start from the stored status: uids whose finalizer is gone become counts, the others still wait for that."""
    waiting = job.status.get("uncountedTerminatedPods") or {}
    tally.counted_failed = int(job.status.get("failed") or 0)
    tally.counted_succeeded = 0 if job.indexed else int(job.status.get("succeeded") or 0)
    if job.indexed:
        done = indexes.parse(job.status.get("completedIndexes"))
        tally.completed_indexes = frozenset(index for index in done if index < (job.completions or 0))
        tally.counted_succeeded = len(tally.completed_indexes)
    for uid in waiting.get("succeeded") or []:
        if uid in tracked:
            tally.uncounted_succeeded.append(uid)
            tally.release.append(tracked[uid])
        else:
            tally.counted_succeeded += 1
    for uid in waiting.get("failed") or []:
        if uid in tracked:
            tally.uncounted_failed.append(uid)
            tally.release.append(tracked[uid])
        else:
            tally.counted_failed += 1


def _count(job: model.Job, tally: Tally, pod: Json, *, full: bool) -> int:
    """Take in one pod that has ended and is still tracked; 1 if its uid took a place in the status."""
    if model.phase(pod) == "Succeeded":
        if not job.indexed:
            return _remember(tally, pod, full=full)
        tally.release.append(pod)
        index = model.index_of(pod)
        if index is not None and index < (job.completions or 0):
            tally.completed_indexes |= {index}
            tally.counted_succeeded = len(tally.completed_indexes)
        return 0
    if not failed(job, pod):
        return 0
    if model.phase(pod) == "Failed" and policy.judge(job.rules, pod).action == policy.IGNORE:
        tally.release.append(pod)
        return 0
    return _remember(tally, pod, full=full)


def _remember(tally: Tally, pod: Json, *, full: bool) -> int:
    success = model.phase(pod) == "Succeeded"
    if full:
        tally.later_succeeded += success
        tally.later_failed += not success
        return 0
    tally.release.append(pod)
    (tally.uncounted_succeeded if success else tally.uncounted_failed).append(objects.uid(pod))
    return 1
