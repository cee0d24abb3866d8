"""Takes a result that is lost or damaged out of what is lent to new requests.

The operator, which has no hands on the volume, finds known results by a label on finished requests. Whoever finds a
result's files gone takes that label off, from all requests that name these files: only metadata is written, guarded by
uid and resourceVersion. What is missed here (another writer came first, the cluster is away) is found again by the next
call or the next sweep.
"""

from __future__ import annotations

import logging
from typing import Any

from app.cluster import Body, Cluster, ClusterError, Conflict, NotFound
from textmill.names import REUSE_LABEL

MOST = 1000
"""Labels that one call takes off; the sweep finds the others."""
PAGE = 100
_log = logging.getLogger("textmill.reuse")


def withdraw(cluster: Cluster, body: Body) -> int:
    """Take the label off all requests that name the same table as this one; return how many."""
    key, path = label(body), table(body).get("path")
    if not key or not path:
        return 0
    done, token = 0, ""
    try:
        while done < MOST:
            page = cluster.page(labels=f"{REUSE_LABEL}={key}", limit=PAGE, token=token)
            done += sum(take_off(cluster, one) for one in page.items if table(one).get("path") == path)
            token = page.token
            if not token:
                break
    except ClusterError as error:
        _log.warning("a lost result is still lent", extra={"path": path, "detail": error.detail})
    _log.info("a lost result is not lent any more", extra={"path": path, "requests": done})
    return done


def take_off(cluster: Cluster, body: Body) -> bool:
    """Take the label off one request; False where it has changed or gone meanwhile."""
    try:
        cluster.relabel(body, {REUSE_LABEL: None})
    except (Conflict, NotFound):
        return False
    return True


def label(body: Body) -> str:
    """Return the key under which a request's result is found; empty where it is not lent."""
    return str((body["metadata"].get("labels") or {}).get(REUSE_LABEL) or "")


def table(body: Body) -> dict[str, Any]:
    """Return what a request's status says of its table; empty where it has none."""
    return ((body.get("status") or {}).get("result") or {}).get("table") or {}
