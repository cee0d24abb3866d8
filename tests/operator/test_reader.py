"""Sealed reports in logs: read beside the rounds, patiently, and each node's trouble its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.operator.conftest import NOW, Operator
from textmill import reports
from textmill.actions import ListPods
from textmill.picture import Job, Pod
from textmill_operator import paths
from textmill_operator.errors import Away, NotFound, Refused
from textmill_operator.reader import A_NODE, LONGEST_SECONDS

SEALED = '@seal {"format":1,"lines":1,"sha256":"x"}\n'


@asynccontextmanager
async def reading(operator: Operator) -> AsyncIterator[None]:
    """Let the operator's reader live for as long as the context lasts."""
    task = asyncio.create_task(operator.reader.run())
    try:
        async with asyncio.timeout(10):
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told(operator: Operator) -> None:
    """Wait until all reads that are under way have ended."""
    while reads := [one for one in asyncio.all_tasks() if one.get_name().startswith("log of ")]:
        await asyncio.gather(*reads)
    assert not operator.reader._asked  # noqa: SLF001 - nothing else shows that a place is free again


def seed_pod(operator: Operator, name: str, *, node: str, message: str = SEALED) -> str:
    """Let a request's Job get a pod on a node that has ended well, its reports in its log alone; return its path."""
    job = next(one for one in operator.jobs() if one["metadata"]["ownerReferences"][0]["name"] == name)
    path = paths.pods("ns", f"{job['metadata']['name']}-pod")
    owner = {"apiVersion": "batch/v1", "kind": "Job", "uid": job["metadata"]["uid"], "controller": True}
    state = {"terminated": {"exitCode": 0, "message": message}}
    operator.api.seed(
        path,
        {
            "metadata": {"name": path.rsplit("/", 1)[1], "namespace": "ns", "ownerReferences": [owner]},
            "spec": {"nodeName": node},
            "status": {"phase": "Succeeded", "containerStatuses": [{"name": "worker", "state": state}]},
        },
    )
    return path


async def ended(operator: Operator, *names: str, **spec: object) -> list[Pod]:
    """Let a pod of each request end well, each on a node of its own."""
    for name in names:
        operator.submit(name, input={"path": name, "bytes": 2 << 20}, **spec)
    for _ in range(3):
        await operator.round()
    for name in names:
        seed_pod(operator, name, node=f"node-of-{name}")
    operator.see()
    return pods(operator)


def pods(operator: Operator) -> list[Pod]:
    """Return the pods of the picture."""
    return [pod for group in operator.store.picture().pods.values() for pod in group]


def status(operator: Operator, name: str) -> tuple[str, str, int]:
    """Return the reason of the condition Succeeded, the phase, and the attempts that were counted."""
    found = operator.request(name)["status"]
    reason = next(one["reason"] for one in found["conditions"] if one["type"] == "Succeeded")
    return reason, found["phase"], found.get("attempts", 0)


@pytest.mark.parametrize("error", [Away("500"), Refused("400"), NotFound("404"), ValueError("odd")])
async def test_log_that_cannot_be_read_is_never_a_broken_report(operator: Operator, error: Exception) -> None:
    (pod,) = await ended(operator, "a", retries=0)
    operator.api.refuse = lambda _, path: error if path.endswith("/log") else None
    async with reading(operator):
        for _ in range(5):
            assert await operator.round(), "the rounds are not slowed down"
            await told(operator)
            operator.ticks += LONGEST_SECONDS
    (now,) = pods(operator)
    assert (now.unread, now.unreadable and now.unreadable.since) == (True, NOW)
    assert status(operator, "a")[1:] == ("Tokenizing", 0)
    assert pod.uid == now.uid


async def test_log_that_stays_unreadable_is_told_then_the_work_is_done_again(operator: Operator) -> None:
    await ended(operator, "a", retries=0)
    operator.api.refuse = lambda _, path: Away("500") if path.endswith("/log") else None
    seen = []
    async with reading(operator):
        for seconds in (0, operator.limits.pod_grace, operator.limits.log_patience, 0):
            operator.now, operator.ticks = NOW + seconds, operator.ticks + LONGEST_SECONDS
            await operator.round()
            await told(operator)
            seen.append(status(operator, "a"))
    assert seen[:3] == [
        ("Tokenizing", "Tokenizing", 0),
        ("LogUnreadable", "Tokenizing", 0),
        ("LogUnreadable", "Pending", 0),
    ]


