"""What is written of a request that waits for something outside: its turn, a volume, an input, somebody else.

None of it is an attempt. What is said is said once, for as long as it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from textmill import conditions
from textmill.actions import Note, Write
from textmill.errors import Wait, advice
from textmill.request import Request, to_time
from textmill.transitions import remark, requeue


def try_again(
    request: Request, reason: str, message: str, now: float, *, delay: float, told: Mapping[str, Any] | None = None
) -> Write:
    """Queue the stage for later without counting an attempt; `told` says for what, since when, and how often."""
    text = f"{message.rstrip('.')}. Next try in {delay:.0f} s. {advice(reason)}"
    write = requeue(request, reason, text, now, retryAt=to_time(now + delay + 0.999), waiting=told)
    return replace(write, notes=(Note("Warning", reason, text),))


def with_lines(write: Write, lines: str) -> Write:
    """Add a worker's last lines to the events of a write: there they outlive its pod."""
    if not lines:
        return write
    return replace(write, notes=tuple(replace(one, message=f"{one.message}\n{lines}") for one in write.notes))


def queued(request: Request, now: float) -> Write | None:
    """Say once that a request waits for its turn; None where anything is said already."""
    if conditions.succeeded(request.status.raw):
        return None
    write = remark(request, Wait.QUEUED, "The request waits for its turn", now)
    return replace(write, notes=()) if write else None


def stop_clock(request: Request, message: str, now: float) -> Write | None:
    """Say that somebody else has suspended the Job, and let no time pass meanwhile; None where that is done."""
    write = remark(request, Wait.JOB_SUSPENDED, message, now)
    started = "startTime" in request.status.raw
    if write is None and not started:
        return None
    new = {**(write.status if write else request.status.raw)}
    new.pop("startTime", None)
    return Write(request, new, (Note("Normal", Wait.JOB_SUSPENDED, message),) if write else ())
