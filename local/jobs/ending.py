"""How and when a Job ends, and the conditions that say so.

The reasons and sentences are the real controller's: people, alerts and our own operator search for them.
A verdict that is stored (SuccessCriteriaMet, FailureTarget) is final, whatever the pods do afterwards.
Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from local import objects
from local.jobs import indexes, model, policy
from local.jobs.tally import Tally
from local.objects import Json


@dataclass(frozen=True)
class Ending:
    """Success or failure, with its reason and sentence."""

    success: bool
    reason: str
    message: str

    @property
    def event(self) -> model.Event:
        """The event that goes with the final condition."""
        if self.success:
            return model.Event("Normal", "Completed", "Job completed")
        return model.Event("Warning", self.reason, self.message)


def find(job: model.Job, own: Sequence[Json], tally: Tally, lost: frozenset[int], now: datetime) -> Ending | None:
    """The verdict on the Job as far as its failures and its time go."""
    stored = _stored(job)
    if stored is not None:
        return stored
    for pod in own:
        if model.phase(pod) == "Failed":
            verdict = policy.judge(job.rules, pod)
            if verdict.action == policy.FAIL_JOB:
                return Ending(False, "PodFailurePolicy", verdict.message)
    if tally.failed > job.backoff_limit or _restarted_too_often(job, own):
        return Ending(False, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    if _past_deadline(job, now):
        return Ending(False, "DeadlineExceeded", "Job was active longer than specified deadline")
    if job.max_failed_indexes is not None and len(lost) > job.max_failed_indexes:
        sentence = "Job has exceeded the specified maximal number of failed indexes"
        return Ending(False, "MaxFailedIndexesExceeded", sentence)
    if lost and len(lost) + len(tally.completed_indexes) >= (job.completions or 0):
        return Ending(False, "FailedIndexes", "Job has failed indexes")
    return None


def completion(job: model.Job, tally: Tally) -> Ending | None:
    """Success, once enough pods have succeeded and none is active any more."""
    if tally.active:
        return None
    wanted = job.completions
    if tally.succeeded > 0 if wanted is None else tally.succeeded >= wanted:
        return Ending(True, "CompletionsReached", "Reached expected number of succeeded pods")
    return None


def _stored(job: model.Job) -> Ending | None:
    for kind in ("SuccessCriteriaMet", "FailureTarget"):
        found = objects.condition(job.obj, kind)
        if found is not None and found.get("status") == "True":
            success = kind == "SuccessCriteriaMet"
            return Ending(success, str(found.get("reason") or ""), str(found.get("message") or ""))
    return None


def _restarted_too_often(job: model.Job, own: Sequence[Json]) -> bool:
    """Where containers restart in their pod, restarts are the failures."""
    if not job.restarts_in_place:
        return False
    restarts = 0
    for pod in own:
        if model.phase(pod) in ("Pending", "Running"):
            status = objects.status(pod)
            every = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
            restarts += sum(int(container.get("restartCount") or 0) for container in every)
    return restarts > 0 if job.backoff_limit == 0 else restarts >= job.backoff_limit


def _past_deadline(job: model.Job, now: datetime) -> bool:
    limit, start = job.spec.get("activeDeadlineSeconds"), job.status.get("startTime")
    if limit is None or start is None or job.suspended:
        return False
    resumed = objects.condition(job.obj, "Suspended")
    if resumed is not None and resumed.get("status") == "True":
        return False
    return now >= objects.parse_time(start) + timedelta(seconds=int(limit))


def lost_before(job: model.Job) -> frozenset[int]:
    """The failed indexes that the status remembers; their pods may be gone."""
    if job.per_index_limit is None:
        return frozenset()
    return indexes.parse(job.status.get("failedIndexes"))


def write_indexes(job: model.Job, status: Json, tally: Tally, lost: frozenset[int]) -> None:
    """Put the done and the failed indexes into the status of an Indexed Job."""
    if job.indexed:
        status.pop("completedIndexes", None)
        if tally.completed_indexes:
            status["completedIndexes"] = indexes.render(tally.completed_indexes)
    if job.per_index_limit is not None:
        status["failedIndexes"] = indexes.render(lost)


def show(conditions: list[Json], end: Ending, final: bool, now: datetime) -> list[Json]:
    """The conditions with the verdict in them: the interim one, or the final one."""
    kinds = ("SuccessCriteriaMet", "Complete") if end.success else ("FailureTarget", "Failed")
    return _with(conditions, now, kinds[final], "True", end.reason, end.message)


def suspension(job: model.Job, conditions: list[Json], now: datetime) -> tuple[list[Json], list[model.Event]]:
    """The Suspended condition, and an event where it changes."""
    was = next((entry for entry in conditions if entry.get("type") == "Suspended"), {}).get("status")
    if job.suspended and was != "True":
        shown = _with(conditions, now, "Suspended", "True", "JobSuspended", "Job suspended")
        return shown, [model.Event("Normal", "Suspended", "Job suspended")]
    if not job.suspended and was == "True":
        shown = _with(conditions, now, "Suspended", "False", "JobResumed", "Job resumed")
        return shown, [model.Event("Normal", "Resumed", "Job resumed")]
    return conditions, []


def _with(conditions: list[Json], now: datetime, kind: str, state: str, *words: str) -> list[Json]:
    """The conditions with one set; the words are its reason and message. One that says so already keeps its time."""
    if any(entry.get("type") == kind and entry.get("status") == state for entry in conditions):
        return conditions
    stamp = objects.format_time(now)
    entry = {
        "type": kind,
        "status": state,
        "lastProbeTime": stamp,
        "lastTransitionTime": stamp,
        "reason": words[0],
        "message": words[1],
    }
    return [*(old for old in conditions if old.get("type") != kind), entry]
