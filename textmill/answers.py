"""What is told of a request, over HTTP and on the command line alike: one pure function of the resource.

The shape is promised to callers: fields are added to it, never renamed or taken away. It is read leniently, since a
resource may be older than this code or may not have been seen by the operator yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textmill import conditions, request

Answer = dict[str, Any]


def answer(body: Mapping[str, Any]) -> Answer:
    """Return the public form of a ProcessingRequest."""
    meta, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    return {
        "name": meta["name"],
        "createdAt": meta.get("creationTimestamp"),
        "phase": status.get("phase") or request.PENDING,
        "progress": status.get("progress") or {"percent": 0},
        "conditions": conditions.of_people(status),
        "input": _input(spec.get("input") or {}, status.get("input") or {}),
        "result": status.get("result"),
    }


def failure(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return reason and message of a failed request, None for one that did not fail."""
    status = body.get("status") or {}
    if status.get("phase") != request.FAILED:
        return None
    why = conditions.succeeded(status)
    return str(why.get("reason") or "Failed"), str(why.get("message") or "")


def _input(asked: Mapping[str, Any], seen: Mapping[str, Any]) -> Answer:
    return {
        "name": asked.get("name") or _place(asked),
        "bytes": seen.get("bytes", asked.get("bytes")),
        "sha256": seen.get("sha256") or asked.get("upload") or asked.get("sha256"),
    }


def _place(asked: Mapping[str, Any]) -> str | None:
    if reference := asked.get("configMapKeyRef"):
        return f"{reference.get('name')}/{reference.get('key')}"
    return asked.get("path") or ("inline" if "inline" in asked else None)
