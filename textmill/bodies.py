"""The shapes of the Kubernetes objects that the planner looks at: of each, what is read of it and nothing else.

Whoever may create pods or Jobs in a namespace may write nearly anything into them. An object that does not fit is a
BadObject, which ends at that object. A field that is to be read must be named here first, since the others are left
out of what the parsers see.
"""

from __future__ import annotations

from typing import Any, Literal

from textmill.errors import BadObject
from textmill.names import STAGE_LABEL, Stage
from textmill.shapes import INT32, BadShape, Shape, flag, items, record, text, texts, whole
from textmill.status import STATUS

_TIME = text(64)
_NAMED = ("uid", "name", "namespace")


def _meta(*needed: str) -> Shape:
    owner = record(("uid",), uid=text(256), apiVersion=text(256), kind=text(256), controller=flag)
    return record(
        needed,
        uid=text(256),
        name=text(256),
        namespace=text(256),
        resourceVersion=text(64),
        creationTimestamp=_TIME,
        deletionTimestamp=_TIME,
        labels=texts,
        annotations=texts,
        ownerReferences=items(owner),
    )


_CONDITIONS = items(
    record(("type",), type=text(), status=text(), reason=text(), message=text(), lastTransitionTime=_TIME)
)
_STATE = record(
    running=record(startedAt=_TIME),
    waiting=record(reason=text(), message=text()),
    terminated=record(
        ("exitCode",), exitCode=whole(INT32, -INT32), reason=text(), message=text(), finishedAt=_TIME, startedAt=_TIME
    ),
)
_SPEC = record(
    input=record(
        upload=text(128),
        path=text(),
        inline=text(),
        configMapKeyRef=record(("name", "key"), name=text(253), key=text(253)),
        sha256=text(128),
        name=text(),
        bytes=whole(),
    ),
    encoding=text(64),
    errors=text(16),
    topWords=whole(100),
    priority=whole(INT32, -INT32),
    suspend=flag,
    fresh=flag,
    timeoutSeconds=whole(INT32, 1),
    retries=whole(INT32),
    ttlSecondsAfterFinished=whole(INT32),
    notify=record(("url", "secretRef"), url=text(), secretRef=record(("name",), name=text(253), key=text(253))),
)
_SHAPES: dict[str, Shape] = {
    "request": record(("metadata",), metadata=_meta(*_NAMED, "resourceVersion"), spec=_SPEC, status=STATUS),
    "Job": record(
        ("metadata",),
        metadata=_meta(*_NAMED),
        spec=record(completions=whole(INT32), parallelism=whole(INT32), suspend=flag),
        status=record(conditions=_CONDITIONS),
    ),
    "pod": record(
        ("metadata",),
        metadata=_meta(*_NAMED),
        spec=record(nodeName=text(253)),
        status=record(
            phase=text(),
            reason=text(),
            startTime=_TIME,
            conditions=_CONDITIONS,
            containerStatuses=items(record(name=text(), state=_STATE)),
            initContainerStatuses=items(record(name=text(), state=_STATE)),
        ),
    ),
}


def read(kind: Literal["request", "Job", "pod"], body: Any) -> dict[str, Any]:
    """Return what is read of an object of the API: metadata, spec and status; BadObject where it does not fit."""
    try:
        found: dict[str, Any] = {"spec": {}, "status": {}} | _SHAPES[kind](body)
    except BadShape as error:
        raise BadObject(f"the {kind} {called(body)}{error}") from error
    return found


def stage_of(meta: dict[str, Any]) -> Stage | None:
    """Return the stage that an object's label names, None where it names none."""
    label = meta.get("labels", {}).get(STAGE_LABEL)
    return label if label in ("tokenize", "count") else None


def called(body: Any) -> str:
    """Return namespace and name of an object of any shape, for people."""
    meta = body.get("metadata") if isinstance(body, dict) else None
    found = [meta.get(part) for part in ("namespace", "name")] if isinstance(meta, dict) else []
    return "/".join(one[:64] if isinstance(one, str) else "?" for one in found) or "without metadata"
