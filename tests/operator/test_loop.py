"""The loop: an audit first, one round a burst, back-off when the API fails, and nothing without the Lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from tests.operator.conftest import NOW, Operator
from tests.operator.fake_api import answer, away, quota
from textmill_operator import loop as loop_module
from textmill_operator import paths, patience
from textmill_operator.api import in_namespace
from textmill_operator.audit import Audit
from textmill_operator.lease import GROUP, Election
from textmill_operator.loop import Loop

LEASE = in_namespace("ns", "leases", "lease", group=GROUP)


@dataclass
class Running:
    """A loop at work, what wakes it, and how to wait for what it does."""

    operator: Operator
    loop: Loop
    wake: asyncio.Event
    election: Election
    audit: Audit
    plan_costs: list[float]
    """One number: the CPU seconds that each plan takes."""

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the loop go on until something holds."""
        async with asyncio.timeout(10):
            while not holds():
                self.loop.planned.clear()
                await self.loop.planned.wait()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """Run a loop over the API in memory."""
    wake = asyncio.Event()
    operator = Operator(on_change=wake.set)
    clock = iter(range(10**9))
    election = Election(operator.api, "ns", "lease", "one", clock=lambda: next(clock) / 10**6)
    operator.fence = election.check
    audit = Audit(operator.api, operator.store, operator.metrics, ("ns",), every=60.0)
    costs, spent = [0.0], [0.0]

    def effort() -> float:
        spent[0] += costs[0]
        return spent[0]

    loop = Loop(
        operator.store,
        operator.executor,
        audit,
        election,
        operator.metrics,
        limits=operator.limits,
        wake=wake,
        clock=lambda: NOW,
        effort=effort,
    )
    task = asyncio.create_task(loop.run())
    yield Running(operator, loop, wake, election, audit, costs)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nothing_is_read_or_written_before_the_lease_is_won(running: Running) -> None:
    running.operator.submit("a")
    for _ in range(10):
        await asyncio.sleep(0)
    assert running.operator.api.log == []


async def test_leader_sees_everything_before_it_plans(running: Running) -> None:
    running.operator.submit("a")
    await running.election.step()
    await running.until(lambda: running.operator.request("a")["status"]["phase"] == "Tokenizing")
    lists = [path for method, path in running.operator.api.log if method == "GET" and path == paths.requests("ns")]
    first_write = running.operator.api.log.index(("PATCH", paths.request("ns", "a", "status")))
    assert running.operator.api.log.index(("GET", lists[0])) < first_write


async def test_loop_goes_on_when_the_api_is_back(running: Running) -> None:
    await running.election.step()
    await running.until(lambda: running.audit.done_at is not None)
    running.operator.api.refuse = away
    running.operator.submit("a")
    running.operator.see()
    await running.until(lambda: any(path.endswith("processingrequests") for _, path in running.operator.api.log))
    running.operator.api.refuse = answer
    await running.until(lambda: running.operator.request("a")["status"]["phase"] == "Tokenizing")


async def test_api_that_stays_away_is_not_asked_in_a_hot_loop(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "BACKOFF", (600.0,))
    await running.election.step()
    await running.until(lambda: running.audit.done_at is not None)
    running.operator.api.refuse = away
    running.operator.submit("a")
    asked = len(running.operator.api.log)
    running.operator.see()
    await running.until(lambda: len(running.operator.api.log) > asked)
    asked = len(running.operator.api.log)
    for _ in range(20):
        running.wake.set()
        await asyncio.sleep(0)
    assert len(running.operator.api.log) == asked


async def test_burst_of_changes_is_planned_on_together(running: Running) -> None:
    await running.election.step()
    await running.until(lambda: running.audit.done_at is not None)
    for number in range(20):
        running.operator.submit(f"r{number}")
    running.operator.see()
    await running.until(lambda: bool(running.operator.jobs()))
    (job,) = running.operator.jobs()
    assert len(job["metadata"]["ownerReferences"]) == 20


