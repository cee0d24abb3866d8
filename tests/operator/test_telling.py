"""What the operator tells: events within a budget, health with its reason, metrics."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import ClientSession

from tests.operator.conftest import NOW, Operator, request_body
from textmill.actions import Note
from textmill.request import Request
from textmill_operator import health
from textmill_operator.errors import Misconfigured, Refused
from textmill_operator.recorder import BURST, QUEUE, Recorder, event


def a_request() -> Request:
    """Return a request."""
    body = request_body("a")
    body["metadata"]["resourceVersion"] = "1"
    return Request.parse(body)


def dropped_events(operator: Operator) -> float:
    """Return how many events were dropped, as Prometheus is told."""
    return operator.metrics.registry.get_sample_value("textmill_events_dropped_total") or 0.0


def test_event_names_the_request_and_carries_the_note() -> None:
    made = event(a_request(), Note("Warning", "OOMKilled", "It was too big."), NOW)
    assert made["involvedObject"] == {
        "apiVersion": "textmill.dev/v1",
        "kind": "ProcessingRequest",
        "name": "a",
        "namespace": "ns",
        "uid": "uid-a",
    }
    assert (made["type"], made["reason"], made["message"]) == ("Warning", "OOMKilled", "It was too big.")


async def test_flood_of_events_is_cut_and_counted_but_warnings_pass(operator: Operator) -> None:
    recorder = Recorder(operator.api, operator.metrics)
    for number in range(int(BURST) + 30):
        recorder.note(a_request(), Note("Normal", "Counted", str(number)), NOW)
    dropped = dropped_events(operator)
    assert 25 <= dropped <= 30
    recorder.note(a_request(), Note("Warning", "OOMKilled", "told all the same"), NOW)
    assert dropped_events(operator) == dropped


async def test_flood_that_lasts_costs_two_events_a_second(operator: Operator) -> None:
    moment = 0.0
    recorder = Recorder(operator.api, operator.metrics, lambda: moment)
    for number in range(1000):
        moment = number / 10
        recorder.note(a_request(), Note("Normal", "Counted", str(number)), NOW)
    assert 1000 - dropped_events(operator) == BURST + 2 * 100 - 1


async def test_warnings_leave_the_budget_to_the_others(operator: Operator) -> None:
    recorder = Recorder(operator.api, operator.metrics)
    for number in range(int(BURST) * 2):
        recorder.note(a_request(), Note("Warning", "OOMKilled", str(number)), NOW)
    recorder.note(a_request(), Note("Normal", "Counted", "told all the same"), NOW)
    assert dropped_events(operator) == 0


async def test_full_queue_drops_even_warnings(operator: Operator) -> None:
    recorder = Recorder(operator.api, operator.metrics)
    for number in range(QUEUE + 3):
        recorder.note(a_request(), Note("Warning", "OOMKilled", str(number)), NOW)
    assert dropped_events(operator) == 3


async def test_event_that_is_refused_is_counted_and_stops_nothing(operator: Operator) -> None:
    second = asyncio.Event()

    def refuse(_method: str, _path: str) -> Exception | None:
        if len(operator.api.log) == 1:
            return Refused("403")
        second.set()
        return None

    operator.api.refuse = refuse
    recorder = Recorder(operator.api, operator.metrics)
    task = asyncio.create_task(recorder.run())
    for text in ("refused", "posted"):
        recorder.note(a_request(), Note("Normal", "Counted", text), NOW)
    async with asyncio.timeout(5):
        await second.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert dropped_events(operator) == 1


async def test_port_that_is_taken_stops_the_start_with_a_sentence(operator: Operator) -> None:
    app = health.application(operator.metrics, [], [])
    runner, port = await health.serve(app, "127.0.0.1", 0)
    try:
        with pytest.raises(Misconfigured, match=f"cannot listen for /healthz at 127.0.0.1:{port}"):
            await health.serve(health.application(operator.metrics, [], []), "127.0.0.1", port)
    finally:
        await runner.cleanup()


async def test_noted_event_is_posted(operator: Operator) -> None:
    posted = asyncio.Event()
    operator.api.refuse = lambda _method, _path: posted.set()
    recorder = Recorder(operator.api, operator.metrics)
    task = asyncio.create_task(recorder.run())
    recorder.note(a_request(), Note("Normal", "Counted", "done"), NOW)
    async with asyncio.timeout(5):
        await posted.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert operator.api.log == [("POST", "/api/v1/namespaces/ns/events")]


async def test_health_says_what_is_wrong_and_metrics_are_served(operator: Operator) -> None:
    wrong: list[str] = []
    app = health.application(operator.metrics, [lambda: wrong[0] if wrong else None], [lambda: "not yet"])
    runner, port = await health.serve(app, "127.0.0.1", 0)
    try:
        async with ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/healthz") as answer:
                assert (answer.status, await answer.text()) == (200, "ok\n")
            wrong.append("the watch is silent")
            async with session.get("/healthz") as answer:
                assert (answer.status, await answer.text()) == (503, "the watch is silent\n")
            async with session.get("/readyz") as answer:
                assert answer.status == 503
            async with session.get("/metrics") as answer:
                assert "textmill_leading 0.0" in await answer.text()
    finally:
        await runner.cleanup()
