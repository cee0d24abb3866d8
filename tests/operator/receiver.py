"""A receiver of notifications on loopback, and an operator that has an end to tell it of."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.operator.conftest import Operator
from textmill import notices
from textmill_operator.api import in_namespace

SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
SECRETS = in_namespace("ns", "secrets", "hook")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(status: int, **headers: str) -> Answer:
    """Return what answers every call with this status."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    return answer


@dataclass
class Receiver:
    """Somebody who is told; `taken` are the calls that came: headers and content."""

    port: int = 0
    answer: Answer = answering(204)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, call: web.Request) -> web.StreamResponse:
        """Take a call."""
        self.taken.append(({name.lower(): value for name, value in call.headers.items()}, await call.read()))
        self.came.set()
        return await self.answer(call)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver for as long as the context lasts."""
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = int(runner.addresses[0][1])
    try:
        yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def messaging(operator: Operator) -> AsyncIterator[Callable[[], Coroutine[Any, Any, None]]]:
    """Let the operator's messenger work; give what takes rounds until an answer is known and written down."""
    heard, keep = asyncio.Event(), operator.store.answered

    def answered(uid: str, outcome: notices.Outcome) -> None:
        keep(uid, outcome)
        heard.set()

    operator.store.answered = answered  # type: ignore[method-assign]  # to hear of it

    async def attempt() -> None:
        heard.clear()
        await operator.round()
        await heard.wait()
        await operator.round()

    task = asyncio.create_task(operator.messenger.run())
    try:
        async with asyncio.timeout(20):
            yield attempt
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def with_ended(operator: Operator, url: str, secret: str | None = SECRET) -> None:
    """Let a request come to its end that asks to be told of."""
    if secret is not None:
        operator.api.seed(SECRETS, {"metadata": {"name": "hook"}, "data": {"secret": _coded(secret)}})
    operator.submit("a", notify={"url": url, "secretRef": {"name": "hook"}})
    while operator.request("a")["status"]["phase"] != "Succeeded":
        await operator.round()
        operator.finish_jobs()


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def told(operator: Operator) -> dict[str, Any]:
    """Return what the status says of it, with `settled`."""
    status = operator.request("a")["status"]
    return {"settled": status["settled"], "attempts": 0, **status.get("notification", {})}
