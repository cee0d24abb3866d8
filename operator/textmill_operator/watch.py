"""kopf's whole part: it watches requests, Jobs and pods, and every event goes into the store as it is.

No handler here does work, keeps state, sets a finalizer or writes an annotation. The selectors are the
server's: settled requests and other people's Jobs and pods never reach us. A DELETED event of a request only
says that it has left the selection, and carries its last body; whoever acts on that asks the API first,
unless the members are known to be gone. Why on.event alone: kopf's other handlers are a state machine kept
in annotations, one resource at a time, while the planner decides over all of them at once.

kopf runs in a thread with an event loop of its own: it takes every task of its loop for its own, and cancels
them all when it ends. Events cross over to the operator's loop, so the store is only ever touched there.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, cast

import kopf

from textmill import names
from textmill_operator import paths
from textmill_operator.api import credentials
from textmill_operator.store import Kind, Store

SILENCE_SECONDS = 70.0
STOP_SECONDS = 2.0
CHUNK = 100
"""Objects in one answer of the first list: requests may hold texts of 64 KiB."""

Post = Callable[..., None]
"""Calls a function with arguments later, in the operator's own loop."""


async def run(store: Store, namespaces: tuple[str, ...]) -> None:
    """Watch until cancelled; ends by itself only with kopf's own error. `namespaces` empty means all of them."""
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    ended: asyncio.Future[None] = loop.create_future()

    def post(function: Callable[..., object], *arguments: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(function, *arguments)

    def settle(error: BaseException | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    def work() -> None:
        try:
            asyncio.run(_operate(store, namespaces, post, stop))
        except BaseException as error:  # noqa: BLE001 - whatever ends the thread must end the operator too
            post(settle, error)
        else:
            post(settle, None)

    thread = threading.Thread(target=work, name="kopf", daemon=True)
    thread.start()
    try:
        await asyncio.shield(ended)
    finally:
        # kopf that is stopped while it starts tells of its own connections as errors, which would look like a failure.
        words, level = logging.getLogger("kopf"), logging.getLogger("kopf").level
        words.setLevel(logging.CRITICAL)
        stop.set()
        await asyncio.to_thread(thread.join, STOP_SECONDS)
        words.setLevel(level)


async def _operate(store: Store, namespaces: tuple[str, ...], post: Post, stop: threading.Event) -> None:
    await kopf.operator(
        registry=registry(store, post),
        settings=settings(),
        clusterwide=not namespaces,
        namespaces=namespaces,
        standalone=True,
        stop_flag=stop,
        # Else kopf asks for the user's name, and a container's numeric user has none.
        identity=cast("Any", "textmill"),
    )


def registry(store: Store, post: Post) -> kopf.OperatorRegistry:
    """Return the handlers that feed the store."""
    handlers = kopf.OperatorRegistry()

    def take(kind: Kind, event: kopf.RawEvent) -> None:
        body = event["object"]
        store.heard[kind] += 1
        if event["type"] == "DELETED":
            store.take_away(kind, body)
        else:
            store.put(kind, body)

    def feed(kind: Kind) -> Any:
        async def handle(event: kopf.RawEvent, **_: Any) -> None:
            post(take, kind, event)

        return handle

    @kopf.on.login(id="login", registry=handlers)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return credentials()

    labels = {names.STAGE_LABEL: kopf.PRESENT}
    kopf.on.event(names.GROUP, names.VERSION, names.PLURAL, id="requests", registry=handlers)(feed("request"))
    kopf.on.event("batch", "v1", "jobs", id="jobs", labels=labels, registry=handlers)(feed("job"))
    kopf.on.event("", "v1", "pods", id="pods", labels=labels, registry=handlers)(feed("pod"))
    return handlers


class NoDifferences(kopf.DiffBaseStorage):
    """Remembers nothing of an object: kopf looks for differences for the sake of handlers that we do not have.

    To find them it copies each object whole at each event, which was a sixth of the operator's CPU while a queue was
    drained.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Return that there is nothing to compare."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """Return that nothing was kept."""

    def store(self, **_: Any) -> None:
        """Keep nothing."""


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: server-side selectors, no events or annotations of its own, quick and small workers."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    chosen.watching.chunk_size = CHUNK
    chosen.peering.standalone = True
    chosen.persistence.diffbase_storage = NoDifferences()
    chosen.watching.field_selectors[names.GROUP, names.VERSION, names.PLURAL] = names.LIVE
    for plural in (("batch", "v1", "jobs"), ("", "v1", "pods")):
        chosen.watching.label_selectors[plural] = paths.OURS
    chosen.watching.inactivity_timeout = SILENCE_SECONDS
    chosen.watching.reconnect_backoff = 0.2
    chosen.queueing.idle_timeout = 0.5
    chosen.queueing.exit_timeout = 0.5
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    return chosen
