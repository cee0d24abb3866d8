"""What a request's trace says: one span from its creation to its end, and one for each stage, read off its status.

Nothing is remembered while a request runs: the times stand in the status, so the spans come out the same whichever
operator sees the end, and a restart in between loses none. Where the trace began (an upload, or whoever called that)
is noted on the resource, as W3C's traceparent.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from textmill.request import SUCCEEDED, Request, from_time

Attributes = dict[str, str | int]


class Span(NamedTuple):
    """A span to be: times in seconds since the epoch; failure is why it went badly, None where it did not."""

    name: str
    start: float
    end: float
    attributes: Attributes
    failure: str | None = None
    parts: tuple[Span, ...] = ()


def of_request(request: Request) -> Span:
    """Return the span of a request that has ended."""
    raw = request.status.raw
    conditions = {one["type"]: one for one in raw.get("conditions") or ()}
    end = from_time(raw.get("completionTime")) or request.created
    why = conditions.get("Succeeded", {})
    cut = conditions.get("Tokenized", {})
    cut_at = from_time(cut.get("lastTransitionTime")) if cut.get("status") == "True" else None
    parts = (_stage(raw, "tokenize", min(cut_at or end, end)), _stage(raw, "count", end))
    return Span(
        "process",
        request.created,
        max(end, request.created),
        _known(
            {
                "textmill.request": f"{request.namespace}/{request.name}",
                "textmill.uid": request.uid,
                "textmill.phase": request.status.phase,
                "textmill.reason": why.get("reason"),
                "textmill.bytes": (raw.get("input") or {}).get("bytes"),
                "textmill.tokens": (raw.get("result") or {}).get("tokens"),
                "textmill.attempts": raw.get("attempts"),
            }
        ),
        None if request.status.phase == SUCCEEDED else str(why.get("message") or request.status.phase),
        tuple(one for one in parts if one),
    )


def _stage(raw: Any, stage: str, end: float) -> Span | None:
    job: dict[str, Any] = (raw.get("jobs") or {}).get(stage) or {}
    start = from_time(job.get("startedAt"))
    if start is None:
        return None
    told = {f"textmill.job.{name}": job.get(name) for name in ("name", "members", "shards", "parallelism")}
    return Span(stage, start, max(end, start), _known(told))


def _known(attributes: dict[str, Any]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}
