"""What has become of a Job: one pure judgement from its conditions and its pods.

A stage is done when, for each index, a container ended with 0 and its sealed reports are at hand; that is
seen in the pods a second or two before the Job says Complete. Failure is the Job's own word: a single failed
pod may yet be replaced. Only pods controlled by the Job's uid reach this module (`Picture.pods` is keyed by
it). The two may be of different age, so a Job that is over gets some seconds until its pods are seen to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textmill.containers import STARTING
from textmill.errors import Reason, Wait
from textmill.glimpses import last_lines, last_words
from textmill.limits import Limits
from textmill.picture import Job, Pod
from textmill.reports import Report

PULL_TROUBLE = ("ErrImagePull", "ImagePullBackOff")
NEVER_PULLED = ("InvalidImageName", "ErrImageNeverPull")
"""Time mends neither of them."""


@dataclass(frozen=True)
class Running:
    """Still at work. look_at: when to judge again though nothing changed; done: indexes that have ended well.

    trouble: why one of its pods does not get on. idle: pods that wait for an image or a claim.
    """

    look_at: float | None = None
    done: int = 0
    trouble: tuple[str, str] | None = None
    idle: int = 0


@dataclass(frozen=True)
class Suspended:
    """Nothing is done, by the Job's own spec.suspend, until somebody else takes that back."""

    message: str


@dataclass(frozen=True)
class Stalled:
    """No pod can be made, for the reason that the events tell; it goes on by itself when that is mended."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class Podless:
    """No pod for so long that the Job's events should be read."""


@dataclass(frozen=True)
class Unread:
    """All containers ended well; these pods' reports are still in their logs. trouble: why they stay there."""

    pods: tuple[Pod, ...]
    look_at: float | None = None
    trouble: tuple[str, str] | None = None


@dataclass(frozen=True)
class Unseen:
    """The Job is over and its pods are not in the picture: they should be listed before they are called lost."""


@dataclass(frozen=True)
class Done:
    """All reports that count, by the request's uid. early: one shard has decided, and others may still be at work."""

    reports: dict[str, list[Report]]
    early: bool = False


@dataclass(frozen=True)
class Dead:
    """The Job gave no usable result. splits: whether its members should try again in smaller company.

    counts: whether it is an attempt of a member that was alone. lines: the last ones that its worker told people.
    """

    reason: Reason | Wait
    message: str
    splits: bool = True
    counts: bool = True
    lines: str = ""


Verdict = Running | Suspended | Unseen | Stalled | Podless | Unread | Done | Dead


def judge(job: Job, pods: Sequence[Pod], limits: Limits, now: float) -> Verdict:
    """Judge one Job by its own pods."""
    winners = _winners(pods)
    if len(winners) >= job.shards:
        return _harvest([winners[index] for index in sorted(winners)], limits, now)
    stopped = [pod for pod in winners.values() if _stops(pod)]
    if stopped:
        return _harvest(stopped, limits, now, early=True)
    if job.ended:
        return _after_end(job, pods, limits, now)
    if job.suspended:
        return Suspended(
            f"Job {job.name} is suspended (its spec.suspend), by hand or by a queueing system such as Kueue"
        )
    # The Job waits until all of a pod has ended, so it never learns of a worker that failed beside what runs on.
    broken = [pod for pod in pods if pod.exit_code and pod.stays and not pod.evicted]
    if broken:
        return _cause(broken)
    if not pods:
        return _podless(job, limits, now)
    return _hopeless(pods, limits, now) or _running(pods, limits, now, len(winners))


def _winners(pods: Sequence[Pod]) -> dict[int, Pod]:
    winners: dict[int, Pod] = {}
    for pod in sorted(pods, key=lambda one: (one.broken is not None, one.finished, one.uid)):
        if pod.exit_code == 0:
            winners.setdefault(pod.index, pod)
    return winners


