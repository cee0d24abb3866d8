"""How a worker tells its result without any credentials: report lines on standard output, sealed at the end.

One line a request (a line a request and shard for sharded input), each `@report ` and compact JSON. The seal
goes into the container's termination message, which Kubernetes caps at 4,096 bytes: the number of lines and
the SHA-256 over them, and the lines themselves where all of it fits. A container's log mixes standard output
with standard error and may be cut by rotation, so lines count only when the seal says that they are all
there, unaltered.

Outcomes: `done`; `failed` (this request's own fault or trouble: reason, message); `left` (not read: too big
for a batch or a shard, not to be cut, or too slow beside others; the planner then plans again with what was learnt).
finds in it what the status can hold and nothing else: a sealed line that names its request and is otherwise of another
shape is read as `broken` (message), which concerns this request alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from textmill.errors import SealBroken
from textmill.shapes import INT32, BadShape, Shape, record, text, whole
from textmill.status import MEASURED, TOLD_INPUT, TOLD_RESULT

FORMAT = 1
PREFIX = "@report "
SEAL = "@seal "
MESSAGE_LIMIT = 4096
"""Bytes that Kubernetes keeps of one container's termination message."""

LEFT_TOO_BIG = "TooBig"
LEFT_NOT_SHARDABLE = "NotShardable"
LEFT_SLOW, LEFT_DOCUMENT, LEFT_COMPRESSED = "Slow", "Document", "Compressed"
"""It took longer than it may beside others, for what it is; only the pod can know that."""
LEFT_NO_TIME = "NoTime"
"""The batch had no time left for it."""

Report = dict[str, Any]

BROKEN = "broken"

_MEASURE = whole(MEASURED)
_CUT = record(
    ("shard", "of", "input", "tokens"), shard=whole(INT32), of=whole(INT32, 1), input=TOLD_INPUT, tokens=_MEASURE
)
_COUNTED = record(("result",), result=TOLD_RESULT, input=TOLD_INPUT, tokens=_MEASURE)
_FAILED = record(("reason", "message"), reason=text(256), message=text(4096))
_LEFT = record(("why", "bytes"), why=text(64), bytes=_MEASURE)


def done_tokens(uid: str, index: int, shards: int, observed: dict[str, Any], tokens: int) -> Report:
    """Report that one shard is tokenized.

    `observed` is what the worker saw of the whole input: bytes, encoding, compression where there is one,
    textBytes and invalidBytes (of this shard), and sha256, which only shard 0 computes over the whole input.
    """
    return {
        "id": uid,
        "outcome": "done",
        "shard": index,
        "of": shards,
        "input": observed,
        "tokens": tokens,
    }


def done_count(uid: str, result: dict[str, Any], *cut: Report) -> Report:
    """Report a counted request: `result` is what `status.result` will hold.

    `cut`: what the tokenizer reported, where one pod cut the text; the end of a request whose count followed its
    tokenizer at once then needs nothing of the tokenizer's pod.
    """
    told = {name: one[name] for one in cut for name in ("input", "tokens")}
    return {"id": uid, "outcome": "done", "result": result, **told}


def failed(uid: str, reason: str, message: str) -> Report:
    """Report that this one request cannot be done; the others of the batch are not concerned."""
    return {"id": uid, "outcome": "failed", "reason": reason, "message": message[:1024]}


def left(uid: str, why: str, observed_bytes: int) -> Report:
    """Report that the input was left unread, and how many bytes it has."""
    return {"id": uid, "outcome": "left", "why": why, "bytes": observed_bytes}


def line(report: Report) -> str:
    """Return the report's line, without its line end."""
    return PREFIX + json.dumps(report, ensure_ascii=False, separators=(",", ":"))


def seal(lines: Sequence[str]) -> str:
    """Return the termination message for these lines: at most MESSAGE_LIMIT bytes of UTF-8."""
    text = "".join(f"{one}\n" for one in lines)
    head = json.dumps({"format": FORMAT, "lines": len(lines), "sha256": _digest(lines)}, separators=(",", ":"))
    whole = f"{SEAL}{head}\n{text}"
    return whole if len(whole.encode()) <= MESSAGE_LIMIT else f"{SEAL}{head}\n"


def sealed_inside(message: str) -> bool:
    """Tell whether the termination message carries the lines itself, so that no log need be read."""
    return message.count("\n") > 1


def unseal(message: str, log: str = "") -> list[Report]:
    """Return the reports that the seal vouches for, from the message itself or from the pod's log.

    Raises SealBroken, saying what is wrong, when there is no seal or the lines do not fit it.
    """
    head, *inside = message.removesuffix("\n").split("\n")
    if not head.startswith(SEAL):
        raise SealBroken(f"no seal in the termination message: {head[:120]!r}")
    try:
        claim = json.loads(head.removeprefix(SEAL))
        count, digest, version = claim["lines"], claim["sha256"], claim["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SealBroken(f"unreadable seal: {head[:120]!r}") from error
    if version != FORMAT:
        raise SealBroken(f"report format {version!r}, this operator reads {FORMAT}: use one image for both")
    lines = [one for one in (inside or log.split("\n")) if one.startswith(PREFIX)]
    if len(lines) != count:
        raise SealBroken(f"{len(lines)} report lines where the seal says {count}")
    if _digest(lines) != digest:
        raise SealBroken("the report lines do not have the digest that the seal says")
    return [_parse(one) for one in lines]


def _parse(line: str) -> Report:
    try:
        report = json.loads(line.removeprefix(PREFIX))
    except (ValueError, RecursionError) as error:
        raise SealBroken(f"a report line is no JSON: {line[:120]!r}") from error
    if not isinstance(report, dict) or not isinstance(report.get("id"), str):
        raise SealBroken(f"a report line names no request: {line[:120]!r}")
    known = {"id": report["id"], "outcome": report.get("outcome")}
    try:
        found: Report = known | _form(report)(report)
    except BadShape as error:
        found = known | {"outcome": BROKEN, "message": f"the report{error}"}
    return found


def _form(report: Report) -> Shape:
    """Return the shape of a report of this outcome: what the status can hold of it."""
    match report.get("outcome"):
        case "done":
            return _COUNTED if "result" in report else _CUT
        case "failed":
            return _FAILED
        case "left":
            return _LEFT
    raise BadShape(" has no known outcome")


def _digest(lines: Iterable[str]) -> str:
    sha = hashlib.sha256()
    for one in lines:
        sha.update(one.encode("utf-8", "surrogatepass"))
        sha.update(b"\n")
    return sha.hexdigest()
