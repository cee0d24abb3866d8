"""How soon an operator is at work again, and how big, beside 10,000 requests that finished long ago.

Settled requests stay out of its watch by a selector of the server's, so neither may depend on their number. An
operator without any history is measured beside it. That no finished request was written again is checked.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from local import client, kubeconfig
from tests.api.live import cluster
from tests.contract.server import until
from tests.operator.live import DIGEST, Home, Process, operating
from textmill import names
from textmill_operator import paths

FINISHED = 10_000
AT_ONCE = 16
NAMESPACE = "default"
MIB = 1024.0


def run(finished: int = FINISHED) -> dict[str, float]:
    """Return seconds to readiness and peak memory, with and without history."""
    with tempfile.TemporaryDirectory(prefix="textmill-bench-") as name:
        folder = Path(name)
        with cluster(folder) as (config, api):
            home = Home(api, NAMESPACE)
            alone = _measure(folder / "alone", config, home, "alone")
            asyncio.run(_fill(config, finished))
            before = _versions(home)
            beside = _measure(folder / "beside", config, home, "beside")
            if len(before) != finished or _versions(home) != before:
                raise RuntimeError(f"{finished} finished requests should be there, none of them written again")
    figures = {"ready_s": beside[0], "peak_mib": beside[1], "cpu_s": beside[2]}
    return figures | {"ready_alone_s": alone[0], "peak_alone_mib": alone[1], "cpu_alone_s": alone[2]}


def _measure(folder: Path, config: Path, home: Home, request: str) -> tuple[float, float, float]:
    """Start an operator, let it take a request, let its first look for expired ones end; ready, memory, CPU."""
    began = time.perf_counter()
    with operating(folder, config, IDENTITY="bench", TTL_SECONDS="600") as running:
        ready = time.perf_counter() - began
        if running.status("/readyz") != 200 or home.holder() != "bench":
            raise RuntimeError(running.log.read_text()[-2000:])
        home.submit(request)
        until(lambda: home.phase(request) == "Tokenizing")
        _rest(running)
        found = ready, _peak(running), _cpu(running)
    home.api.delete(paths.request(NAMESPACE, request))
    return found


def _rest(running: Process) -> None:
    """Wait until the operator has used no CPU to speak of for a while."""
    deadline = time.monotonic() + 60
    before = -1.0
    while (now := _cpu(running)) - before >= 0.03:
        if time.monotonic() > deadline:
            raise RuntimeError("the operator never came to rest")
        before = now
        time.sleep(0.3)


def _peak(running: Process) -> float:
    text = Path(f"/proc/{running.process.pid}/status").read_text()
    return float(text.partition("VmHWM:")[2].split()[0]) / MIB


def _cpu(running: Process) -> float:
    fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _versions(home: Home) -> dict[str, str]:
    return {
        one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in home.listed(fieldSelector=paths.SETTLED)
    }


async def _fill(config: Path, number: int) -> None:
    """Create requests that have finished."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with client.Client(kubeconfig.load(config), "bench") as api:

        async def one(index: int) -> None:
            async with slots:
                await api.create(paths.requests(NAMESPACE), _request(index))
                await api.patch(paths.request(NAMESPACE, f"done-{index}", "status"), {"status": _status(index)})

        async with asyncio.TaskGroup() as group:
            for index in range(number):
                group.create_task(one(index))


def _request(index: int) -> dict[str, Any]:
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": f"done-{index}"},
        "spec": {"input": {"upload": f"{index:064x}"}},
    }


def _status(index: int) -> dict[str, Any]:
    """Return what a request looks like at its end, ten words long."""
    when = "2026-11-01T08:00:00Z"
    kinds = ("Accepted", "Tokenized", "Counted", "Finished", "Succeeded")
    said = {"status": "True", "message": "The table and the top words are there.", "lastTransitionTime": when}
    words = [{"word": f"word-{place}", "count": 100 - place} for place in range(10)]
    parts = {"arrow": {"bytes": 1000, "sha256": DIGEST}, "csv": {"bytes": 1000, "sha256": DIGEST}}
    path = f"results/done-{index}-c-0123456789ab/{index}"
    return {
        "phase": "Succeeded",
        "settled": True,
        "startTime": when,
        "completionTime": when,
        "progress": {"percent": 100},
        "conditions": [{"type": kind, "reason": kind, **said} for kind in kinds],
        "input": {"bytes": 6000, "sha256": f"{index:064x}", "encoding": "utf-8", "invalidBytes": 0},
        "result": {
            "bytes": 6000,
            "tokens": 1000,
            "distinctWords": 300,
            "topWords": words,
            "table": {"path": path, "formatVersion": 1, **parts},
        },
    }
