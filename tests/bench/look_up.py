"""What looking for known results costs when one of forty contents was counted 30,000 times before, against once."""

from __future__ import annotations

import asyncio
import time

from tests.operator.history import History, asking
from textmill_operator.lookups import KEYS

COPIES = 30_000
ROUNDS = 5


def run() -> dict[str, float]:
    """Return the ratios of CPU time and of bytes that are read, and how many calls it takes."""
    once, often = asyncio.run(_cost(1)), asyncio.run(_cost(COPIES))
    return {
        "copies_30000_cpu_ratio": often[0] / once[0],
        "copies_30000_bytes_ratio": often[1] / once[1],
        "copies_30000_calls": often[2],
    }


async def _cost(copies: int) -> tuple[float, int, int]:
    """Return the least CPU seconds of some look-ups, the bytes of their answers, and how many calls each takes."""
    texts = [f"text{number:02}" for number in range(KEYS)]
    seconds, api = [], History()
    for _ in range(ROUNDS):
        api = History(copies=dict.fromkeys(texts[1:], 1) | {texts[0]: copies})
        operator, look_up = asking(api, *texts)
        api.log.clear()
        start = time.process_time()
        await operator.executor.perform([look_up])
        seconds.append(time.process_time() - start)
        assert all(operator.store.lent.values())
        assert len(operator.store.lent) == KEYS
    return min(seconds), sum(api.lists), len(api.log)
