"""The names and labels that Textmill gives to things on a cluster.

Invariants: every name made here is a DNS label (at most 63 of `a-z 0-9 -`, begins and ends with a letter or
digit), so it can stand as an object's name, a label's value and a folder; the same arguments give the same
name; a Job's name never recurs, since each start of a request raises a number that goes into it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Literal

GROUP = "textmill.dev"
VERSION = "v1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "ProcessingRequest"
PLURAL = "processingrequests"
LIVE = "status.settled!=true"
"""The field selector of requests that are not over yet, or of whose end somebody is still to be told."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "textmill"
STAGE_LABEL = f"{GROUP}/stage"
CONTAINER = "worker"
"""The name of a worker pod's own container; others may have been put beside it."""
JOB_UID_LABEL = "batch.kubernetes.io/controller-uid"
"""On every pod of a Job, by Kubernetes' own Job controller."""
VOLUME_LABEL = {f"{GROUP}/volume": "mounted"}
"""On every pod that mounts the claim, so that affinity can keep them on the one node of a ReadWriteOnce volume."""
REUSE_LABEL = f"{GROUP}/reuse-key"
MEMBERS_ANNOTATION = f"{GROUP}/members"
NOTIFY_SECRET = "textmill-notify"  # noqa: S105 - the name of a Secret, not what is in it
"""The Secret that signs notifications which are asked for over HTTP."""
DIGEST_ANNOTATION = f"{GROUP}/content-sha256"
TRACE_ANNOTATION = f"{GROUP}/traceparent"
KEY_ANNOTATION = f"{GROUP}/idempotency-key-sha256"
LEASE = "textmill-operator"
"""The operator's Lease, unless a setting names another."""
NAMESPACES_ANNOTATION = f"{GROUP}/namespaces"
"""On that Lease: the namespaces that the operator serves, with commas between them, or * for all."""

Stage = Literal["tokenize", "count"]

_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def slug(text: str, limit: int = 40) -> str:
    """Return text as a DNS label of at most `limit` characters; `request` where nothing of it can stay."""
    return _NOT_SLUG.sub("-", text.lower()).strip("-")[:limit].strip("-") or "request"


def job_name(stage: Stage, lead: str, starts: Iterable[tuple[str, int]]) -> str:
    """Return the name of the Job that works on these requests.

    lead: the first member's name, for people to recognise; starts: each member's uid and how many Jobs it
    will then have been given, in any order.
    """
    members = "\n".join(f"{uid} {number}" for uid, number in sorted(starts))
    return _job_name(stage, lead, f"{stage}\n{members}")


def follower(tokenizer: str) -> str:
    """Return the name of the count that follows this tokenizer without being recorded first: there can be only one."""
    return _job_name("count", tokenizer.rpartition("-t-")[0] or tokenizer, f"follows\n{tokenizer}")


def _job_name(stage: Stage, lead: str, what: str) -> str:
    return f"{slug(lead, 40)}-{stage[0]}-{hashlib.sha256(what.encode()).hexdigest()[:12]}"


def keyed_name(namespace: str, user: str, key: str) -> str:
    """Return the name of the request that this Idempotency-Key stands for, the same on every replica."""
    digest = hashlib.sha256(f"{namespace}\0{user}\0{key}".encode()).hexdigest()
    return f"upload-{digest[:40]}"
