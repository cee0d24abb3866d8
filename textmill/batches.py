"""Which requests share a pod, and what the Job of a group is told.

Small inputs share: many requests of one namespace, with the same time-out, in one pod. An input too big for
that gets a pod of its own, one bigger than a shard an Indexed Job over byte ranges (plain UTF-8 only). Sizes
are what a worker observed, else what the spec hints; an input whose size nobody knows rides in a batch, and
is left there unread if it proves too big. A hint is believed for as many shards as run at once: what is said to
be bigger is first looked at by one pod, since nobody else can tell whether the hint is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from textmill import reports
from textmill.actions import ConfigMapKey, JobPlan, Launch, Write
from textmill.limits import Limits
from textmill.names import Stage, job_name
from textmill.orders import TEXT_TO_COME, CountOrder, Order, Source, TokenizeOrder, inline_value
from textmill.picture import Member
from textmill.request import Request
from textmill.transitions import intend, job_record

WORD_REPORT_BYTES = 300
"""At most this much of a report line for each top word: 64 code points of 4 bytes, and its JSON around it."""
PLAIN_REPORT_BYTES = 1024
WORST_JSON_BYTES = 6
"""JSON writes a character in at most so many bytes: as an escape."""
PLAIN_ORDER_BYTES = 320
"""At most this much of an order beside its uid, its encoding's name and where its content is."""


class Company(NamedTuple):
    """What requests must have in common to share a pod; `cap` is how many may, `after` the tokenizer to be followed."""

    namespace: str
    stage: Stage
    timeout: int
    cap: int
    after: str = ""


def shardable(request: Request) -> bool:
    """Tell whether the input may be cut: plain UTF-8, and no worker has said otherwise."""
    learnt = request.status.raw.get("input") or {}
    return request.spec.encoding.lower() in ("utf-8", "utf8") and learnt.get("shardable", True) is not False