async def test_log_that_fails_for_a_moment_costs_nothing(operator: Operator) -> None:
    operator.limits = type(operator.limits)(pods=2)
    (pod,) = await ended(operator, "a", retries=0)
    line = reports.line(reports.done_tokens(operator.request("a")["metadata"]["uid"], 0, 1, {"bytes": 9}, 3))
    path = seed_pod(operator, "a", node="n", message=reports.seal([line, line * 5000])[: len(SEALED) + 64])
    seal = reports.seal([line]).split("\n")[0] + "\n"
    operator.api.objects[path]["status"]["containerStatuses"][0]["state"]["terminated"]["message"] = seal
    operator.api.logs[f"{path}/log"] = f"noise\n{line}\n"
    operator.restart()
    operator.api.refuse = lambda _, at: Away("500") if at.endswith("/log") else None
    async with reading(operator):
        await operator.round()
        await told(operator)
        operator.api.refuse = lambda _method, _path: None
        operator.ticks += LONGEST_SECONDS
        await operator.round()
        await told(operator)
        (now,) = pods(operator)
        assert [one["tokens"] for one in now.reports or ()] == [3]
    assert pod.name == now.name


async def test_log_that_does_not_fit_its_seal_is_read_twice_before_it_is_broken(operator: Operator) -> None:
    (pod,) = await ended(operator, "a")
    operator.api.logs[paths.pods("ns", pod.name, "log")] = "noise"
    found = []
    async with reading(operator):
        for _ in range(2):
            operator.reader.ask(pods(operator)[0])
            await told(operator)
            operator.ticks += LONGEST_SECONDS
            found.append(pods(operator)[0].broken)
    assert found == [None, "0 report lines where the seal says 1"]


async def test_log_of_a_pod_that_is_gone_is_broken_at_once(operator: Operator) -> None:
    (pod,) = await ended(operator, "a")
    del operator.api.objects[paths.pods("ns", pod.name)]
    async with reading(operator):
        operator.reader.ask(pod)
        await told(operator)
    assert pods(operator)[0].broken == "it is gone, and its log with it"


async def test_hanging_node_changes_neither_the_rounds_nor_the_calls_of_another_request(operator: Operator) -> None:
    async def steps(hangs: bool) -> list[tuple[str, str]]:
        other = Operator()
        await ended(other, "dead", "well")
        path = next(one.name for one in pods(other) if one.node == "node-of-well")
        other.api.logs[paths.pods("ns", path, "log")] = "noise"
        text, never = other.api.text, asyncio.Event()

        async def slow(at: str, **params: str) -> str:
            if path not in at and hangs:
                await never.wait()
            return await text(at, **params)

        other.api.text = slow  # type: ignore[method-assign,assignment]  # a node that does not answer
        before = len(other.api.log)
        async with reading(other):
            for _ in range(4):
                assert await other.round()
                await asyncio.sleep(0)
                other.ticks += LONGEST_SECONDS
        return [one for one in other.api.log[before:] if "well" in one[1]]

    assert await steps(hangs=True) == await steps(hangs=False) != []


async def test_node_that_failed_is_asked_by_one_call_at_a_time(operator: Operator) -> None:
    (pod,) = await ended(operator, "a")
    many = [type(pod)(f"u{n}", f"p{n}", "ns", pod.job_uid, 0, NOW, node="dead") for n in range(A_NODE + 3)]
    operator.api.refuse = lambda _, path: Away("no answer") if path.endswith("/log") else None
    asked = []
    async with reading(operator):
        for _ in range(3):
            before = len(operator.api.log)
            for one in many:
                operator.reader.ask(one)
            await told(operator)
            asked.append(len(operator.api.log) - before)
            operator.ticks += LONGEST_SECONDS
    assert asked == [A_NODE, 1, 1]


async def test_pods_of_an_ended_job_are_listed_before_they_are_called_lost(operator: Operator) -> None:
    await ended(operator, "a", retries=0)
    (job,) = map(Job.parse, operator.jobs())
    (pod,) = pods(operator)
    operator.store.drop("pod", pod.uid, 0)
    operator.store._gone.clear()  # noqa: SLF001 - the watch has never shown it
    await operator.executor.perform([ListPods(job)])
    assert [one.uid for one in pods(operator)] == [pod.uid]
    assert [one.listed for one in operator.store.picture().jobs.values()] == [True]