def _stops(pod: Pod) -> bool:
    """Tell whether one shard's reports alone decide: what cannot be read in one cannot be mended by the others."""
    return any(report["outcome"] != "done" for report in pod.reports or ())


def _harvest(winners: Sequence[Pod], limits: Limits, now: float, *, early: bool = False) -> Verdict:
    unread = tuple(pod for pod in winners if pod.unread)
    if unread:
        return _unread(unread, limits, now)
    broken = next((pod for pod in winners if pod.broken is not None), None)
    if broken:
        return Dead(Reason.REPORT_BROKEN, f"Pod {broken.name}: {broken.broken}")
    reports: dict[str, list[Report]] = {}
    for pod in winners:
        for report in pod.reports or ():
            reports.setdefault(report["id"], []).append(report)
    return Done(reports, early)


def _unread(pods: tuple[Pod, ...], limits: Limits, now: float) -> Verdict:
    """Wait for the logs; where one cannot be read for long the work is done again, which is nobody's failed attempt."""
    failing = [(pod.unreadable.since, pod, pod.unreadable.why) for pod in pods if pod.unreadable]
    if not failing:
        return Unread(pods)
    since, pod, why = min(failing, key=lambda one: one[0])
    text = f"Pod {pod.name} has ended well and its log cannot be read: {why[:300]}"
    if now >= since + limits.log_patience:
        return Dead(Wait.LOG_UNREADABLE, text, counts=False)
    if now < since + limits.pod_grace:
        return Unread(pods, since + limits.pod_grace)
    return Unread(pods, since + limits.log_patience, (Wait.LOG_UNREADABLE, text))


def _after_end(job: Job, pods: Sequence[Pod], limits: Limits, now: float) -> Verdict:
    """Judge a Job that is over without its reports; what is seen of its pods may be older than what is seen of it."""
    failed = [pod for pod in pods if pod.exit_code not in (None, 0) or pod.failed or pod.evicted]
    told = bool(job.failure and failed) and all(pod.ended for pod in pods)
    patience = job.ended_at + limits.pod_grace
    if now < patience and not told:
        return Running(patience, len(_winners(pods)))
    return _post_mortem(job, failed)


def _post_mortem(job: Job, failed: Sequence[Pod]) -> Verdict:
    late = job.failure is not None and job.failure[0] == "DeadlineExceeded"
    if not (failed or late or job.listed):
        return Unseen()
    if job.failure is None:
        return Dead(Reason.POD_LOST, "The Job is complete, but its pods are gone and their reports with them")
    why, message = job.failure
    if why == "DeadlineExceeded":
        return Dead(Reason.DEADLINE_EXCEEDED, f"Job {job.name} was active longer than spec.timeoutSeconds allows")
    if not failed:
        return Dead(Reason.POD_LOST, f"Job {job.name} failed ({why}: {message}) and none of its pods is there to ask")
    return _cause(failed)


def _cause(failed: Sequence[Pod]) -> Dead:
    """Return what the last of some failed pods died of."""
    last = max(failed, key=lambda pod: (pod.finished, pod.created, pod.uid))
    where = f"Pod {last.name}"
    if last.exit_reason == "OOMKilled":
        return Dead(Reason.OOM_KILLED, f"{where} used more memory than its limit")
    if last.evicted:
        return Dead(Reason.EVICTED, f"{where} was evicted from its node")
    if last.exit_code is None:
        return Dead(Reason.POD_LOST, f"{where} ended without its container's word")
    words = last_words(last.message) or "no last words"
    text = f"{where} ended with exit code {last.exit_code}: {words[:300]}"
    return Dead(Reason.WORKER_FAILED, text, lines=last_lines(last.message))


def _podless(job: Job, limits: Limits, now: float) -> Verdict:
    if now < job.created + limits.pod_grace:
        return Running(job.created + limits.pod_grace)
    if job.trouble is None:
        return Podless()
    return Stalled(job.trouble.reason, job.trouble.message)


