"""A ProcessingRequest as the domain sees it: what was asked (spec) and what is known (status).

Bodies come from the Kubernetes API, where the CRD has validated the spec and set its defaults; the status is
written by one writer, the operator. Parsing is lenient about what is absent, so an old object or a hand-made
status never stops the planner. Times are kept as the RFC 3339 strings of the API and read as seconds since
the epoch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from textmill import bodies
from textmill.cached import cached
from textmill.names import REUSE_LABEL, TRACE_ANNOTATION, Stage, follower
from textmill.traceparent import checked

Body = Mapping[str, Any]
Rank = tuple[int, Stage, float, str]

PENDING, SUSPENDED, TOKENIZING, COUNTING = "Pending", "Suspended", "Tokenizing", "Counting"
SUCCEEDED, FAILED = "Succeeded", "Failed"
Phase = Literal["Pending", "Suspended", "Tokenizing", "Counting", "Succeeded", "Failed"]
ENDS = (SUCCEEDED, FAILED)


def to_time(seconds: float) -> str:
    """Return seconds since the epoch as an RFC 3339 time in UTC, cut to whole seconds as Kubernetes writes it."""
    return _to_time(int(seconds))


@lru_cache(maxsize=64)  # one round writes the same moment thousands of times
def _to_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_time(text: str | None) -> float | None:
    """Return an RFC 3339 time as seconds since the epoch; None where there is none or it cannot be read."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


class Kept(NamedTuple):
    """What the operator keeps of an inline text, which may be 64 KiB: its size in bytes and its SHA-256."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, text: str) -> Kept:
        """Measure a text."""
        content = text.encode()
        return cls(len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class Input:
    """Where the text comes from: exactly one of upload, path, inline, config_map (name, key).

    inline: the text, or what is kept of it.
    """

    upload: str | None = None
    path: str | None = None
    inline: str | Kept | None = None
    config_map: tuple[str, str] | None = None
    sha256: str | None = None
    bytes: int | None = None

    @classmethod
    def parse(cls, body: Body) -> Input:
        """Read `spec.input`."""
        ref = body.get("configMapKeyRef")
        return cls(
            upload=body.get("upload"),
            path=body.get("path"),
            inline=body.get("inline"),
            config_map=(ref["name"], ref["key"]) if ref else None,
            sha256=body.get("sha256"),
            bytes=body.get("bytes"),
        )


@dataclass(frozen=True)
class Notify:
    """Who is to be told of the end: an address, and where in a Secret the signing secret stands."""

    url: str
    secret: str
    key: str = "secret"


@dataclass(frozen=True)
class Spec:
    """What was asked; the defaults are the CRD's."""

    input: Input
    encoding: str = "utf-8"
    errors: Literal["replace", "strict"] = "replace"
    top_words: int = 10
    priority: int = 0
    suspend: bool = False
    fresh: bool = False
    timeout: int = 3600
    retries: int = 2
    ttl: int | None = None
    notify: Notify | None = None

    @classmethod
    def parse(cls, body: Body) -> Spec:
        """Read `spec`."""
        told = body.get("notify")
        ref = told["secretRef"] if told else {}
        return cls(
            input=Input.parse(body.get("input", {})),
            encoding=body.get("encoding", cls.encoding),
            errors=body.get("errors", cls.errors),
            top_words=body.get("topWords", cls.top_words),
            priority=body.get("priority", cls.priority),
            suspend=body.get("suspend", cls.suspend),
            fresh=body.get("fresh", cls.fresh),
            timeout=body.get("timeoutSeconds", cls.timeout),
            retries=body.get("retries", cls.retries),
            ttl=body.get("ttlSecondsAfterFinished"),
            notify=Notify(told["url"], ref["name"], ref.get("key", Notify.key)) if told else None,
        )


