"""Calls that the API server turns away or does not answer: they pause those like them, and no others."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from tests.operator.conftest import Operator
from tests.operator.test_api import Server, refusal, server
from textmill_operator.api import Api, in_namespace
from textmill_operator.errors import ApiError, Away, Busy
from textmill_operator.pauses import IN_A_ROW, LONGEST_SECONDS, PROBES, Pauses, kind_of

__all__ = ["server"]

JOBS, THEIRS = in_namespace("ours", "jobs", group="batch/v1"), in_namespace("theirs", "jobs", group="batch/v1")
LEASE = in_namespace("ours", "leases", "one", group="coordination.k8s.io/v1")


class Clock:
    """A clock that stands until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def busy(asked: str) -> web.Response:
    """Return an answer that asks for a pause."""
    return web.Response(status=429, headers={"Retry-After": asked.encode().decode("latin-1")})


@pytest.mark.parametrize(("asked", "pause"), [("7", 7), ("99999999", 30), ("0", 0), ("-1", 0), ("١", 0), ("soon", 0)])
async def test_server_that_asks_for_a_pause_gets_it_for_such_calls_alone(
    server: Server, asked: str, pause: float
) -> None:
    clock = Clock()
    server.answers.append(busy(asked))
    async with Api(clock=clock) as api:
        with pytest.raises(Away) as caught:
            await api.create(JOBS, {})
        assert getattr(caught.value, "seconds", 0) == pause
        for path in (THEIRS, in_namespace("ours", "pods")):
            await api.create(path, {})
        for path in (JOBS, LEASE):
            await api.get(path)
        asked_before = len(server.asked)
        if pause:
            clock.now += pause - 0.5
            with pytest.raises(Busy):
                await api.create(JOBS, {})
            assert len(server.asked) == asked_before
            clock.now += 0.5
        await api.create(JOBS, {})
        assert len(server.asked) == asked_before + 1


async def test_calls_that_are_not_answered_pause_their_kind_after_some_in_a_row(server: Server) -> None:
    clock = Clock()
    async with Api(clock=clock) as api:
        for _ in range(IN_A_ROW):
            server.answers.append(refusal(500, "failed calling webhook"))
            with pytest.raises(Away):
                await api.create(JOBS, {})
        with pytest.raises(Busy):
            await api.create(JOBS, {})
        await api.create(THEIRS, {})
        assert len(server.asked) == IN_A_ROW + 1


async def test_one_bad_object_pauses_nothing_while_others_like_it_are_answered(server: Server) -> None:
    async with Api(clock=Clock()) as api:
        for _ in range(3 * IN_A_ROW):
            server.answers.append(refusal(500))
            with pytest.raises(Away):
                await api.patch(f"{JOBS}/bad", {})
            await api.patch(f"{JOBS}/good", {})


async def test_refusals_are_answers(server: Server) -> None:
    async with Api(clock=Clock()) as api:
        for _ in range(3 * IN_A_ROW):
            server.answers.append(refusal(403))
            with pytest.raises(ApiError):
                await api.create(JOBS, {})
        await api.create(JOBS, {})


async def test_few_calls_are_made_after_a_pause_until_one_is_answered(server: Server) -> None:
    clock, server.hangs = Clock(), asyncio.Event()
    server.answers.append(busy("5"))
    server.hangs.set()
    async with Api(clock=clock) as api:
        with pytest.raises(Busy):
            await api.create(JOBS, {})
        server.hangs.clear()
        clock.now += 5
        probes = [asyncio.create_task(api.create(JOBS, {})) for _ in range(PROBES)]
        for _ in range(PROBES + 1):
            await server.arrived.acquire()
        with pytest.raises(Busy):
            await api.create(JOBS, {})
        server.hangs.set()
        await asyncio.gather(*probes)
        await asyncio.gather(*(api.create(JOBS, {}) for _ in range(2 * PROBES)))


def test_leases_are_never_paused_and_a_log_pauses_its_own_pod() -> None:
    pauses = Pauses(Clock())
    for _ in range(IN_A_ROW):
        with pauses.call("PUT", LEASE):
            pauses.failed("PUT", LEASE, 30)
    with pauses.call("PUT", LEASE):
        pass
    one, other = (in_namespace("ours", "pods", name, "log") for name in ("a", "b"))
    assert kind_of("GET", one) != kind_of("GET", other)
    assert kind_of("GET", in_namespace("ours", "pods", "a")) == kind_of("GET", in_namespace("ours", "pods", "b"))
    assert kind_of("GET", in_namespace("", "pods")) == ("GET", "", "pods/")


def test_pauses_grow_to_a_bound_and_kinds_are_forgotten() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    seen = []
    for _ in range(20):
        with pauses.call("GET", JOBS):
            pauses.failed("GET", JOBS)
        try:
            with pauses.call("GET", JOBS):
                seen.append(0.0)
        except Busy as error:
            seen.append(error.seconds)
            clock.now += error.seconds
    assert seen[: IN_A_ROW + 1] == [0.0, 0.0, 0.5, 1.0]
    assert max(seen) == LONGEST_SECONDS
    for number in range(5000):
        path = in_namespace(f"ns-{number}", "pods")
        with pauses.call("GET", path):
            pauses.failed("GET", path)
        clock.now += 1
    assert len(pauses._states) < 2000  # noqa: SLF001 - what it keeps has no other sign


@pytest.mark.parametrize(
    ("error", "heard", "well", "pause"),
    [
        (Away("500 failed calling webhook"), True, True, 1.0),
        (Away("no answer"), False, False, None),
        (Busy("429", 7.0), False, True, 7.0),
    ],
)
async def test_what_is_not_answered_while_others_are_slows_no_round(
    operator: Operator, error: Away, heard: bool, well: bool, pause: float | None
) -> None:
    operator.api.heard = heard
    operator.submit("a")
    await operator.round()
    operator.api.refuse = lambda method, path: error if method == "POST" and path.endswith("/jobs") else None
    assert await operator.round() is well
    assert operator.executor.pause() == pause
