"""Puts the operator's parts together and keeps them running until they are told to stop.

SIGTERM and SIGINT stop it cleanly: the round under way is cut off between two API calls (any such point is
safe, see `executor`), and the Lease is given back so that another operator need not wait for it to run out.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time

from prometheus_client import CollectorRegistry

from textmill_operator import health, watch
from textmill_operator.api import Api
from textmill_operator.audit import Audit
from textmill_operator.errors import OperatorError
from textmill_operator.executor import Executor
from textmill_operator.expiry import Expiry
from textmill_operator.lease import Election
from textmill_operator.loop import Loop
from textmill_operator.metrics import Metrics
from textmill_operator.recorder import Recorder
from textmill_operator.settings import Settings
from textmill_operator.store import Store

log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Run until a signal, or until a part ends by itself, which is an error."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    wake = asyncio.Event()
    store = Store(wake.set)
    metrics = Metrics(CollectorRegistry())
    async with Api() as api:
        metrics.api_calls.set_function(lambda: float(api.calls))
        election = Election(
            api, settings["NAMESPACE"], settings["LEASE"], settings.identity, duration=settings["LEASE_SECONDS"]
        )
        audit = Audit(api, store, metrics, settings.namespaces, settings["AUDIT_SECONDS"])
        recorder = Recorder(api, metrics)
        executor = Executor(api, store, recorder, metrics, settings.site, fence=election.check, clock=time.time)
        loop = Loop(store, executor, audit, election, metrics, limits=settings.limits, wake=wake)
        expiry = Expiry(api, election, metrics, settings.namespaces, every=settings["TTL_SECONDS"])
        tasks = {
            asyncio.create_task(part, name=name)
            for name, part in {
                "watch": watch.run(store, settings.namespaces),
                "election": election.run(),
                "audit": audit.run(),
                "recorder": recorder.run(),
                "loop": loop.run(),
                "expiry": expiry.run(),
            }.items()
        }
        ended = [lambda: next((f"{one.get_name()} has ended" for one in tasks if one.done()), None)]
        checks = [*ended, lambda: audit.trouble, lambda: loop.trouble]
        not_listed = [lambda: None if audit.done_at or not election.leading else "the first picture is not complete"]
        runner, port = await health.serve(
            health.application(metrics, checks, [*ended, *not_listed]), settings["HEALTH_ADDRESS"]
        )
        log.info("health and metrics at port %d", port)
        try:
            await _until(stop, tasks)
        finally:
            await runner.cleanup()
            await _end(tasks)


async def _until(stop: asyncio.Event, tasks: set[asyncio.Task[None]]) -> None:
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    if stopped not in done:
        stopped.cancel()
        part = next(iter(done))
        raise OperatorError(f"{part.get_name()} has ended by itself") from part.exception()
    log.info("stopping")


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
