"""Every change of a request's status, one function each: old request in, whole new status out.

The status written is always the whole object, so a field that nobody mentions is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textmill import conditions
from textmill.actions import Note, Write
from textmill.errors import ADVICE, Reason, advice
from textmill.glimpses import Glimpse
from textmill.names import Stage
from textmill.request import COUNTING, FAILED, PENDING, SUCCEEDED, SUSPENDED, TOKENIZING, Request, to_time
from textmill.reuse import key

Raw = dict[str, Any]

PHASE_OF: dict[Stage, str] = {"tokenize": TOKENIZING, "count": COUNTING}


def _without_job(raw: Raw, stage: Stage | None) -> None:
    jobs = {name: job for name, job in (raw.get("jobs") or {}).items() if name != stage}
    raw["jobs"] = jobs


def job_record(name: str, members: int, at: float, *, shards: int = 1, parallelism: int = 1) -> Raw:
    """Return what a status says of a Job that was planned at this time."""
    told = {"name": name, "members": members, "shards": shards, "parallelism": parallelism}
    return {**told, "startedAt": to_time(at)}


def intend(raw: Mapping[str, Any], stage: Stage, job: Mapping[str, Any], now: float) -> Raw:
    """Record the Job that a stage is about to be given, as `job_record` tells of it."""
    new = dict(raw)
    new["phase"] = PHASE_OF[stage]
    new["startTime"] = raw.get("startTime") or job["startedAt"]
    new["starts"] = int(raw.get("starts") or 0) + 1
    new["jobs"] = {**(raw.get("jobs") or {}), stage: job}
    new.pop("retryAt", None)
    conditions.put(new, "Accepted", "True", now, reason="Started", message="The operator has taken the request.")
    conditions.put(new, "Succeeded", "Unknown", now, reason=PHASE_OF[stage], message=f"Job {job['name']} is at work.")
    return new


def grown(request: Request, stage: Stage, pods: int) -> Write:
    """Record that a stage's Job may have so many pods at once."""
    jobs = dict(request.status.raw.get("jobs") or {})
    jobs[stage] = {**jobs[stage], "parallelism": pods}
    return Write(request, {**request.status.raw, "jobs": jobs})


def tokenized(
    raw: Mapping[str, Any], observed: Mapping[str, Any], now: float, *, path: str, shards: int, count: int
) -> Raw:
    """Accept a tokenizer's reports; the request then waits for its count."""
    new = dict(raw)
    new["phase"] = COUNTING
    new["input"] = dict(observed)
    new["tokens"] = {"path": path, "shards": shards, "count": count}
    new["progress"] = {"percent": 50}
    for name in ("waiting",) if raw.get("timeRestarted") else ("batchLimit", "waiting"):
        new.pop(name, None)
    _without_job(new, "count")
    conditions.put(new, "Tokenized", "True", now, reason="Tokenized", message=f"{count} words in {shards} shard(s).")
    conditions.put(new, "Succeeded", "Unknown", now, reason="Tokenized", message="The words wait to be counted.")
    return new


def succeed(request: Request, result: Mapping[str, Any], now: float, reused: Mapping[str, Any] | None = None) -> Write:
    """End a request well, with its own result or with what a known one lends."""
    new = {**request.status.raw, **(reused or {})}
    new["result"] = dict(result)
    new["startTime"] = new.get("startTime") or to_time(now)
    _end(request, new, SUCCEEDED, now)
    how = "A known result for the same content and options was used." if reused else "The words are counted."
    reason = "Reused" if reused else "Counted"
    for kind in ("Accepted", "Tokenized") if reused else ():
        conditions.put(new, kind, "True", now, reason=reason, message=how)
    conditions.put(new, "Counted", "True", now, reason=reason, message=how)
    conditions.put(new, "Finished", "True", now, reason=SUCCEEDED, message="The request has its result.")
    conditions.put(new, "Succeeded", "True", now, reason=reason, message=how)
    words = f"{result.get('tokens', 0)} words, {result.get('distinctWords', 0)} distinct."
    label = key(request.spec)
    return Write(
        request, new, (Note("Normal", SUCCEEDED, f"{how} {words}"),), None if label == request.reuse_label else label
    )


