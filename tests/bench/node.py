"""Textmill on a real node beside what people do without it: a pod per step, two plain Jobs one after the other.

The rival's pods run `true` in the same image and mount nothing, so it is as fast as the machine can start pods. All
figures are of one run; every result is checked.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from local import kubeconfig
from local.client import BATCH, Client, path
from local.objects import Json
from tests.bench.moments import Moments, moments, percentile
from tests.e2e import release
from tests.e2e.kube import run as command

FILES, SPREAD_SECONDS, RIVALS, IDLE = 1000, 30.0, 30, 12
AT_ONCE, WORDS = 32, 100
PATIENCE = 900.0
HOME = "bench"
KIND = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest"}
REQUESTS = path("/apis/textmill.dev/v1", "processingrequests", HOME)
JOBS = path(BATCH, "jobs", HOME)
SUCCEEDED = {"fieldSelector": "status.phase=Succeeded"}
"""Selected by the server: following each write would cost the node's own cores a twentieth of all that is done."""


def run(files: int = FILES, rivals: int = RIVALS, idle: int = IDLE) -> dict[str, float]:
    """Install, measure, uninstall."""
    release.namespace(HOME)
    release.install(HOME, "--take-ownership")  # of a definition that tests may have left
    try:
        return asyncio.run(_measure(files, rivals, idle))
    finally:
        command("helm", "uninstall", "textmill", f"--namespace={HOME}", "--wait", "--timeout=5m")
        release.clear(HOME)


async def _measure(files: int, rivals: int, idle: int) -> dict[str, float]:
    async with (
        Client(kubeconfig.load(Path(os.environ["KUBECONFIG"])), "bench") as api,
        moments(api, REQUESTS, _succeeded, SUCCEEDED) as ends,
        moments(api, JOBS, _complete) as completions,
    ):
        await _textmill(api, ends, "warm", 1)
        alone = [await _textmill(api, ends, f"idle-{number}", 1) for number in range(idle)]
        plain = [await _two_jobs(api, completions, f"plain-{number}") for number in range(idle)]
        began = time.perf_counter()
        await asyncio.gather(*(_two_jobs(api, completions, f"step-{number}") for number in range(rivals)))
        steps = 60 * rivals / (time.perf_counter() - began)
        at_once = await _textmill(api, ends, "burst", files)
        spread = await _textmill(api, ends, "spread", files, SPREAD_SECONDS)
    p50, plain_p50 = percentile([one.p50 for one in alone], 0.5), percentile(plain, 0.5)
    return {
        "burst_per_minute": at_once.per_minute,
        "burst_latency_p50_s": at_once.p50,
        "burst_latency_p95_s": at_once.p95,
        "spread_per_minute": spread.per_minute,
        "spread_latency_p50_s": spread.p50,
        "spread_latency_p95_s": spread.p95,
        "pod_per_step_per_minute": steps,
        "burst_against_pod_per_step_ratio": at_once.per_minute / steps,
        "idle_p50_s": p50,
        "idle_p95_s": percentile([one.p50 for one in alone], 0.95),
        "two_jobs_p50_s": plain_p50,
        "two_jobs_p95_s": percentile(plain, 0.95),
        "idle_against_two_jobs_ratio": p50 / plain_p50,
    }


class Batch:
    """What a number of files took."""

    def __init__(self, created: list[float], ended: list[float]) -> None:
        """Times of creation and end, file by file."""
        latencies = [end - start for start, end in zip(created, ended, strict=True)]
        self.per_minute = 60 * len(ended) / (max(ended) - min(created))
        self.p50, self.p95 = percentile(latencies, 0.5), percentile(latencies, 0.95)


async def _textmill(api: Client, ends: Moments, prefix: str, files: int, spread: float = 0.0) -> Batch:
    created: dict[str, float] = {}

    async def one(number: int) -> None:
        name = f"{prefix}-{number}"
        created[name] = time.perf_counter()
        text = " ".join(f"{prefix.replace('-', '')}n{number}x{word}" for word in range(WORDS))
        await api.create(REQUESTS, KIND | {"metadata": {"name": name}, "spec": {"input": {"inline": text}}})

    await arrive(one, files, spread)
    ended = await ends.of(created, PATIENCE)
    for name in created:
        found = await api.get(f"{REQUESTS}/{name}")
        if (found["status"]["result"]["tokens"], found["status"]["starts"]) != (WORDS, 2):
            raise RuntimeError(f"a wrong result, or work that was done twice: {found['status']}")
    return Batch(list(created.values()), ended)


async def arrive(one: Callable[[int], Awaitable[None]], count: int, spread: float) -> None:
    """Start so many works, evenly over some seconds, few of them at the same time."""
    began, slots = time.perf_counter(), asyncio.Semaphore(AT_ONCE)

    async def in_turn(number: int) -> None:
        async with slots:
            await one(number)

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + spread * number / count - time.perf_counter()))
            group.create_task(in_turn(number))


async def _two_jobs(api: Client, completions: Moments, name: str) -> float:
    """Run two plain Jobs, one after the other; seconds until the second is complete."""
    began = ended = time.perf_counter()
    for step in ("one", "two"):
        await api.create(JOBS, _job(f"{name}-{step}"))
        (ended,) = await completions.of([f"{name}-{step}"], PATIENCE)
    return ended - began


def _job(name: str) -> Json:
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "step", "image": release.REFERENCE, "command": ["true"], "securityContext": security}
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    spec = {"backoffLimit": 0, "ttlSecondsAfterFinished": 60, "template": {"spec": pod}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def _succeeded(request: Json) -> bool:
    return (request.get("status") or {}).get("phase") == "Succeeded"


def _complete(job: Json) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Complete" and one["status"] == "True" for one in conditions)
