"""Answers of millions of rows: how soon they begin, what 70 clients cost in memory, what searches do to others.

The table has six million words and the text two million tokens of a vocabulary of a million, written here; the API
stands before a real (our own) API server. Every figure that has a bound is a ratio of one run, or memory.
"""

from __future__ import annotations

import http.client
import random
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.api import artefacts, live
from tests.contract.client import Client

ROWS, WORDS, TOKENS = 6_000_000, 1_000_000, 2_000_000
CLIENTS, SEARCHES, TAKEN = 70, 32, 4 << 20
LIMIT = 5_000_000
WORDS_PATH, TOKENS_PATH = "/requests/big/words", "/requests/big/tokens"


def run(rows: int = ROWS, clients: int = CLIENTS, searches: int = SEARCHES) -> dict[str, float]:
    """Measure first bytes, memory, and health beside searches."""
    with (
        tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder,
        live.cluster(Path(folder)) as (config, kubernetes),
        live.serve(Path(folder) / "api", config) as api,
    ):
        _prepare(api, kubernetes, rows)
        growth = {
            "words_growth_mib": _growth(api, WORDS_PATH, clients),
            "tokens_growth_mib": _growth(api, TOKENS_PATH, clients),
        }
        return _first_bytes(api) | growth | _health(api, searches)


def _prepare(api: live.Api, kubernetes: Client, rows: int) -> None:
    api.call("POST", "/upload?name=big", b"x", Content_Type="text/plain")
    csv = "word,count\n" + "".join(f"word{one},{rows - one}\n" for one in range(rows))
    status = artefacts.finished(api.root, csv.encode())
    chance = random.Random(1)
    ids = [min(int(chance.paretovariate(0.5)) - 1, WORDS - 1) for _ in range(TOKENS)]
    batches = [ids[at : at + 131_072] for at in range(0, TOKENS, 131_072)]
    status |= {"tokens": artefacts.tokenized(api.root, ([f"word{one}" for one in range(WORDS)], batches))["tokens"]}
    answer = kubernetes.patch(f"{live.REQUESTS}/big/status", {"status": status})
    if answer.status != 200:
        raise RuntimeError(f"the status was not written: {answer.body}")


def _first_bytes(api: live.Api) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, path in (
        ("json", WORDS_PATH),
        ("csv", f"{WORDS_PATH}?format=csv&limit={LIMIT}"),
        ("tokens", TOKENS_PATH),
    ):
        timed = [_timed(api, path) for _ in range(3)]
        first, whole = sorted(one for one, _ in timed)[1], sorted(one for _, one in timed)[1]
        figures |= {f"{name}_whole_s": whole, f"{name}_first_byte_ratio": first / whole}
    return figures


def _timed(api: live.Api, path: str) -> tuple[float, float]:
    """Return after how many seconds the first byte of an answer's content was there, and the last."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read(1)
    first = time.perf_counter() - began
    while answer.read(1 << 20):
        pass
    connection.close()
    return first, time.perf_counter() - began


def _growth(api: live.Api, path: str, clients: int) -> float:
    """Return by how many MiB the server's memory grows at its peak while so many clients read one answer at once."""
    (worker,) = Path(f"/proc/{api.process.pid}/task/{api.process.pid}/children").read_text().split()
    with ThreadPoolExecutor(clients) as pool:
        list(
            pool.map(lambda _: api.call("GET", "/healthz"), range(clients))
        )  # threads are there before they are counted
        Path(f"/proc/{worker}/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
        before = _memory(worker, "VmRSS")
        list(pool.map(lambda _: _take(api, path), range(clients)))
    return (_memory(worker, "VmHWM") - before) / 1024


def _take(api: live.Api, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=300)
    connection.request("GET", path)
    answer, left = connection.getresponse(), TAKEN
    while left > 0 and (data := answer.read(min(left, 1 << 16))):
        left -= len(data)
    connection.close()


def _memory(worker: str, name: str) -> int:
    lines = Path(f"/proc/{worker}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _health(api: live.Api, searches: int) -> dict[str, float]:
    """Measure how long a probe takes while so many clients search, against one on an idle service."""
    idle = _probes(api, 50, threading.Event())
    over = threading.Event()

    def search() -> None:
        while not over.is_set():
            api.call("GET", f"{WORDS_PATH}?contains=zzz")

    with ThreadPoolExecutor(searches) as pool:
        for _ in range(searches):
            pool.submit(search)
        busy = _probes(api, 200, over)
    return {"probe_idle_p50_ms": 1000 * idle[25], "probe_p50_ms": 1000 * busy[100], "probe_p95_ms": 1000 * busy[190]}


def _probes(api: live.Api, count: int, over: threading.Event) -> list[float]:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        api.call("GET", "/healthz")
        took.append(time.perf_counter() - began)
    over.set()
    return sorted(took)
