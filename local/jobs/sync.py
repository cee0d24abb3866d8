"""From a Job, its pods and the time to a plan: the whole of the Job controller's judgement.

One look decides everything from what is stored, never from what the last look remembered, so it may be
repeated after any crash and on any picture. In order: how the Job ends, if it does (a verdict once stored
stays), which pods to make or delete, and the status that tells of the picture. A Job that has ended first
shows SuccessCriteriaMet or FailureTarget; Complete or Failed follows when its last pod is gone and
counted. Pure: the clock is an argument.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from local import objects
from local.jobs import backoff, ending, manage, model, refusals
from local.jobs.ending import Ending
from local.jobs.tally import Tally, take
from local.objects import Json

_QUIET = frozenset({"active", "ready", "terminating"})


def sync(obj: Json, pods: Sequence[Json], now: datetime, settings: model.Settings) -> model.Plan:
    """Look at a Job once."""
    job = model.Job(obj)
    own = sorted((pod for pod in pods if _controls(obj, pod)), key=_age)
    if job.spec.get("managedBy") not in (None, model.MANAGED_BY):
        return model.Plan(status=job.status)
    if objects.deleting(obj):
        return model.Plan(status=job.status, release=_tracked(own))
    if job.finished is not None:
        return _after_the_end(job, own, now)
    refused = refusals.find(job)
    if refused is not None:
        return _refuse(job, own, refused, now)
    return _judge(job, own, now, settings)


def _controls(job: Json, pod: Json) -> bool:
    owner = objects.controller(pod)
    return owner is not None and owner.get("uid") == objects.uid(job)


def _age(pod: Json) -> tuple[str, str]:
    return str(objects.meta(pod).get("creationTimestamp") or ""), objects.name(pod)


def _tracked(pods: Sequence[Json]) -> tuple[Json, ...]:
    return tuple(pod for pod in pods if model.tracked(pod))


def _after_the_end(job: model.Job, own: Sequence[Json], now: datetime) -> model.Plan:
    """Let go of what is left, and of the Job itself when its time is up."""
    plan = model.Plan(status=job.status, release=_tracked(own))
    ttl = job.spec.get("ttlSecondsAfterFinished")
    finished = job.finished or {}
    if ttl is None or not finished.get("lastTransitionTime"):
        return plan
    left = float(ttl) - (now - objects.parse_time(finished["lastTransitionTime"])).total_seconds()
    if left > 0:
        return model.Plan(status=plan.status, release=plan.release, requeue=left)
    return model.Plan(status=plan.status, release=plan.release, delete_job=True)


def _refuse(job: model.Job, own: Sequence[Json], refused: tuple[str, str], now: datetime) -> model.Plan:
    """End a Job that asks for what is not done here, without ever having run it."""
    end = Ending(success=False, reason=refused[0], message=refused[1])
    conditions = ending.show(ending.show([], end, final=False, now=now), end, final=True, now=now)
    doomed = tuple(pod for pod in own if model.active(pod))
    events = (model.Event("Warning", end.reason, end.message),)
    return model.Plan(status={**job.status, "conditions": conditions}, delete=doomed, events=events)


def _judge(job: model.Job, own: Sequence[Json], now: datetime, settings: model.Settings) -> model.Plan:
    """Plan for a Job that has not ended. A pod let go uncounted is no failure, however its deletion makes it end."""
    judged = [pod for pod in own if model.tracked(pod) or not objects.deleting(pod)]
    records = backoff.by_index(job, judged) if job.per_index_limit is not None else {}
    tally = take(job, own, settings.uncounted_per_sync)
    lost = frozenset(index for index, record in records.items() if record.lost) | ending.lost_before(job)
    lost -= tally.completed_indexes
    end = ending.find(job, judged, tally, lost, now)
    if end is None and records:
        hold = manage.held_back(records, tally, lost)
        tally = take(job, own, settings.uncounted_per_sync, hold)
    if end is None:
        steps = manage.steps(job, judged, tally, records=records, lost=lost, now=now, settings=settings)
    else:
        steps = manage.stop(tally)
    if end is None and steps.idle:
        end = ending.completion(job, tally)
    status, events = _status(job, tally, lost, end, now)
    due = _until_deadline(job, status, now) if end is None else None
    waits = [wait for wait in (steps.wait, due) if wait is not None]
    return model.Plan(
        status=status,
        create=steps.create,
        delete=steps.delete,
        delete_uncounted=steps.delete_uncounted,
        release=tuple(tally.release),
        events=events,
        requeue=min(waits, default=None),
        lazy=_only_quiet_news(job.status, status),
    )


def _status(
    job: model.Job, tally: Tally, lost: frozenset[int], end: Ending | None, now: datetime
) -> tuple[Json, tuple[model.Event, ...]]:
    """The status that this picture comes to, and the events that go with what is new in it."""
    status = {name: value for name, value in job.status.items() if name not in ("active", "succeeded", "failed")}
    conditions = list(status.pop("conditions", None) or [])
    if "startTime" not in status and not job.suspended:
        status["startTime"] = objects.format_time(now)
    numbers = {"active": len(tally.active), "succeeded": tally.counted_succeeded, "failed": tally.counted_failed}
    status.update({name: number for name, number in numbers.items() if number})
    status["ready"], status["terminating"] = tally.ready, len(tally.terminating)
    waiting = {"succeeded": tally.uncounted_succeeded, "failed": tally.uncounted_failed}
    status["uncountedTerminatedPods"] = {name: uids for name, uids in waiting.items() if uids}
    ending.write_indexes(job, status, tally, lost)
    events: list[model.Event] = []
    if end is None:
        conditions, events = ending.suspension(job, conditions, now)
        if any(event.reason == "Resumed" for event in events):
            status["startTime"] = objects.format_time(now)
    else:
        final = tally.settled and not tally.active and not tally.terminating
        conditions = ending.show(conditions, end, final=False, now=now)
        if final:
            conditions = ending.show(conditions, end, final=True, now=now)
            events.append(end.event)
            if end.success:
                status["completionTime"] = objects.format_time(now)
    if conditions:
        status["conditions"] = conditions
    return status, tuple(events)


def _until_deadline(job: model.Job, status: Json, now: datetime) -> float | None:
    limit = job.spec.get("activeDeadlineSeconds")
    if limit is None or job.suspended or "startTime" not in status:
        return None
    due = objects.parse_time(status["startTime"]) + timedelta(seconds=int(limit))
    return max(0.0, (due - now).total_seconds())


def _only_quiet_news(old: Json, new: Json) -> bool:
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    return bool(changed) and changed <= _QUIET
