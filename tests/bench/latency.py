"""How long one person waits: a 1 KB file on an idle, warm stack, from the start of the upload to the result."""

from __future__ import annotations

import statistics
import time

from tests.bench.stack import Stack, stack

WARM_UP, ROUNDS = 3, 30


def run(rounds: int = ROUNDS) -> dict[str, float]:
    """Measure upload to result; each file differs, so that none is answered by a known result."""
    with stack() as running:
        for number in range(WARM_UP):
            _once(running, -1 - number)
        seconds = sorted(_once(running, number) for number in range(rounds))
    return {
        "upload_to_result_p50_s": statistics.median(seconds),
        "upload_to_result_p95_s": seconds[int(0.95 * (len(seconds) - 1))],
    }


def _once(running: Stack, number: int) -> float:
    text = (f"number {number} of the files that are counted " * 30)[:1024].encode()
    began = time.perf_counter()
    status, answer = running.call("POST", "/upload", text, **{"Content-Type": "application/octet-stream"})
    if status != 202:
        raise RuntimeError(f"upload refused: {status} {answer}")
    ended = running.wait(answer["name"])
    seconds = time.perf_counter() - began
    if ended["phase"] != "Succeeded" or ended["result"]["bytes"] != len(text):
        raise RuntimeError(f"a wrong result: {ended}")
    return seconds
