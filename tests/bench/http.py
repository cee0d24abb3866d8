"""200 clients that upload small files through gunicorn, beside the same clients at an address that does nothing.

The API stands before a real (our own) API server, without operator and workers, so that nothing else takes the
machine's time. Every file differs. Each client keeps its connection and sends its next file when the last is answered;
an answer that is no 202 ends the run.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.api import live

CLIENTS, SECONDS, BYTES = 200, 30.0, 1024


def run(clients: int = CLIENTS, seconds: float = SECONDS) -> dict[str, float]:
    """Measure requests a second and the 99th percentile, of uploads and of the empty handler."""
    with tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder, live.cluster(Path(folder)) as (config, _):
        served = live.serve(Path(folder) / "api", config, application="tests.bench.empty:application()")
        with served as api:
            rate, late = asyncio.run(_load(api.port, "/upload", clients, seconds))
            empty, empty_late = asyncio.run(_load(api.port, "/empty", clients, seconds))
    return {
        "uploads_per_s": rate,
        "uploads_p99_s": late,
        "empty_per_s": empty,
        "empty_p99_s": empty_late,
        "uploads_against_empty_ratio": rate / empty,
    }


async def _load(port: int, path: str, clients: int, seconds: float) -> tuple[float, float]:
    took: list[float] = []
    began = time.perf_counter()
    connector = aiohttp.TCPConnector(limit=clients)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector) as session:
        await asyncio.gather(*(_client(session, path, one, began + seconds, took) for one in range(clients)))
    took.sort()
    return len(took) / (time.perf_counter() - began), took[int(0.99 * (len(took) - 1))]


async def _client(session: aiohttp.ClientSession, path: str, number: int, until: float, took: list[float]) -> None:
    count = 0
    while (began := time.perf_counter()) < until:
        count += 1
        text = (f"file {count} of client {number} " * 60)[:BYTES].encode()
        async with session.post(path, data=text, headers={"Content-Type": "text/plain"}) as answer:
            content = await answer.read()
            if answer.status != 202:
                raise RuntimeError(f"{path} answered {answer.status}: {content[:300]!r}")
        took.append(time.perf_counter() - began)
