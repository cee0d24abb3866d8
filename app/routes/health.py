"""`/healthz`, `/readyz`, `/metrics`: what kubelets and Prometheus ask.

`/healthz` says that this process answers, and nothing of others: a cluster that is away must not get the API
restarted. `/readyz` says whether an upload would work now; its answer is kept for a moment so that probes cost the
cluster nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.errors import AppError
from app.room import Room, room

health = Blueprint("health", __name__)


@dataclass
class _Kept:
    """The last answer of the readiness check; one thread asks while the others use what it found before."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    error: AppError | None = None


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
            kept.error = _trouble(room())
            kept.until = time.monotonic() + room().settings.ready_cache_seconds
        error = kept.error
    if error is not None:
        raise error
    return jsonify(status="ok")


@health.get("/metrics")
def metrics() -> Response:
    """Answer Prometheus."""
    return Response(generate_latest(room().metrics.registry), content_type=CONTENT_TYPE_LATEST)


def _trouble(parts: Room) -> AppError | None:
    try:
        parts.volume.check()
        parts.cluster.page(limit=1)
    except AppError as error:
        return error
    return None
