"""An operator that stands by follows nothing; it begins with it when it leads for the first time."""

from __future__ import annotations

import asyncio

from textmill_operator.run import from_the_first_lead


async def test_part_begins_with_the_first_lead_and_goes_on_without_it() -> None:
    won, began, end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def part() -> None:
        began.set()
        await end.wait()

    task = asyncio.create_task(from_the_first_lead(won, part))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not began.is_set()
    won.set()
    await asyncio.wait_for(began.wait(), 10)
    won.clear()
    end.set()
    await asyncio.wait_for(task, 10)
