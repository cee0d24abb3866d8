"""Makes the resource for stored content, at most once for each Idempotency-Key.

Nothing about keys is remembered here: with a key the resource's name is a hash of namespace, user and key, so the API
server's 409 decides between replicas and survives restarts. Annotations then tell whether the request that holds the
name is the same upload (the first answer again) or another one (422). The content must be stored before this is
called.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from app.cluster import Body, Cluster, Conflict, NotFound, QuotaReached
from app.errors import FieldInvalid, HeadersTooLarge, KeyReused
from app.options import Options
from app.volume import Stored
from textmill import names, reuse
from textmill.request import Spec

OPTIONS_ANNOTATION = f"{names.GROUP}/options-sha256"
KEY_LIMIT = 256
_KEY = re.compile("[!-~]+")
_TRIES = 3


@dataclass(frozen=True)
class Created:
    """The request that stands for an upload; `replayed` when an earlier call had made it."""

    body: Body
    replayed: bool


def checked_key(key: str | None) -> str | None:
    """Return the Idempotency-Key, None where there is none; refuses one that is empty or too long."""
    if key is None:
        return None
    if not key.strip():
        raise FieldInvalid("The Idempotency-Key is empty; leave the header out or give it a value.")
    if not _KEY.fullmatch(key):
        raise FieldInvalid("The Idempotency-Key holds characters other than visible ASCII, ! to ~.")
    if len(key) > KEY_LIMIT:
        raise HeadersTooLarge(f"The Idempotency-Key has {len(key)} characters; at most {KEY_LIMIT} are taken.")
    return key


def create(
    cluster: Cluster,
    stored: Stored,
    shown: str,
    options: Options,
    *,
    key: str | None,
    user: str = "",
    trace: str | None = None,
) -> Created:
    """Create the request, or find the one that an earlier call with this key made; `trace` is noted on a new one."""
    if key is None and options.name is None:
        return _create_under_free_name(cluster, stored, shown, options, trace)
    name = options.name or names.keyed_name(cluster.namespace, user, key or "")
    body = resource(cluster.namespace, name, stored, shown, options, key=key, trace=trace)
    try:
        return Created(cluster.create(body), replayed=False)
    except (Conflict, QuotaReached):  # a quota refuses before the server looks whether the name is taken
        if key is None:
            raise
        return _replayed(cluster, body)


def resource(
    namespace: str,
    name: str,
    stored: Stored,
    shown: str,
    options: Options,
    *,
    key: str | None = None,
    trace: str | None = None,
) -> Body:
    """Return the manifest of a request for stored content."""
    spec: dict[str, Any] = {"input": {"upload": stored.digest, "name": shown, "bytes": stored.size}, **options.spec}
    annotations = {names.DIGEST_ANNOTATION: stored.digest, OPTIONS_ANNOTATION: _digest(options.spec)}
    if key is not None:
        annotations[names.KEY_ANNOTATION] = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    if trace is not None:
        annotations[names.TRACE_ANNOTATION] = trace
    labels = {names.REUSE_LABEL: reuse.key(Spec.parse(spec))}
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations},
        "spec": spec,
    }


def _create_under_free_name(
    cluster: Cluster, stored: Stored, shown: str, options: Options, trace: str | None
) -> Created:
    for left in reversed(range(_TRIES)):
        name = f"{names.slug(shown)}-{secrets.token_hex(4)}"
        try:
            body = resource(cluster.namespace, name, stored, shown, options, trace=trace)
            return Created(cluster.create(body), replayed=False)
        except Conflict:
            if not left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _replayed(cluster: Cluster, wanted: Body) -> Created:
    name = wanted["metadata"]["name"]
    try:
        found = cluster.get(name)
    except NotFound:  # deleted in between: the key is free again
        return Created(cluster.create(wanted), replayed=False)
    ours, theirs = wanted["metadata"]["annotations"], found["metadata"].get("annotations") or {}
    if theirs.get(names.KEY_ANNOTATION) != ours[names.KEY_ANNOTATION]:
        raise Conflict(f"There is already a request named {name!r}.")
    for annotation, what in ((names.DIGEST_ANNOTATION, "content"), (OPTIONS_ANNOTATION, "options")):
        if theirs.get(annotation) != ours[annotation]:
            raise KeyReused(f"This Idempotency-Key was used for the request {name!r}, which has other {what}.")
    return Created(found, replayed=True)


def _digest(spec: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(spec, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