def fail(request: Request, reason: Reason, message: str, now: float) -> Write:
    """End a request badly: the reason's word, what happened, and what to do."""
    new = dict(request.status.raw)
    _end(request, new, FAILED, now)
    text = f"{message.rstrip('.')}. {ADVICE[reason].hint}"
    conditions.put(new, "Finished", "True", now, reason=reason, message=text)
    conditions.put(new, "Succeeded", "False", now, reason=reason, message=text)
    return Write(request, new, (Note("Warning", reason, text),))


def refused(request: Request, message: str, now: float) -> Write:
    """End a request whose status the API does not take: the least that says so, and nothing of what was there."""
    text = f"{message.rstrip('.')}. {ADVICE[Reason.STATUS_REFUSED].hint}"
    new: Raw = {"phase": FAILED, "settled": True, "completionTime": to_time(now), "progress": {"percent": 0}}
    for kind, status in (("Finished", "True"), ("Succeeded", "False")):
        conditions.put(new, kind, status, now, reason=Reason.STATUS_REFUSED, message=text)
    return Write(request, new, (Note("Warning", Reason.STATUS_REFUSED, text),))


def _end(request: Request, new: Raw, phase: str, now: float) -> None:
    new["phase"] = phase
    new["settled"] = request.spec.notify is None
    new["completionTime"] = to_time(now)
    new["progress"] = {"percent": 100 if phase == SUCCEEDED else _percent(new)}
    for name in ("retryAt", "batchLimit", "waiting"):
        new.pop(name, None)


def _percent(raw: Raw) -> int:
    return int((raw.get("progress") or {}).get("percent") or 0)


def settle(request: Request) -> Write:
    """Mark an ended request as having nothing left to do, so that it leaves the operator's watch."""
    return Write(request, {**request.status.raw, "settled": True})


def attempt(request: Request, next_at: float) -> Write:
    """Write down that the end is about to be told, and when that is due again if nothing is heard."""
    told = dict(request.status.raw.get("notification") or {})
    told |= {"attempts": int(told.get("attempts") or 0) + 1, "retryAt": to_time(next_at + 0.999)}
    return Write(request, {**request.status.raw, "notification": told})


def unanswered(request: Request, message: str, next_at: float) -> Write:
    """Write down why an attempt to tell of the end has failed, and when the next is due."""
    told = {**_answered(request, message), "retryAt": to_time(next_at + 0.999)}
    return Write(request, {**request.status.raw, "notification": told})


def delivered(request: Request, now: float) -> Write:
    """Settle a request whose end was told."""
    told = {**_answered(request, "The receiver has taken it."), "deliveredAt": to_time(now)}
    new = {**request.status.raw, "settled": True, "notification": told}
    return Write(request, new, (Note("Normal", "Notified", f"Delivered at attempt {told['attempts']}."),))


def give_up(request: Request, message: str, now: float) -> Write:
    """Settle a request whose end nobody takes."""
    text = f"Given up: {message.rstrip('.')}."
    told = {**_answered(request, text), "gaveUpAt": to_time(now)}
    new = {**request.status.raw, "settled": True, "notification": told}
    return Write(request, new, (Note("Warning", "NotNotified", text),))


def _answered(request: Request, message: str) -> Raw:
    told = dict(request.status.raw.get("notification") or {})
    told.pop("retryAt", None)
    return {"attempts": 0, **told, "answered": told.get("attempts", 0), "message": message[:1024]}


def suspend(request: Request, now: float) -> Write:
    """Put a request aside: its Job is forgotten, its tokens are kept, its clock starts anew when it goes on."""
    new = dict(request.status.raw)
    new["phase"] = SUSPENDED
    new.pop("startTime", None)
    new["progress"] = {"percent": _percent(new)}
    _without_job(new, "tokenize" if request.status.tokens is None else "count")
    conditions.put(
        new, "Succeeded", "Unknown", now, reason=SUSPENDED, message="spec.suspend is true; set it to false to go on."
    )
    return Write(request, new, (Note("Normal", SUSPENDED, "Put aside until spec.suspend is false."),))


