"""Ten thousand requests queued at once on a real control plane, with the laptop's kubelet as its node.

The requests are those that the HTTP interface makes for small files, and these lie on the volume already. The operator
is stopped while they are made, so that it finds them all at once. What it costs is read from the kernel and from its
own metrics; that none is lost or run twice, from each request's status.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

from app.creation import resource
from app.options import Options
from app.volume import Stored
from cluster import binaries
from cluster.places import cache
from local import kubeconfig, objects
from local.client import Client, path
from local.objects import Json
from tests.bench.node import arrive
from tests.bench.stack import Stack, stack
from tests.stack.processes import descendants, runs
from textmill import layout

SIZES = (100, 1000, 10_000)
NAMESPACE = "default"
REQUESTS = path("/apis/textmill.dev/v1", "processingrequests", NAMESPACE)
PATIENCE = 1200.0
LOOK_SECONDS = 0.5
MIB = 1024.0


class Spent(NamedTuple):
    """What the operator has spent so far, and when."""

    cpu: float
    calls: float
    at: float


def run(sizes: tuple[int, int, int] = SIZES) -> dict[str, float]:
    """Drain three queues, each ten times as long as the one before."""
    binaries.build(cache(os.environ), binaries.CONTROL_PLANE)
    with stack(("tests.plane",)) as running:
        few, some, many = (asyncio.run(_drain(running, size)) for size in sizes)
        peak = _peak(_operator(running))
    early = (some.cpu - few.cpu) / (sizes[1] - sizes[0])
    late = (many.cpu - some.cpu) / (sizes[2] - sizes[1])
    return {
        "requests_per_s": sizes[2] / many.at,
        "calls_a_request": many.calls / sizes[2],
        "operator_cpu_s": many.cpu,
        "operator_cpu_ms_a_request": 1000 * many.cpu / sizes[2],
        "operator_peak_mib": peak,
        "marginal_cost_ratio": late / early,
    }


async def _drain(running: Stack, size: int) -> Spent:
    """Queue so many requests and wait for their ends; what that has cost."""
    operator = _operator(running)
    access = kubeconfig.load(running.state / "plane" / "kubeconfig")
    async with Client(access, "bench") as api:
        os.kill(operator, signal.SIGSTOP)
        try:

            async def one(number: int) -> None:
                stored = _store(running.state / "plane" / "volume", f"request {number} of {size}".encode())
                name = f"n{size}-{number}"
                await api.create(REQUESTS, resource(NAMESPACE, name, stored, f"{name}.txt", Options()))

            await arrive(one, size, 0.0)
        finally:
            os.kill(operator, signal.SIGCONT)
        before = _spent(operator)
        await _until_settled(api)
        after = _spent(operator)
        _check([one for one in await _all(api) if objects.meta(one)["name"].startswith(f"n{size}-")], size)
    return Spent(*(late - early for late, early in zip(after, before, strict=True)))


def _store(volume: Path, content: bytes) -> Stored:
    """Put content where the HTTP interface would, without its care for power cuts."""
    digest = hashlib.sha256(content).hexdigest()
    target = volume / layout.upload(digest)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content)
    return Stored(digest, len(content))


async def _until_settled(api: Client) -> None:
    end = time.monotonic() + PATIENCE
    query = {"fieldSelector": "status.settled!=true", "limit": "1"}
    while (await api.get(REQUESTS, query))["items"]:
        if time.monotonic() > end:
            raise RuntimeError("the queue was not drained")
        await asyncio.sleep(LOOK_SECONDS)


async def _all(api: Client) -> list[Json]:
    found: list[Json] = []
    query = {"limit": "500"}
    while True:
        page = await api.get(REQUESTS, query)
        found += page["items"]
        going_on = objects.meta(page).get("continue")
        if not going_on:
            return found
        query["continue"] = str(going_on)


def _check(found: list[Json], size: int) -> None:
    """See that all are there, right, and that each stage of each was started once."""
    wrong = [one for one in found if one["status"].get("starts") != 2 or one["status"]["result"]["tokens"] != 4]
    if len(found) != size or wrong:
        raise RuntimeError(f"{len(found)} of {size} are there, {len(wrong)} are wrong: {wrong[:1]}")


def _operator(running: Stack) -> int:
    return next(pid for pid in descendants(running.process.pid) if runs(pid, "textmill_operator"))


def _spent(operator: int) -> Spent:
    fields = Path(f"/proc/{operator}/stat").read_text().rpartition(") ")[2].split()
    return Spent((int(fields[11]) + int(fields[12])) / 100, _calls(operator), time.perf_counter())


def _calls(operator: int) -> float:
    variables = Path(f"/proc/{operator}/environ").read_text().split("\0")
    address = next(one.partition("=")[2] for one in variables if one.startswith("TEXTMILL_HEALTH_ADDRESS="))
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("textmill_api_calls"))


def _peak(operator: int) -> float:
    text = Path(f"/proc/{operator}/status").read_text()
    return float(text.partition("VmHWM:")[2].split()[0]) / MIB
