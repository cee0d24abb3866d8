"""Candidates whose calls overlap in any way, each answer late by any time: never do two lead at once."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.operator.fake_api import FakeApi
from textmill_operator.api import Api
from textmill_operator.errors import Away
from textmill_operator.lease import Election

DURATION = 15.0
NAMES = ("one", "two", "three")
ROUND = 5
"""Steps of a whole try: its start, and two calls that are let in and answered."""


class Late(Api):
    """A candidate's way to the API: each call waits to be let in, and its answer to be let out, or to be lost."""

    def __init__(self, server: FakeApi) -> None:
        super().__init__()
        self._server = server
        self._gate: asyncio.Future[bool] | None = None

    def move(self, *, lose: bool) -> None:
        """Let the call under way go on by one step."""
        if self._gate and not self._gate.done():
            self._gate.set_result(lose)

    async def _pass(self) -> None:
        self._gate = asyncio.get_running_loop().create_future()
        if await self._gate:
            raise Away("lost on the way")

    async def get(self, path: str, **params: str) -> Any:
        await self._pass()
        answer = await self._server.get(path, **params)
        await self._pass()
        return answer

    async def create(self, path: str, body: Any) -> Any:
        await self._pass()
        answer = await self._server.create(path, body)
        await self._pass()
        return answer

    async def replace(self, path: str, body: Any) -> Any:
        await self._pass()
        answer = await self._server.replace(path, body)
        await self._pass()
        return answer


class Race:
    """Some candidates on one clock; a move is a step of one of them after a pause."""

    def __init__(self) -> None:
        self.now = 1000.0
        server = FakeApi()
        self.ways = {name: Late(server) for name in NAMES}
        self.candidates = {
            name: Election(way, "ns", "lease", name, duration=DURATION, clock=lambda: self.now)
            for name, way in self.ways.items()
        }
        self.steps: dict[str, asyncio.Task[None]] = {}
        self.won: set[str] = set()

    async def move(self, name: str, pause: float, steps: int, *, lose: bool) -> None:
        """Let time pass, then one candidate go on by some steps; the last may lose a call or its answer."""
        self.now += pause
        self.check()
        for number in range(steps):
            await self._step(name, lose=lose and number == steps - 1)

    async def _step(self, name: str, *, lose: bool) -> None:
        step = self.steps.get(name)
        if step is None or step.done():
            self.steps[name] = asyncio.create_task(self.candidates[name].step())
        else:
            self.ways[name].move(lose=lose)
        for _ in range(6):
            await asyncio.sleep(0)
        self.check()

    def check(self) -> None:
        """At most one leads."""
        leading = [name for name, one in self.candidates.items() if one.leading]
        assert len(leading) <= 1, leading
        self.won.update(leading)

    async def end(self) -> None:
        """End what is under way."""
        for step in self.steps.values():
            step.cancel()
        await asyncio.gather(*self.steps.values(), return_exceptions=True)


PAUSES = st.sampled_from([0.0, 4.0, DURATION - 4.0, DURATION])
STEPS = st.integers(1, ROUND)
LOST = st.sampled_from([False] * 5 + [True])
MOVES = st.lists(st.tuples(st.sampled_from(NAMES), PAUSES, STEPS, LOST), max_size=25)


@given(MOVES)
def test_calls_that_overlap_never_make_two_leaders(moves: list[tuple[str, float, int, bool]]) -> None:
    async def play() -> None:
        race = Race()
        for name, pause, steps, lose in moves:
            await race.move(name, pause, steps, lose=lose)
        await race.end()

    asyncio.run(play())


async def test_candidates_can_lead_one_after_another() -> None:
    race = Race()
    await race.move(NAMES[0], 0.0, ROUND, lose=False)
    for name in NAMES[1:]:
        await race.move(name, DURATION + 5, ROUND - 2, lose=False)
        await race.move(name, DURATION, ROUND, lose=False)
    await race.end()
    assert race.won == set(NAMES)


async def test_late_answer_counts_from_when_it_was_asked_for() -> None:
    race = Race()
    one, two = NAMES[:2]
    await race.move(one, 0.0, ROUND - 1, lose=False)
    await race.move(two, 0.0, ROUND - 2, lose=False)
    await race.move(one, 4.0, 1, lose=False)
    await race.move(two, DURATION - 4.0, ROUND, lose=False)
    await race.end()
    assert race.won == {one, two}
