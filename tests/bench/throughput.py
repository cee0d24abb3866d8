"""How many small files a second go through HTTP on the local stack, with batching and without, in one run."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.stack import Stack, call, stack

FILES, FILES_ALONE, CLIENTS = 1000, 60, 8


def run(files: int = FILES, alone: int = FILES_ALONE) -> dict[str, float]:
    """Measure uploads until the last result, per second; the run without batching takes a sample of the files."""
    with stack() as running:
        batched = _drain(running, files)
    with stack(BATCH_MEMBERS="1") as running:
        unbatched = _drain(running, alone)
    return {"batched_per_s": batched, "unbatched_per_s": unbatched, "batching_ratio": batched / unbatched}


def _drain(running: Stack, files: int) -> float:
    local = threading.local()

    def upload(number: int) -> str:
        if not hasattr(local, "connection"):
            local.connection = running.connect()
        text = f"file {number} says {' '.join(str(number + step) for step in range(50))}\n".encode()
        status, answer = call(local.connection, "POST", "/upload", text, {"Content-Type": "text/plain"})
        if status != 202:
            raise RuntimeError(f"upload refused: {status} {answer}")
        return str(answer["name"])

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        names = list(clients.map(upload, range(files)))
    for name in names:
        ended = running.wait(name, 300)
        if ended["phase"] != "Succeeded" or ended["result"]["tokens"] != 53:
            raise RuntimeError(f"a wrong result: {ended}")
    return files / (time.perf_counter() - began)