@pytest.mark.parametrize(("cost", "more"), [(0.0, True), (1.0, False)])
async def test_plan_that_takes_long_is_not_made_again_at_once(
    running: Running, monkeypatch: pytest.MonkeyPatch, cost: float, more: bool
) -> None:
    monkeypatch.setattr(loop_module, "GATHER", 0.0)
    monkeypatch.setattr(loop_module, "GATHER_MOST", 600.0)
    running.plan_costs[0] = cost
    await running.election.step()
    await running.until(lambda: plans(running) == 1)
    running.operator.submit("a")
    running.operator.see()
    for _ in range(20):
        await asyncio.to_thread(lambda: None)  # a plan is made in a thread, too
    if more:
        await running.until(lambda: plans(running) > 1)
    else:
        assert plans(running) == 1


def plans(running: Running) -> float:
    """Return how many plans were made, as Prometheus is told."""
    return running.operator.metrics.registry.get_sample_value("textmill_plan_duration_seconds_count") or 0.0


async def test_refused_job_is_tried_again_when_its_pause_is_over(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FIRST_SECONDS", 0.3)
    monkeypatch.setattr(loop_module, "REST", 600.0)
    running.operator.executor.patience = patience.Patience()
    running.operator.api.refuse = quota
    running.operator.submit("a")
    await running.election.step()
    await running.until(lambda: bool(running.operator.executor.patience.pause()))
    for _ in range(2):
        running.wake.set()
        running.loop.planned.clear()
        await running.loop.planned.wait()
    assert not running.wake.is_set()
    running.operator.api.refuse = answer
    await running.until(lambda: bool(running.operator.jobs()))


async def test_lost_lease_ends_the_lead_until_it_is_won_again(running: Running) -> None:
    await running.election.step()
    await running.until(lambda: running.audit.done_at is not None)
    assert leading(running) == 1.0
    running.operator.api.seed(LEASE, running.operator.api.objects[LEASE])
    running.operator.api.objects[LEASE]["spec"]["holderIdentity"] = "somebody-else"
    await running.election.step()
    assert leading(running) == 0.0
    written = running.operator.api.writes()
    running.operator.submit("a")
    running.operator.see()
    for _ in range(20):
        await asyncio.sleep(0)
    assert running.operator.api.writes() == written
    running.operator.api.objects[LEASE]["spec"]["holderIdentity"] = ""
    await running.election.step()
    await running.until(lambda: running.operator.request("a")["status"]["phase"] == "Tokenizing")


async def test_suspended_requests_are_told_apart(running: Running) -> None:
    running.operator.submit("moves")
    running.operator.submit("rests", suspend=True)
    await running.election.step()
    await running.until(lambda: running.operator.request("rests").get("status", {}).get("phase") == "Suspended")
    sample = running.operator.metrics.registry.get_sample_value
    await running.until(lambda: sample("textmill_live_objects", {"kind": "suspended"}) == 1)
    assert sample("textmill_live_objects", {"kind": "request"}) == 2


def leading(running: Running) -> float | None:
    """Return what Prometheus is told of the lead."""
    return running.operator.metrics.registry.get_sample_value("textmill_leading")


async def test_round_that_never_ends_is_trouble(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, held = asyncio.Event(), asyncio.Event()

    async def hang(*_: object, **__: object) -> dict[str, object]:
        asked.set()
        await held.wait()
        return {"metadata": {}, "items": []}

    await running.election.step()
    await running.until(lambda: running.audit.done_at is not None)
    running.operator.api.get = hang  # type: ignore[method-assign]  # an API that never answers
    running.operator.submit("a")
    running.operator.see()
    async with asyncio.timeout(5):
        await asked.wait()
    assert running.loop.trouble is None
    monkeypatch.setattr(loop_module, "STUCK_SECONDS", -1.0)
    assert "one round" in str(running.loop.trouble)


async def test_healthy_loop_has_no_trouble(running: Running) -> None:
    await running.election.step()
    await running.until(lambda: running.audit.done_at is not None)
    assert running.loop.trouble is None