def resume(request: Request, now: float) -> Write:
    """Queue a suspended request again, where it stopped."""
    new = dict(request.status.raw)
    new["phase"] = PENDING if request.status.tokens is None else COUNTING
    conditions.put(new, "Succeeded", "Unknown", now, reason="Resumed", message="The request waits for its turn.")
    return Write(request, new, (Note("Normal", "Resumed", "Queued again."),))


def requeue(request: Request, why: str, message: str, now: float, **changes: Any) -> Write:
    """Queue the same stage again under another Job, with these fields of the status changed."""
    new = {**request.status.raw, **changes}
    stage: Stage = "tokenize" if new.get("tokens") is None else "count"
    new["phase"] = PENDING if stage == "tokenize" else COUNTING
    _without_job(new, stage)
    new["progress"] = {"percent": 0 if stage == "tokenize" else 50}
    if stage == "tokenize" and request.status.tokens is not None:
        conditions.put(new, "Tokenized", "False", now, reason=why, message="The words are cut out once more.")
    for name in [name for name, value in new.items() if value is None]:
        del new[name]
    conditions.put(new, "Succeeded", "Unknown", now, reason=why, message=message)
    return Write(request, new, (Note("Normal", why, message),))


def may_start_over(request: Request) -> bool:
    """Tell whether the request's time may begin anew, which it does once."""
    return not request.status.raw.get("timeRestarted")


def start_over(request: Request, now: float) -> Write:
    """Queue a request alone, with all of its time, after a pod that it shared has used up the time of all."""
    text = "The pod that it shared with other requests took too long; once more, alone and with the whole time."
    return requeue(request, "TimeRestarted", text, now, batchLimit=1, startTime=None, timeRestarted=True)


def retry(request: Request, reason: Reason, message: str, now: float, *, delay: float, again: bool = False) -> Write:
    """Count a failed attempt and queue the stage for later; `again` starts over from the input."""
    attempt = request.status.number("attempts") + 1
    text = f"Attempt {attempt} of {request.spec.retries + 1} failed: {message.rstrip('.')}. Next in {delay:.0f} s."
    changes: Raw = {"attempts": attempt, "retryAt": to_time(now + delay + 0.999)}
    if again:
        changes["tokens"] = None
    write = requeue(request, reason, text, now, **changes)
    return Write(request, write.status, (Note("Warning", reason, text),))


def remark(request: Request, reason: str, message: str, now: float) -> Write | None:
    """Say why a request that runs does not get on; None where that is said already."""
    text = f"{message.rstrip('.')}. {advice(reason)}"
    if _reason(request) == reason:
        return None
    new = dict(request.status.raw)
    conditions.put(new, "Succeeded", "Unknown", now, reason=reason, message=text)
    return Write(request, new, (Note("Warning", reason, text),))


def at_work(request: Request, job: str, now: float) -> Write | None:
    """Take a remark back once the Job of this name goes on, and let the clock run; None where there is no need."""
    if not advice(_reason(request)) and request.status.started_at is not None:
        return None
    new = {"startTime": to_time(now), **request.status.raw}
    text = f"Job {job} is at work."
    conditions.put(new, "Succeeded", "Unknown", now, reason=request.status.phase, message=text)
    return Write(request, new)


def held_up_by(request: Request) -> tuple[str, str]:
    """Return what the condition Succeeded says of why a request does not get on: reason and message."""
    told = conditions.succeeded(request.status.raw)
    return str(told.get("reason")), str(told.get("message"))


def _reason(request: Request) -> str:
    return held_up_by(request)[0]


def progress(request: Request, far: Mapping[str, Any]) -> Write:
    """Show how far a running request is."""
    return Write(request, {**request.status.raw, "progress": dict(far)})


def bytes_done(seen: Glimpse, stage: Stage, now: float) -> Raw:
    """Return the progress of a stage that was seen at work: each of the two is half, and only the end is 100."""
    part = 49 * seen.done // max(1, seen.total)
    return {
        "percent": part if stage == "tokenize" else 50 + part,
        "bytesDone": seen.done,
        "bytesTotal": seen.total,
        "bytesPerSecond": seen.rate,
        "observedAt": to_time(now),
    }
