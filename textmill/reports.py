"""How a worker tells its result without any credentials: report lines on standard output, sealed at the end.

One line a request (a line a request and shard for sharded input), each `@report ` and compact JSON. The seal
goes into the container's termination message, which Kubernetes caps at 4,096 bytes: the number of lines and
the SHA-256 over them, and the lines themselves where all of it fits. A container's log mixes standard output
with standard error and may be cut by rotation, so lines count only when the seal says that they are all
there, unaltered.

Outcomes: `done`; `failed` (this request's own fault or trouble: reason, message); `left` (not read: too big
for a batch or a shard, or not to be cut; the planner then plans again with what was learnt).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from textmill.errors import SealBroken

FORMAT = 1
PREFIX = "@report "
SEAL = "@seal "
MESSAGE_LIMIT = 4096
"""Bytes that Kubernetes keeps of one container's termination message."""

LEFT_TOO_BIG = "TooBig"
LEFT_NOT_SHARDABLE = "NotShardable"

Report = dict[str, Any]

_FIELDS: dict[str, tuple[dict[str, type], ...]] = {
    "done": ({"result": dict}, {"shard": int, "of": int, "input": dict, "tokens": int}),
    "failed": ({"reason": str, "message": str},),
    "left": ({"why": str, "bytes": int},),
}
"""What a report of each outcome must have, in one of these forms; more is allowed."""


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


def _parse(text: str) -> Report:
    try:
        report = json.loads(text.removeprefix(PREFIX))
    except (ValueError, RecursionError) as error:
        raise SealBroken(f"a report line is no JSON: {text[:120]!r}") from error
    if not isinstance(report, dict) or not isinstance(report.get("id"), str):
        raise SealBroken(f"a report line names no request: {text[:120]!r}")
    forms = _FIELDS.get(str(report.get("outcome")), ())
    if not any(all(isinstance(report.get(name), kind) for name, kind in form.items()) for form in forms):
        raise SealBroken(f"a report line has no known outcome with all its fields: {text[:120]!r}")
    return report


def _digest(lines: Iterable[str]) -> str:
    sha = hashlib.sha256()
    for one in lines:
        sha.update(one.encode())
        sha.update(b"\n")
    return sha.hexdigest()