@dataclass(frozen=True)
class Status:
    """What is known; `raw` is the status object as the API has it, and every change keeps it whole.

    What each round of planning asks of each request is read from `raw` once.
    """

    raw: Body = field(default_factory=dict)

    @cached
    def phase(self) -> str:
        """Return the phase, Pending where nothing was written yet."""
        phase: str = self.raw.get("phase") or PENDING
        return phase

    @cached
    def ended(self) -> bool:
        """Tell whether the request has its end."""
        return self.phase in ENDS

    @property
    def settled(self) -> bool:
        """Tell whether nothing is left to do for this request."""
        return bool(self.raw.get("settled"))

    def job(self, stage: Stage) -> str | None:
        """Return the recorded Job's name for a stage: the intent."""
        job = (self.raw.get("jobs") or {}).get(stage)
        return str(job["name"]) if job else None

    @cached
    def live_job(self) -> tuple[Stage, str] | None:
        """Return the stage and name of the Job that this request waits for, None where it waits for none."""
        stage = stage_of(self.phase)
        if stage == "count" and self.tokens is None:
            return None
        name = self.job(stage) if stage else None
        return (stage, name) if stage and name else None

    def waits_for(self, stage: Stage, name: str) -> bool:
        """Tell whether the request waits for this Job: it is recorded, or follows the tokenizer that is."""
        if self.live_job is None:
            return False
        recorded, live = self.live_job
        return (recorded, live) == (stage, name) or (recorded, stage, name) == ("tokenize", "count", follower(live))

    @cached
    def started_at(self) -> float | None:
        """Return when the first Job was recorded (since the last suspension)."""
        return from_time(self.raw.get("startTime"))

    @cached
    def retry_at(self) -> float:
        """Return the earliest time of the next start."""
        return from_time(self.raw.get("retryAt")) or 0.0

    @cached
    def tokens(self) -> tuple[str, int] | None:
        """Return where the tokens lie and in how many shards, None before they do."""
        tokens = self.raw.get("tokens")
        return (tokens["path"], tokens["shards"]) if tokens else None

    @property
    def observed_bytes(self) -> int | None:
        """Return the input's size as a worker saw it."""
        size = (self.raw.get("input") or {}).get("bytes")
        return int(size) if size is not None else None

    def number(self, name: str, default: int = 0) -> int:
        """Return one of the counters: starts, attempts, batchLimit."""
        return int(self.raw.get(name) or default)


@dataclass(frozen=True)
class Request:
    """One ProcessingRequest. `version` is its resourceVersion, `created` seconds since the epoch.

    trace: the traceparent that it came with. seen: the request as the API has it, where `status` is ahead of it:
    learnt in this round and not written yet.
    """

    uid: str
    name: str
    namespace: str
    version: str
    created: float
    spec: Spec
    status: Status = field(default_factory=Status)
    deleting: bool = False
    reuse_label: str | None = None
    trace: str | None = None
    seen: Request | None = None

    @classmethod
    def parse(cls, body: Body) -> Request:
        """Read a whole object of the API; BadObject where it is none that the definition allows."""
        found = bodies.read("request", body)
        meta = found["metadata"]
        return cls(
            uid=meta["uid"],
            name=meta["name"],
            namespace=meta["namespace"],
            version=meta["resourceVersion"],
            created=from_time(meta.get("creationTimestamp")) or 0.0,
            spec=Spec.parse(found["spec"]),
            status=Status(body.get("status") or {}),
            deleting=bool(meta.get("deletionTimestamp")),
            reuse_label=meta.get("labels", {}).get(REUSE_LABEL),
            trace=checked(meta.get("annotations", {}).get(TRACE_ANNOTATION)),
        )

    def without_text(self) -> Request:
        """Return the request with what is kept of its inline text in the text's place."""
        text = self.spec.input.inline
        if not isinstance(text, str):
            return self
        return replace(self, spec=replace(self.spec, input=replace(self.spec.input, inline=Kept.of(text))))

    def ahead(self, raw: Body) -> Request:
        """Return the request with a status that is still to be written."""
        return replace(self, status=Status(raw), seen=self)

    @cached
    def next_stage(self) -> Stage:
        """Return the stage that the request waits for when it waits for no Job."""
        return "tokenize" if self.status.tokens is None else "count"

    @cached
    def rank(self) -> Rank:
        """Return what orders the queue: priority, counts before tokenizers (as their names are), age."""
        return (-self.spec.priority, self.next_stage, self.created, self.uid)

    @cached
    def size(self) -> int | None:
        """Return the best known size in bytes: observed before hinted, None where nobody knows."""
        if self.status.observed_bytes is not None:
            return self.status.observed_bytes
        inline = self.spec.input.inline
        if inline is None:
            return self.spec.input.bytes
        return inline.bytes if isinstance(inline, Kept) else len(inline.encode())


def stage_of(phase: str) -> Stage | None:
    """Return the stage that a phase stands for."""
    return "tokenize" if phase == TOKENIZING else "count" if phase == COUNTING else None
