"""Tells of requests' ends to whoever asked for it, beside the rounds and never in them.

An attempt comes here only after it was written into the status, so a leader that dies here has left word of it. The
signing secret is read for each attempt, by its name, and stays nowhere. What comes of an attempt goes into the store,
and the next plan writes it down. Messages of failures name neither the secret nor the address's path: both may hold
what nobody else should see.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Sequence

from textmill import notices
from textmill.errors import BadObject
from textmill.notices import Outcome
from textmill.request import Notify, Request
from textmill_operator import outside
from textmill_operator.api import Api, in_namespace
from textmill_operator.bulkhead import bulkhead
from textmill_operator.errors import ApiError, NoAnswer, NotAllowed, NotFound, Refused
from textmill_operator.metrics import Metrics
from textmill_operator.store import Store

AT_ONCE = 128
"""Attempts under way at once, over all namespaces."""
SHARE = 16
"""Those of one namespace: receivers that do not answer hold up nobody else's."""
GONE = 410

log = logging.getLogger(__name__)


class Messenger:
    """Keeps the requests whose end is being told; `send` never waits."""

    def __init__(
        self,
        api: Api,
        store: Store,
        metrics: Metrics,
        clock: Callable[[], float],
        *,
        timeout: float,
        allowed: Sequence[outside.Network] = (),
    ) -> None:
        self._api, self._store, self._metrics, self._clock = api, store, metrics, clock
        self._timeout, self._allowed = timeout, allowed
        self._queue: asyncio.Queue[Request] = asyncio.Queue()
        self._under_way: dict[str, set[str]] = {}

    def reserve(self, namespace: str, uid: str) -> bool:
        """Take a place for an attempt, before it is written down; False where it has one, or none is left for it.

        A namespace that has no attempt under way may always begin one.
        """
        ours = self._under_way.setdefault(namespace, set())
        full = len(ours) >= SHARE or sum(map(len, self._under_way.values())) >= AT_ONCE
        if uid in ours or (ours and full):
            return False
        ours.add(uid)
        return True

    def release(self, namespace: str, uid: str) -> None:
        """Give a place back: the attempt is over, or could not be written down."""
        ours = self._under_way.get(namespace, set())
        ours.discard(uid)
        if not ours:
            self._under_way.pop(namespace, None)

    def send(self, request: Request) -> None:
        """Tell of the end of a request whose attempt is written down, and whose place is taken."""
        self._queue.put_nowait(request)

    async def run(self) -> None:
        """Send what is asked for, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            request = await self._queue.get()
            try:
                with bulkhead(self._metrics, "messenger", f"request {request.namespace}/{request.name}"):
                    await self._tell(request)
            finally:
                self.release(request.namespace, request.uid)

    async def _tell(self, request: Request) -> None:
        """Make an attempt; where that raises, nothing is known of it, and the next one comes in its time."""
        outcome = await self._attempt(request)
        self._metrics.notifications.labels(outcome.end).inc()
        extra = {"request": f"{request.namespace}/{request.name}", "attempt": outcome.attempt}
        log.info("told of the end: %s", outcome.message, extra=extra)
        self._store.answered(request.uid, outcome)

    async def _attempt(self, request: Request) -> Outcome:
        number = int(request.status.raw["notification"]["attempts"])
        notify = request.spec.notify
        if notify is None:
            return Outcome(number, "gone", "Nobody is to be told")
        content, identifier = notices.body(request), notices.identity(request)
        try:
            keys = await self._keys(request.namespace, notify)
            headers = notices.headers(identifier, int(self._clock()), content, keys)
            headers |= {"Content-Type": "application/json", "User-Agent": "textmill"}
            answer = await outside.post(notify.url, content, headers, seconds=self._timeout, allowed=self._allowed)
        except (NoAnswer, BadObject, ApiError) as error:
            return Outcome(number, "failed", str(error))
        except NotAllowed as error:
            return Outcome(number, "gone", str(error))
        if 200 <= answer.status < 300:
            return Outcome(number, "delivered", f"status {answer.status}")
        text = f"The receiver answered with status {answer.status}"
        return Outcome(number, "gone" if answer.status == GONE else "failed", text, answer.retry_after)

    async def _keys(self, namespace: str, notify: Notify) -> list[bytes]:
        where = f"the Secret {notify.secret}"
        try:
            found = await self._api.get(in_namespace(namespace, "secrets", notify.secret))
        except NotFound as error:
            raise BadObject(f"{where} is not there") from error
        except Refused as error:
            raise BadObject(
                f"{where} may not be read: its name is not among those that the operator is allowed"
            ) from error
        text = (found.get("data") or {}).get(notify.key)
        if text is None:
            raise BadObject(f"{where} has no key {notify.key}")
        try:
            return notices.keys(base64.b64decode(text).decode("ascii"))
        except (ValueError, UnicodeDecodeError) as error:
            raise BadObject(f"{where}: its key {notify.key} holds no text") from error
