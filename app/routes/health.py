"""`/healthz`, `/readyz`, `/metrics`: what kubelets and Prometheus ask.

`/healthz` says that this process answers, and nothing of others: a cluster that is away must not get the API
restarted. `/readyz` says whether volume and cluster can be used; its answer is kept for a moment so that probes cost
the cluster nothing. A volume that is full is ready all the same: the page, downloads and deletes are the cure. Whether
uploads are let in stands in the body, in a metric and on the page.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field, replace

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.cluster import Away, ClusterError
from app.errors import AppError, VolumeFull
from app.room import Room, room
from app.tree import Tree
from app.volume import Space

_log = logging.getLogger("textmill.api")
health = Blueprint("health", __name__)


@dataclass
class _Kept:
    """The last answer of the readiness check; one thread asks while the others use what it found before."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    error: AppError | None = None
    space: Space | None = None


@health.get("/healthz")
def healthz() -> Response:
    """Say that this process answers."""
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> Response:
    """Say whether an upload would work now: the volume takes files, the Kubernetes API answers."""
    kept: _Kept = current_app.extensions.setdefault("textmill-ready", _Kept())
    with kept.lock:
        if time.monotonic() >= kept.until:
            kept.error, kept.space = _look(room())
            kept.until = time.monotonic() + room().settings.ready_cache_seconds
        error, space = kept.error, kept.space
    if error is not None or space is None:
        raise error or AppError("The volume was not looked at.")
    lack = space.lack()
    return jsonify(
        status="ok",
        uploads={"taken": not lack, **({"detail": lack} if lack else {})},
        free={"bytes": space.bytes, **({} if space.files is None else {"files": space.files})},
    )


@health.get("/metrics")
def metrics() -> Response:
    """Answer Prometheus."""
    return Response(generate_latest(room().metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _look(parts: Room) -> tuple[AppError | None, Space | None]:
    try:
        space = _space(parts)
        parts.metrics.free_bytes.set(space.bytes)
        parts.metrics.takes_uploads.set(not space.lack())
        parts.cluster.page(limit=1)
        if parts.volume.new:
            _note_namespace(parts)
    except AppError as error:
        return error, None
    return None, space


def _note_namespace(parts: Room) -> None:
    """Note on a volume that we have just made which namespace it is of: the sweep then need not guess."""
    try:
        Tree(parts.volume.root).pin(parts.cluster.namespace_uid())
    except Away:
        return  # the next look tries it again
    except (ClusterError, OSError) as error:
        _log.warning("the namespace's uid is not noted on the volume", extra={"error": str(error)})
    parts.volume.new = False


def _space(parts: Room) -> Space:
    """Look whether the volume can be used; one that is full can, since showing, giving and deleting are the cure."""
    try:
        parts.volume.check()
    except VolumeFull as error:
        return replace(parts.volume.space(), full=error.detail)
    return parts.volume.space()
