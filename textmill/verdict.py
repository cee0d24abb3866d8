"""What has become of a Job: one pure judgement from its conditions and its pods.

A stage is done when, for each index, a container ended with 0 and its sealed reports are at hand; that is
seen in the pods a second or two before the Job says Complete. Failure is the Job's own word: a single failed
pod may yet be replaced. Only pods controlled by the Job's uid reach this module (`Picture.pods` is keyed by
it). The two may be of different age, so a Job that is over gets some seconds until its pods are seen to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textmill.errors import Reason
from textmill.glimpses import last_words
from textmill.limits import Limits
from textmill.picture import Job, Pod
from textmill.reports import Report

PULL_TROUBLE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


@dataclass(frozen=True)
class Running:
    """Still at work. look_at: when to judge again though nothing changed; done: indexes that have ended well."""

    look_at: float | None = None
    done: int = 0


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
    """All containers ended well; these pods' reports are still in their logs."""

    pods: tuple[Pod, ...]


@dataclass(frozen=True)
class Done:
    """All reports that count, by the request's uid. early: one shard has decided, and others may still be at work."""

    reports: dict[str, list[Report]]
    early: bool = False


@dataclass(frozen=True)
class Dead:
    """The Job gave no usable result. splits: whether its members should try again in smaller company."""

    reason: Reason
    message: str
    splits: bool = True


Verdict = Running | Stalled | Podless | Unread | Done | Dead


def judge(job: Job, pods: Sequence[Pod], limits: Limits, now: float) -> Verdict:
    """Judge one Job by its own pods."""
    winners = _winners(pods)
    if len(winners) >= job.shards:
        return _harvest([winners[index] for index in sorted(winners)])
    stopped = [pod for pod in winners.values() if _stops(pod)]
    if stopped:
        return _harvest(stopped, early=True)
    if job.ended:
        return _after_end(job, pods, limits, now)
    if not pods:
        return _podless(job, limits, now)
    return _pending_trouble(pods, limits, now) or Running(_next_look(pods, limits, now), len(winners))


def _winners(pods: Sequence[Pod]) -> dict[int, Pod]:
    winners: dict[int, Pod] = {}
    for pod in sorted(pods, key=lambda one: (one.broken is not None, one.finished, one.uid)):
        if pod.exit_code == 0:
            winners.setdefault(pod.index, pod)
    return winners


def _stops(pod: Pod) -> bool:
    """Tell whether one shard's reports alone decide: what cannot be read in one cannot be mended by the others."""
    return any(report["outcome"] != "done" for report in pod.reports or ())


def _harvest(winners: Sequence[Pod], *, early: bool = False) -> Verdict:
    unread = tuple(pod for pod in winners if pod.unread)
    if unread:
        return Unread(unread)
    broken = next((pod for pod in winners if pod.broken is not None), None)
    if broken:
        return Dead(Reason.REPORT_BROKEN, f"Pod {broken.name}: {broken.broken}")
    reports: dict[str, list[Report]] = {}
    for pod in winners:
        for report in pod.reports or ():
            reports.setdefault(report["id"], []).append(report)
    return Done(reports, early)


def _after_end(job: Job, pods: Sequence[Pod], limits: Limits, now: float) -> Verdict:
    """Judge a Job that is over without its reports; what is seen of its pods may be older than what is seen of it."""
    failed = [pod for pod in pods if pod.exit_code not in (None, 0) or pod.failed or pod.evicted]
    told = bool(job.failure and failed) and all(pod.ended for pod in pods)
    patience = job.ended_at + limits.pod_grace
    if now < patience and not told:
        return Running(patience, len(_winners(pods)))
    return _post_mortem(job, failed)


def _post_mortem(job: Job, failed: Sequence[Pod]) -> Dead:
    if job.failure is None:
        return Dead(Reason.POD_LOST, "The Job is complete, but its pods are gone and their reports with them")
    why, message = job.failure
    if why == "DeadlineExceeded":
        return Dead(Reason.DEADLINE_EXCEEDED, f"Job {job.name} was active longer than spec.timeoutSeconds allows")
    if not failed:
        return Dead(Reason.POD_LOST, f"Job {job.name} failed ({why}: {message}) and none of its pods is there to ask")
    last = max(failed, key=lambda pod: (pod.finished, pod.created, pod.uid))
    where = f"Pod {last.name}"
    if last.exit_reason == "OOMKilled":
        return Dead(Reason.OOM_KILLED, f"{where} used more memory than its limit")
    if last.evicted:
        return Dead(Reason.EVICTED, f"{where} was evicted from its node")
    if last.exit_code is None:
        return Dead(Reason.POD_LOST, f"{where} ended without its container's word")
    words = last_words(last.message) or "no last words"
    return Dead(Reason.WORKER_FAILED, f"{where} ended with exit code {last.exit_code}: {words[:300]}")


def _podless(job: Job, limits: Limits, now: float) -> Verdict:
    if now < job.created + limits.pod_grace:
        return Running(job.created + limits.pod_grace)
    if job.trouble is None:
        return Podless()
    return Stalled(job.trouble.reason, job.trouble.message)


def _pending_trouble(pods: Sequence[Pod], limits: Limits, now: float) -> Verdict | None:
    for pod in pods:
        if pod.waiting and _unpulled(pod) and now >= _pull_end(pod, limits):
            text = f"Pod {pod.name} waits with {pod.waiting[0]}: {pod.waiting[1][:300]}"
            return Dead(Reason.IMAGE_NOT_PULLABLE, text, splits=False)
        if _claim_missing(pod) and now >= pod.created + limits.claim_grace:
            return Dead(Reason.VOLUME_MISSING, f"Pod {pod.name}: {pod.unschedulable}", splits=False)
    return None


def _unpulled(pod: Pod) -> bool:
    return pod.waiting is not None and pod.waiting[0] in PULL_TROUBLE


def _pull_end(pod: Pod, limits: Limits) -> float:
    """Return when a pull has failed for too long; what its pod waited for a node or a volume is not counted."""
    return (pod.pulling or pod.created) + limits.image_grace


def _claim_missing(pod: Pod) -> bool:
    text = pod.unschedulable or ""
    return "persistentvolumeclaim" in text and "not found" in text


def _next_look(pods: Sequence[Pod], limits: Limits, now: float) -> float | None:
    looks = [_pull_end(pod, limits) for pod in pods if _unpulled(pod)]
    looks += [pod.created + limits.claim_grace for pod in pods if _claim_missing(pod)]
    return min((look for look in looks if look > now), default=None)