def shards_for(request: Request, limits: Limits) -> int:
    """Return into how many shards the tokenizer cuts this input (1: whole)."""
    size = request.size
    if size is None or size <= limits.shard_bytes or not shardable(request):
        return 1
    shards = min(limits.max_shards, -(-size // limits.shard_bytes))
    return shards if shards <= limits.shard_pods or request.status.observed_bytes is not None else 1


def company(request: Request, limits: Limits) -> Company:
    """Return whom a request may share its next pod with; found once for a request as it is, and remembered there.

    A queue asks for it in each round, of each that waits.
    """
    known: tuple[Limits, Company] | None = request.__dict__.get("company")
    if known is None or known[0] is not limits:
        known = limits, _company(request, limits)
        request.__dict__["company"] = known
    return known[1]


def _company(request: Request, limits: Limits) -> Company:
    size = request.size
    cap = limits.batch_members if size is None or size <= limits.small_bytes else 1
    cap = min(cap, request.status.number("batchLimit", cap))
    return Company(request.namespace, request.next_stage, request.spec.timeout, cap, followed(request, limits))


def followed(request: Request, limits: Limits) -> str:
    """Return the tokenizer that has just been read and whose batch is big enough to go on as a whole, else ''."""
    if request.seen is None:
        return ""
    job = request.seen.status.raw["jobs"]["tokenize"]
    return str(job["name"]) if int(job.get("members") or 1) >= limits.follow_members else ""


class Load:
    """Requests of one company that share a pod, up to a bound. full: no other could join them, were there one."""

    def __init__(self, common: Company, limits: Limits) -> None:
        self.members: list[Request] = []
        self.full = False
        self._cap, self._limits = common.cap, limits
        self._size = self._order_size = self._report_size = 0

    def take(self, one: Request) -> bool:
        """Take one more of the company; False where it goes past a bound. The first is taken, whatever its size."""
        sizes = one.size or 0, _order_bytes(one), PLAIN_REPORT_BYTES + WORD_REPORT_BYTES * one.spec.top_words
        self._size += sizes[0]
        self._order_size += sizes[1]
        self._report_size += sizes[2]
        limits = self._limits
        over = (
            self._size > limits.batch_bytes
            or self._order_size > limits.order_bytes
            or self._report_size > limits.report_bytes
        )
        self.full = bool(self.members and over)
        if not self.full:
            self.members.append(one)
            self.full = len(self.members) >= self._cap
            return True
        return False


def parallelism(request: Request, limits: Limits) -> int:
    """Return how many pods the next Job of this request can use as it starts: one where only it says what it needs."""
    if request.next_stage == "count" or request.status.observed_bytes is None:
        return 1
    return most_pods(shards_for(request, limits), limits)


def most_pods(shards: int, limits: Limits) -> int:
    """Return how many pods a Job over so many shards can use at once."""
    # One pod stays for small inputs, which would otherwise wait until a big one is through.
    return max(1, min(shards, limits.shard_pods, limits.pods - 1))


def launch(group: list[Request], limits: Limits, now: float, pods: int = 1) -> Launch:
    """Return the intents and the Job for requests that share a pod, or for one that gets several."""
    lead, stage = group[0], group[0].next_stage
    name = job_name(stage, lead.name, ((one.uid, one.status.number("starts") + 1) for one in group))
    shards = shards_for(lead, limits) if stage == "tokenize" else 1
    job = job_record(name, len(group), now, shards=shards, parallelism=pods)
    writes = tuple(Write(one.seen or one, intend(one.status.raw, stage, job, now)) for one in group)
    return Launch(plan_job(name, group, stage, job, limits), writes)


def plan_job(name: str, members: list[Request], stage: Stage, recorded: Mapping[str, Any], limits: Limits) -> JobPlan:
    """Return the Job of this name for these members, from what they have recorded of it."""
    lead = members[0]
    maps = [(one.uid, one.spec.input.config_map) for one in members if stage == "tokenize"]
    return JobPlan(
        name=name,
        namespace=lead.namespace,
        stage=stage,
        members=tuple(Member(one.uid, one.name) for one in members),
        orders=tuple(_order(one, stage, limits) for one in members),
        timeout=lead.spec.timeout,
        shards=int(recorded.get("shards") or 1),
        parallelism=int(recorded.get("parallelism") or 1),
        config_maps=tuple(ConfigMapKey(uid, *ref) for uid, ref in maps if ref),
    )


def merge_shards(found: list[reports.Report]) -> tuple[dict[str, Any], int, int]:
    """Join the reports of one request's shards: what was observed, the number of shards, the number of words."""
    first = min(found, key=lambda one: int(one["shard"]))
    observed = dict(first["input"])
    for name in {"invalidBytes", "textBytes"} & observed.keys():
        observed[name] = sum(int(one["input"].get(name) or 0) for one in found)
    return observed, int(first["of"]), sum(int(one["tokens"]) for one in found)


def _order_bytes(request: Request) -> int:
    """Return at most how many bytes the next order takes on a command line, without making it."""
    tokens, spec = request.status.tokens, request.spec
    if tokens:
        return PLAIN_ORDER_BYTES + WORST_JSON_BYTES * (len(request.uid) + len(tokens[0]))
    in_base64 = 0 if spec.input.inline is None else 4 * (request.size or 0) // 3
    characters = len(request.uid) + len(spec.input.path or "") + len(spec.encoding)
    return PLAIN_ORDER_BYTES + WORST_JSON_BYTES * characters + in_base64


def _order(request: Request, stage: Stage, limits: Limits) -> Order:
    if stage == "count":
        tokens = request.status.raw["tokens"]
        return CountOrder(request.uid, tokens["path"], int(tokens["shards"]), request.spec.top_words)
    return _tokenize_order(request, limits)


def _tokenize_order(request: Request, limits: Limits) -> TokenizeOrder:
    source, value = _source(request)
    return TokenizeOrder(
        id=request.uid,
        source=source,
        value=value,
        encoding=request.spec.encoding,
        errors=request.spec.errors,
        sha256=request.spec.input.sha256,
        leave_above=_leave_above(request, limits),
    )


def _leave_above(request: Request, limits: Limits) -> int | None:
    """Return above how many bytes a worker leaves this input unread, to have it planned again by its size."""
    size, bounds = request.size, []
    if size is None or size <= limits.small_bytes:
        bounds.append(limits.small_bytes)
    if size is not None and shardable(request) and shards_for(request, limits) == 1:
        bounds.append(limits.shard_bytes)
    return min(bounds, default=None)


def _source(request: Request) -> tuple[Source, str]:
    given = request.spec.input
    if given.upload is not None:
        return "upload", given.upload
    if given.path is not None:
        return "path", given.path
    if given.inline is not None:
        return "inline", inline_value(given.inline) if isinstance(given.inline, str) else TEXT_TO_COME
    return "configMap", request.uid
