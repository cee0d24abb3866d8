"""`GET /status`: who leads the operator, which namespaces it serves, and how many requests wait in ours.

It is for people who ask why nothing happens. Probes have `/readyz`, which must not turn red because no operator leads:
uploads are taken all the same. So a Lease that is missing is an error here alone.
"""

from __future__ import annotations

import time

from flask import Blueprint, Response, jsonify

from app import queueing
from app.room import room
from app.routes.requests import query

status = Blueprint("status", __name__)


@status.get("/status")
def told() -> Response:
    """Tell how the service stands, as the operator's Lease and the watch say it now."""
    query()
    parts = room()
    namespace = parts.cluster.namespace
    operator = parts.leader.ask().to_dict(namespace, time.time())
    response = jsonify({"namespace": namespace, "waiting": queueing.waiting(parts), "operator": operator})
    response.headers["Cache-Control"] = "no-store"
    return response