def _hopeless(pods: Sequence[Pod], limits: Limits, now: float) -> Dead | None:
    """Return what ends a Job that has not ended: a pod that waits in vain, or has waited for too long."""
    for pod in pods:
        if pod.waiting and (pod.waiting[0] in NEVER_PULLED or (_unpulled(pod) and now >= _pull_end(pod, limits))):
            return Dead(Reason.IMAGE_NOT_PULLABLE, _told(pod), splits=False)
        if _claim_missing(pod) and now >= pod.created + limits.claim_grace:
            return Dead(Reason.VOLUME_MISSING, f"Pod {pod.name}: {pod.unschedulable}", splits=False)
        if lost(pod, limits, now):
            return Dead(Reason.POD_LOST, f"Pod {pod.name} was deleted and is not gone; {_where(pod)} does not answer")
    return None


def _running(pods: Sequence[Pod], limits: Limits, now: float, done: int) -> Running:
    """Return how a Job is at work, and what is to be said of a pod that does not get on."""
    looks = [_pull_end(pod, limits) for pod in pods if _unpulled(pod)]
    looks += [pod.created + limits.claim_grace for pod in pods if _claim_missing(pod)]
    looks += [pod.deleted_at + limits.terminating_grace for pod in pods if pod.deleted_at and not pod.ended]
    looks += [_begins(pod) + limits.pod_grace for pod in pods if _trouble(pod)]
    troubles = (_trouble(pod) for pod in pods if now >= _begins(pod) + limits.pod_grace)
    idle = sum(_unpulled(pod) or _claim_missing(pod) for pod in pods)
    return Running(
        min((look for look in looks if look > now), default=None), done, next(filter(None, troubles), None), idle
    )


def _trouble(pod: Pod) -> tuple[str, str] | None:
    """Return what a pod that has not ended waits for, as the scheduler or the kubelet tells it."""
    if pod.ended:
        return None
    if pod.deleted_at:
        return Wait.TERMINATING, f"Pod {pod.name} is being deleted and has not ended; {_where(pod)} must say so"
    if _claim_missing(pod):
        return Reason.VOLUME_MISSING, f"Pod {pod.name}: {pod.unschedulable}"
    if pod.unschedulable is not None:
        return Wait.UNSCHEDULABLE, f"Pod {pod.name}: {pod.unschedulable}"
    if _unpulled(pod):
        return Reason.IMAGE_NOT_PULLABLE, _told(pod)
    if pod.waiting and pod.waiting[0] not in STARTING:
        return Wait.NOT_STARTED, _told(pod)
    return None


def _begins(pod: Pod) -> float:
    """Return since when what a pod waits for may be trouble: some seconds of it are how pods start and end."""
    return pod.deleted_at or (pod.pulling if _unpulled(pod) else 0.0) or pod.created


def _told(pod: Pod) -> str:
    reason, message = pod.waiting or ("", "")
    return f"Pod {pod.name} waits with {reason}: {message[:300]}"


def _where(pod: Pod) -> str:
    return f"node {pod.node}" if pod.node else "its node"


def lost(pod: Pod, limits: Limits, now: float) -> bool:
    """Tell whether a pod should have been gone for so long that its node must be: it holds nothing any more."""
    return bool(pod.deleted_at) and not pod.ended and now >= pod.deleted_at + limits.terminating_grace


def _unpulled(pod: Pod) -> bool:
    return pod.waiting is not None and pod.waiting[0] in PULL_TROUBLE


def _pull_end(pod: Pod, limits: Limits) -> float:
    """Return when a pull has failed for too long; what its pod waited for a node or a volume is not counted."""
    return (pod.pulling or pod.created) + limits.image_grace


def _claim_missing(pod: Pod) -> bool:
    text = pod.unschedulable or ""
    return "persistentvolumeclaim" in text and "not found" in text
