"""kopf's whole part: it watches requests, Jobs and pods, and every event goes into the store as it is.

No handler here does work, keeps state, sets a finalizer or writes an annotation. The selectors are the
server's: settled requests and other people's Jobs and pods never reach us. A DELETED event of a request only
says that it has left the selection, and carries its last body; whoever acts on that asks the API first. Why
on.event alone: kopf's other handlers are a state machine kept in annotations, one resource at a time, while
the planner decides over all of them at once.
"""

from __future__ import annotations

import logging
from typing import Any

import kopf

from textmill import names
from textmill_operator import paths
from textmill_operator.api import credentials
from textmill_operator.store import Kind, Store, version_of

SILENCE_SECONDS = 70.0


def registry(store: Store) -> kopf.OperatorRegistry:
    """Return the handlers that feed the store."""
    handlers = kopf.OperatorRegistry()

    def feed(kind: Kind) -> Any:
        async def handle(event: kopf.RawEvent, **_: Any) -> None:
            plain = event["object"]
            store.heard[kind] += 1
            if event["type"] == "DELETED":
                store.drop(kind, plain["metadata"]["uid"], version_of(plain))
            else:
                store.put(kind, plain)

        return handle

    @kopf.on.login(id="login", registry=handlers)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return credentials()

    labels = {names.MANAGED_BY_LABEL: names.MANAGED_BY}
    kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, id="requests", registry=handlers)(feed("request"))
    kopf.on.event("batch", "v1", "jobs", id="jobs", labels=labels, registry=handlers)(feed("job"))
    kopf.on.event("", "v1", "pods", id="pods", labels=labels, registry=handlers)(feed("pod"))
    return handlers


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: server-side selectors, no events or annotations of its own, quick and small workers."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    chosen.peering.standalone = True
    chosen.watching.field_selectors[names.GROUP, names.VERSION, names.PLURAL] = paths.LIVE
    for plural in (("batch", "v1", "jobs"), ("", "v1", "pods")):
        chosen.watching.label_selectors[plural] = paths.OURS
    chosen.watching.inactivity_timeout = SILENCE_SECONDS
    chosen.watching.reconnect_backoff = 0.2
    chosen.queueing.idle_timeout = 0.5
    chosen.queueing.exit_timeout = 0.5
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    return chosen
