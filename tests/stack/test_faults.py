"""kill -9 at random points while 200 requests run: of the operator, the API, each part of the cluster, and workers.

What must hold: every upload is answered in the end, every request ends, each result is exact, none is there twice, and
after the sweep nothing is left on the volume but what a request refers to. The points are chosen by progress and not by
time, from a seed that a failure shows; and every kill of the plan takes place.
"""

from __future__ import annotations

import http.client
import json
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
from tests.contract.server import until
from tests.stack.processes import descendants, runs
from textmill import layout

REQUESTS, CLIENTS = 200, 4
DEADLINE = 240.0
PARTS = {
    "api-server": "local.apiserver",
    "job-controller": "local.jobs",
    "kubelet": "local.kubelet",
    "operator": "textmill_operator",
    "api": "gunicorn",
    "worker": "worker",
}
SEED = "FAULTS_SEED"
"""Variable that has a failure's points tried again. CI always tries the same ones, a desk others each time."""


def planned(chance: random.Random) -> list[str]:
    """Return whom to kill, in turn: every part twice, and workers among the first, while there are surely some."""
    workers = ["worker"] * 4
    early = [part for part in PARTS if part != "worker"]
    late = list(early)
    chance.shuffle(late)
    early += workers
    chance.shuffle(early)
    return early + late


def text_of(number: int) -> bytes:
    """Return a request's text, whose counts follow from its number alone."""
    return f"common {'word ' * (number % 7)}own{number}\n".encode()


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """Run a stack whose batches are small, so that there are many Jobs to kill."""
    quick = {"RETRY_SECONDS": "0.2", "LEASE_SECONDS": "3", "AUDIT_SECONDS": "5"}
    with stack(BATCH_MEMBERS="20", KEEP_FAILED_SECONDS="0", **quick) as one:
        yield one


def test_kill_at_random_points_loses_and_repeats_nothing(running: Stack) -> None:
    seed = int(os.environ.get(SEED) or (1 if os.environ.get("CI") else random.randrange(1 << 32)))
    sys.stderr.write(f"{SEED}={seed}\n")
    killer = Killer(running, random.Random(seed))
    killer.start()
    try:
        with ThreadPoolExecutor(CLIENTS) as clients:
            names = list(clients.map(lambda number: killer.note(upload(running, number)), range(REQUESTS)))
        wait_for_ends(running, killer)
        killer.join(DEADLINE)
    finally:
        killer.stop()
    wait_for_parts(running)
    # A pod that nobody waits for any more may still write where the sweep looks.
    until(lambda: kubectl(running, "get", "jobs,pods", "-o", "name") == "", DEADLINE)
    assert len(set(names)) == REQUESTS
    assert killer.killed == killer.plan
    assert names_there(running) == set(names)
    for number, name in enumerate(names):
        check_result(running, number, name)
    assert left_after_sweep(running) == referred_to(running)


class Killer(threading.Thread):
    """Kills a part each time that another share of the work is done."""

    def __init__(self, running: Stack, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._running, self._chance = running, chance
        self._moved = threading.Condition()
        self._done = 0
        self._stopped = False
        self.plan = planned(chance)
        self.killed: list[str] = []

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
        """Kill those of the plan, spread over twice as many steps as there are requests."""
        for number, part in enumerate(self.plan):
            step = (number + self._chance.random()) * 2 * REQUESTS / len(self.plan)
            with self._moved:
                while not self._stopped and self._done < step:
                    self._moved.wait()
            self._kill(part)

    def _kill(self, part: str) -> None:
        """Kill one of a part's processes, as soon as there is one."""
        while not self._stopped:
            there = [pid for pid in descendants(self._running.process.pid) if runs(pid, PARTS[part])]
            with suppress(ProcessLookupError):
                if there:
                    os.kill(self._chance.choice(there), signal.SIGKILL)
                    self.killed.append(part)
                    return
            time.sleep(0.005)


def upload(running: Stack, number: int) -> str:
    """Upload as a client does that retries with its Idempotency-Key until there is an answer."""
    headers = {"Content-Type": "text/plain", "Idempotency-Key": f"key-{number}"}
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException, ValueError):
            status, answer = running.call("POST", "/upload?retries=10", text_of(number), **headers)
            if status == 202:
                return str(answer["name"])
            assert status in (429, 503), answer
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


def wait_for_parts(running: Stack) -> None:
    """Wait until whoever was killed last is there again and answers."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        there = descendants(running.process.pid)
        with suppress(OSError, http.client.HTTPException, ValueError):
            lasting = (module for part, module in PARTS.items() if part != "worker")
            if all(any(runs(pid, module) for pid in there) for module in lasting) and (
                running.call("GET", "/readyz")[0] == 200
            ):
                return
        time.sleep(0.05)
    raise TimeoutError("a part did not come back")


def kubectl(running: Stack, *arguments: str) -> str:
    """Run kubectl against the stack."""
    command = [str(Path(sys.executable).with_name("kubectl")), f"--kubeconfig={running.state}/kubeconfig", *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


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


def referred_to(running: Stack) -> set[str]:
    """Return what may lie on the volume in the end: each request's content, its tokens and its table."""
    found: set[str] = set()
    for one in json.loads(kubectl(running, "get", "preq", "-o", "json"))["items"]:
        found |= {layout.upload(one["spec"]["input"]["upload"]), layout.shard(one["status"]["tokens"]["path"], 0)}
        found.add(str(one["status"]["result"]["table"]["path"]))
    return found


def left_after_sweep(running: Stack) -> set[str]:
    """Sweep without any grace, and return what is left: contents, folders of tokens and tables, and anything else."""
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
    made = {layout.IDS, layout.VOCABULARY, layout.TABLE_ARROW, layout.TABLE_CSV, layout.MANIFEST}
    files = (path for path in volume.rglob("*") if path.is_file() and path.parent != volume)
    left = {str((path.parent if path.name in made else path).relative_to(volume)) for path in files}
    return left - {f"{layout.TRASH}/.lock", f"{layout.TRASH}/.looks"}  # what the sweep itself remembers
