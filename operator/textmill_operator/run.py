"""Puts the operator's parts together and keeps them running until they are told to stop.

SIGTERM and SIGINT stop it cleanly: the round under way is cut off between two API calls (any such point is
safe, see `executor`), and the Lease is given back so that another operator need not wait for it to run out.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

from prometheus_client import CollectorRegistry

from textmill.leading import noted
from textmill_operator import health, watch
from textmill_operator.api import Api
from textmill_operator.audit import Audit
from textmill_operator.errors import OperatorError
from textmill_operator.executor import Executor
from textmill_operator.expiry import Expiry
from textmill_operator.labeller import Labeller
from textmill_operator.lease import Election
from textmill_operator.loop import Loop
from textmill_operator.messenger import Messenger
from textmill_operator.metrics import Metrics
from textmill_operator.patience import Patience
from textmill_operator.peeker import Peeker
from textmill_operator.reader import Reader
from textmill_operator.recorder import Recorder
from textmill_operator.settings import Settings
from textmill_operator.store import Store
from textmill_operator.tracing import Tracing

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
        election = _election(api, settings)
        audit = Audit(api, store, metrics, settings.namespaces, settings["AUDIT_SECONDS"])
        tracing = Tracing() if settings["TRACES"] == "otlp" else None
        executor, beside = _acting(api, store, metrics, settings, election.check, tracing)
        loop = Loop(store, executor, audit, election, metrics, limits=settings.limits, wake=wake)
        expiry = Expiry(api, election, metrics, settings.namespaces, every=settings["TTL_SECONDS"])
        tasks: set[asyncio.Task[None]] = set()
        ended = [lambda: next((f"{one.get_name()} has ended" for one in tasks if one.done()), None)]
        checks = [*ended, lambda: audit.trouble, lambda: loop.trouble]
        app = health.application(metrics, checks, [*ended, lambda: _unready(election, audit)])
        runner, port = await health.serve(app, *settings.health_address)
        log.info("health and metrics at port %d", port)
        parts = {
            # kopf looks once for what it can watch, so the definition must be there: a list that works says so.
            "watch": from_the_first_lead(audit.listed, lambda: watch.run(store, settings.namespaces)),
            "election": election.run(),
            "audit": from_the_first_lead(election.won, audit.run),
            **{name: run() for name, run in beside.items()},
            "loop": loop.run(),
            "expiry": expiry.run(),
        }
        tasks |= {asyncio.create_task(part, name=name) for name, part in parts.items()}
        try:
            await _until(stop, tasks)
        finally:
            await _end(tasks)
            await executor.close()
            await runner.cleanup()
            if tracing:
                await asyncio.to_thread(tracing.close)


async def from_the_first_lead(won: asyncio.Event, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a part from when this operator leads for the first time: to stand by, nobody needs a picture of the cluster.

    Following it costs as much as the leader's own watch does. Who wins begins by listing everything, as after a start.
    """
    await won.wait()
    await part()


def _election(api: Api, settings: Settings) -> Election:
    return Election(
        api,
        settings["NAMESPACE"],
        settings["LEASE"],
        settings.identity,
        duration=settings["LEASE_SECONDS"],
        served=noted(settings.namespaces),
    )


def _acting(
    api: Api,
    store: Store,
    metrics: Metrics,
    settings: Settings,
    fence: Callable[[], None],
    tracing: Tracing | None,
) -> tuple[Executor, dict[str, Callable[[], Coroutine[Any, Any, None]]]]:
    """Return what performs actions, and what does beside the rounds what they must not wait for."""
    recorder, labeller = Recorder(api, metrics), Labeller(api, store, metrics)
    peeker, reader = Peeker(api, store, metrics, time.time), Reader(api, store, time.time)
    patient, allowed = settings["NOTIFY_TIMEOUT_SECONDS"], settings.notify_networks
    messenger = Messenger(api, store, metrics, time.time, timeout=patient, allowed=allowed)
    executor = Executor(
        api,
        store,
        recorder,
        labeller,
        metrics,
        settings.site,
        fence=fence,
        clock=time.time,
        patience=Patience(),
        peeker=peeker,
        reader=reader,
        messenger=messenger,
        tracing=tracing,
    )
    return executor, {
        "recorder": recorder.run,
        "labeller": labeller.run,
        "peeker": peeker.run,
        "reader": reader.run,
        "messenger": messenger.run,
    }


def _unready(election: Election, audit: Audit) -> str | None:
    """Return why this operator is of no use yet: a leader needs a picture, one that stands by must know the leader."""
    if election.leading:
        return None if audit.done_at else "the first picture is not complete"
    return None if election.tried else "nobody knows yet who leads"


async def _until(stop: asyncio.Event, tasks: set[asyncio.Task[None]]) -> None:
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    if stopped not in done:
        stopped.cancel()
        part = next(iter(done))
        error = part.exception()
        raise OperatorError(f"{part.get_name()} has ended by itself: {error!r}") from error
    log.info("stopping")


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
