"""What a Job's end means for one of its members: a result, the next stage, another try, or a failure.

A batch that died is split, at last to single requests; only a lone run counts as an attempt of that request,
so nobody pays for his company. A report names its own request's trouble and leaves the others alone.
"""

from __future__ import annotations

from dataclasses import replace

from textmill import transitions, waiting
from textmill.actions import Write
from textmill.batches import merge_shards
from textmill.errors import ADVICE, Reason
from textmill.layout import tokens
from textmill.limits import Limits
from textmill.picture import Job
from textmill.reports import (
    BROKEN,
    LEFT_COMPRESSED,
    LEFT_DOCUMENT,
    LEFT_NO_TIME,
    LEFT_NOT_SHARDABLE,
    LEFT_SLOW,
    Report,
)
from textmill.request import Request, from_time, to_time
from textmill.verdict import Dead

FROM_THE_INPUT = (Reason.ARTEFACT_INVALID, Reason.INPUT_CHANGED)
"""Reasons that would come again were the same tokens counted once more."""
REPLANNED = "Replanned"
FIRST_LOOK = 1.0
"""Seconds until the first look at whether something missing has come; the pause doubles with each."""
_SLOW = {LEFT_SLOW: "The text", LEFT_DOCUMENT: "The document", LEFT_COMPRESSED: "The compressed content"}


def after_reports(request: Request, job: Job, found: list[Report], limits: Limits, now: float) -> Write | Request:
    """Return what the reports that a finished Job gave for this member lead to; none at all is a broken report.

    Where that is its next stage, the request comes back ahead of what is written.
    """
    failed = next((one for one in found if one["outcome"] == "failed"), None)
    if failed:
        known = failed["reason"] in ADVICE
        reason = Reason(failed["reason"]) if known else Reason.WORKER_FAILED
        return after_failure(request, reason, str(failed["message"]), limits, now)
    left = next((one for one in found if one["outcome"] == "left"), None)
    if left:
        return _after_left(request, left, now)
    broken = next((one for one in found if one["outcome"] == BROKEN), None)
    if broken:
        return after_failure(request, Reason.REPORT_BROKEN, f"Job {job.name}: {broken['message']}", limits, now)
    follows = job.stage == "count" and request.status.tokens is None
    if not _whole(job, found, follows=follows):
        text = f"Job {job.name} gave {len(found)} reports of {job.shards} for this request, or of another stage"
        return after_death(request, len(job.members), Dead(Reason.REPORT_BROKEN, text), limits, now)
    if job.stage == "count":
        learnt = _caught_up(request, job, found[0]) if follows else request
        return replace(transitions.succeed(learnt, found[0]["result"], now), request=request)
    observed, shards, count = merge_shards(found)
    path = tokens(job.name, request.uid)
    return request.ahead(
        transitions.tokenized(request.status.raw, observed, now, path=path, shards=shards, count=count)
    )


def _whole(job: Job, found: list[Report], *, follows: bool) -> bool:
    """Tell whether these are the reports of all shards, of this Job's stage."""
    if job.stage == "count":
        needed = ("result", "input", "tokens") if follows else ("result",)
        return len(found) == job.shards and all(part in one for one in found for part in needed)
    shards = sorted(one.get("shard", -1) for one in found)
    return shards == list(range(job.shards)) and all(one["of"] == job.shards for one in found)


def _caught_up(request: Request, job: Job, report: Report) -> Request:
    """Return a request ahead by what was not written when its count followed its tokenizer."""
    before = request.status.live_job
    path = tokens(before[1] if before else "", request.uid)
    raw = transitions.tokenized(
        request.status.raw, report["input"], job.created, path=path, shards=1, count=report["tokens"]
    )
    record = transitions.job_record(job.name, len(job.members), job.created)
    return request.ahead(transitions.intend(raw, "count", record, job.created))


def after_death(request: Request, company: int, dead: Dead, limits: Limits, now: float) -> Write:
    """Return what the death of a Job with `company` members means for this one."""
    if not dead.splits:
        return transitions.fail(request, Reason(dead.reason), dead.message, now)
    if company > 1 and dead.reason == Reason.DEADLINE_EXCEEDED and transitions.may_start_over(request):
        return transitions.start_over(request, now)
    if company > 1:
        half = max(1, company // 2)
        text = f"{dead.message.rstrip('.')}. It was in a batch of {company}; next in one of at most {half}."
        return waiting.with_lines(transitions.requeue(request, "BatchSplit", text, now, batchLimit=half), dead.lines)
    if not dead.counts:
        return waiting.try_again(request, dead.reason, dead.message, now, delay=limits.retry_delay)
    return waiting.with_lines(after_failure(request, Reason(dead.reason), dead.message, limits, now), dead.lines)


def after_failure(request: Request, reason: Reason, message: str, limits: Limits, now: float) -> Write:
    """Return another try where that can help and is left, else the failure."""
    grace = _grace(reason, limits)
    if grace and (write := _wait(request, reason, message, grace, limits, now)):
        return write
    attempts = request.status.number("attempts")
    if not ADVICE[reason].retryable or attempts >= request.spec.retries:
        return transitions.fail(request, reason, message, now)
    delay = min(limits.retry_ceiling, limits.retry_delay * 2**attempts)
    return transitions.retry(request, reason, message, now, delay=delay, again=reason in FROM_THE_INPUT)


def _grace(reason: Reason, limits: Limits) -> float:
    """Return for how long what is missing may yet come, without that being an attempt."""
    if reason == Reason.INPUT_MISSING:
        return limits.input_grace
    return limits.volume_grace if reason in (Reason.VOLUME_FULL, Reason.VOLUME_UNAVAILABLE) else 0.0


def _wait(request: Request, reason: Reason, message: str, grace: float, limits: Limits, now: float) -> Write | None:
    """Return another look within the grace, each after a longer pause; None once the last of them was too late."""
    before = request.status.raw.get("waiting") or {}
    before = before if before.get("reason") == reason else {}
    since, tries = from_time(before.get("since")) or now, int(before.get("tries") or 0)
    left = since + grace - now
    if left <= 0:
        return None
    delay = min(FIRST_LOOK * 2 ** min(tries, 20), limits.retry_ceiling, left)
    told = {"reason": reason, "since": to_time(since), "tries": tries + 1}
    return waiting.try_again(request, reason, message, now, delay=delay, told=told)


def _after_left(request: Request, left: Report, now: float) -> Write:
    why = str(left["why"])
    if why in _SLOW:
        text = f"{_SLOW[why]} took longer than it may beside other requests; next in a pod of its own."
        return transitions.requeue(request, REPLANNED, text, now, batchLimit=1)
    if why == LEFT_NO_TIME:
        text = "The time that its pod had for several requests was over before its turn; next in another."
        return transitions.requeue(request, REPLANNED, text, now)
    learnt = {**(request.status.raw.get("input") or {}), "bytes": int(left["bytes"])}
    if why == LEFT_NOT_SHARDABLE:
        learnt["shardable"] = False
    text = f"The input has {left['bytes']} bytes; planned again with that in mind."
    return transitions.requeue(request, REPLANNED, text, now, input=learnt)
