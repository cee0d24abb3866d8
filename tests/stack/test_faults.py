"""kill -9 at random points while 200 requests run: of the operator, the API, each part of the cluster, and workers.

What must hold: every upload is answered in the end, every request ends, each result is exact, none is there twice, and
after the sweep nothing temporary is left on the volume. The points are chosen by progress and not by time, from a seed
that a failure shows.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.bench.stack import Stack, stack
from tests.stack.processes import descendants, runs

REQUESTS, CLIENTS, KILLS = 200, 4, 14
DEADLINE = 240.0
PARTS = {
    "api-server": "local.apiserver",
    "job-controller": "local.jobs",
    "kubelet": "local.kubelet",
    "operator": "textmill_operator",
    "api": "gunicorn",
    "worker": "worker",
}


def text_of(number: int) -> bytes:
    """Return a request's text, whose counts follow from its number alone."""
    return f"common {'word ' * (number % 7)}own{number}\n".encode()


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """Run a stack whose batches are small, so that there are many Jobs to kill."""
    with stack(BATCH_MEMBERS="20", RETRY_SECONDS="0.2", LEASE_SECONDS="3", AUDIT_SECONDS="5") as one:
        yield one


def test_kill_at_random_points_loses_and_repeats_nothing(running: Stack) -> None:
    seed = random.randrange(1 << 32)
    sys.stderr.write(f"seed {seed}\n")
    killer = Killer(running, random.Random(seed))
    killer.start()
    try:
        with ThreadPoolExecutor(CLIENTS) as clients:
            names = list(clients.map(lambda number: killer.note(upload(running, number)), range(REQUESTS)))
        wait_for_ends(running, killer)
    finally:
        killer.stop()
    assert len(set(names)) == REQUESTS
    assert killer.killed >= KILLS // 2, "the kills did not take place"
    assert names_there(running) == set(names)
    for number, name in enumerate(names):
        check_result(running, number, name)
    assert temporary_files(running) == []


class Killer(threading.Thread):
    """Kills a part each time that another share of the work is done."""

    def __init__(self, running: Stack, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._running, self._chance = running, chance
        self._moved = threading.Condition()
        self._done = 0
        self._stopped = False
        self.killed = 0

    def note(self, name: str) -> str:
        """Count one step of the work: an upload that was answered, or a request that has ended."""
        with self._moved:
            self._done += 1
            self._moved.notify_all()
        return name

    def stop(self) -> None:
        """Kill no more."""
        with self._moved:
            self._stopped = True
            self._moved.notify_all()
        self.join()

    def run(self) -> None:
        """Kill KILLS times, spread over twice as many steps as there are requests."""
        for number in range(KILLS):
            step = (number + self._chance.random()) * 2 * REQUESTS / KILLS
            with self._moved:
                while not self._stopped and self._done < step:
                    self._moved.wait()
                if self._stopped:
                    return
            self._kill(self._chance.choice(list(PARTS)))

    def _kill(self, part: str) -> None:
        there = [pid for pid in descendants(self._running.process.pid) if runs(pid, PARTS[part])]
        if there:
            with suppress(ProcessLookupError):
                os.kill(self._chance.choice(there), signal.SIGKILL)
                self.killed += 1


def upload(running: Stack, number: int) -> str:
    """Upload as a client does that retries with its Idempotency-Key until there is an answer."""
    headers = {"Content-Type": "text/plain", "Idempotency-Key": f"key-{number}"}
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException, ValueError):
            status, answer = running.call("POST", "/upload?retries=10", text_of(number), **headers)
            if status == 202:
                return str(answer["name"])
            assert status in (429, 500, 503), answer
        time.sleep(0.05)
    raise TimeoutError(f"upload {number} was never answered")


def wait_for_ends(running: Stack, killer: Killer) -> None:
    """Wait until no request is without its end, counting ends as steps of the work."""
    ended: set[str] = set()
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException, ValueError, KeyError):
            for one in listing(running):
                if one["phase"] in ("Succeeded", "Failed") and one["name"] not in ended:
                    ended.add(killer.note(str(one["name"])))
        if len(ended) == REQUESTS:
            return
        time.sleep(0.05)
    rest = [(one["name"], one["phase"], one["conditions"]) for one in listing(running) if one["name"] not in ended]
    raise TimeoutError(f"{len(rest)} requests have no end: {rest[:3]}")


def listing(running: Stack) -> list[dict[str, Any]]:
    """Return all requests, page by page."""
    items: list[dict[str, Any]] = []
    query = "/requests?limit=100"
    while True:
        status, page = running.call("GET", query)
        if status != 200:
            raise ValueError(page)
        items += page["items"]
        if not page["continue"]:
            return items
        query = f"/requests?limit=100&continue={page['continue']}"


def names_there(running: Stack) -> set[str]:
    """Return the names of all requests, each of which may be there once."""
    names = [str(one["name"]) for one in listing(running)]
    assert len(names) == len(set(names))
    return set(names)


def check_result(running: Stack, number: int, name: str) -> None:
    """Hold a request's result, and its whole table, against what its text must give."""
    _, one = running.call("GET", f"/requests/{name}")
    assert one["phase"] == "Succeeded", one["conditions"]
    repeated = number % 7
    assert one["result"]["tokens"] == 2 + repeated, one
    _, words = running.call("GET", f"/requests/{name}/words?format=json")
    expected = {"common": 1, f"own{number}": 1} | ({"word": repeated} if repeated else {})
    assert {word["word"]: word["count"] for word in words} == expected


def temporary_files(running: Stack) -> list[Path]:
    """Sweep without any grace, and return what is left that nobody refers to."""
    root = Path(__file__).parents[2]
    environment = os.environ | {
        "KUBECONFIG": str(running.state / "kubeconfig"),
        "TEXTMILL_VOLUME": str(running.state / "volume"),
        "PYTHONPATH": str(root),
    }
    command = [sys.executable, "-m", "app", "sweep", "--grace", "0", "--max-share", "1"]
    for _ in range(3):
        swept = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert swept.returncode == 0, swept.stderr
    volume = running.state / "volume"
    folders = [str(one["result"]["table"]["path"]) for one in listing(running)]
    expected = {Path(folder).parts[1] for folder in folders}
    strays = list((volume / "uploads" / "incoming").glob("*"))
    strays += [path for path in (volume / "results").iterdir() if path.name not in expected]
    for top in ("uploads", "work", "results"):
        strays += [path for path in (volume / top).rglob("*") if ".tmp" in path.name or path.name.startswith(".")]
    return strays
