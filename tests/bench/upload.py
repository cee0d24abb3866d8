"""What an upload costs against the least that could be done: `sha256sum` of the same file and a copy of it.

Both run on the same disk in the same run, the yardstick before and after the upload; the best of each counts, since a
neighbour's noise only ever adds time.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.stack import Stack, stack

BYTES = 1 << 30
ROUNDS = 3
BLOCK = 1 << 20


def run(size: int = BYTES, rounds: int = ROUNDS) -> dict[str, float]:
    """Measure uploads of `size` bytes as a raw body, and how much the server's memory grew over them."""
    # Each request is deleted as soon as it is answered, so that no worker competes with the next round.
    with tempfile.TemporaryDirectory(prefix="textmill-bench-") as folder, stack() as running:
        source = Path(folder) / "source"
        server = _server_pids(running)
        before = sum(_rss(pid) for pid in server)
        least, uploads, peak = [], [], before
        for number in range(rounds):
            _write(source, size, number)
            least.append(_yardstick(source, Path(folder) / "copy"))
            uploads.append(_upload(running, source, number))
            peak = max(peak, sum(_peak_rss(pid) for pid in server))
    return {
        "against_sha256sum_and_cp_ratio": min(least) / min(uploads),
        "server_rss_growth_mib": (peak - before) / (1 << 20),
    }


def _write(path: Path, size: int, seed: int) -> None:
    block = (f"block {seed} of the big file, line after line\n" * (BLOCK // 40))[:BLOCK].encode()
    with path.open("wb") as file:
        for start in range(0, size, BLOCK):
            file.write(block[: min(BLOCK, size - start)])
    os.sync()


def _yardstick(source: Path, copy: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["sha256sum", str(source)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cp", str(source), str(copy)], check=True)
    subprocess.run(["sync", str(copy)], check=True)
    seconds = time.perf_counter() - began
    copy.unlink()
    return seconds


def _upload(running: Stack, source: Path, number: int) -> float:
    address = f"http://127.0.0.1:{running.port}/upload?name=big-{number}"
    began = time.perf_counter()
    command = ["curl", "-sS", "--fail", "-T", str(source), "-X", "POST", "-H", "Expect:", address]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    running.call("DELETE", f"/requests/big-{number}")
    return seconds


def _server_pids(running: Stack) -> list[int]:
    """Return the processes of the HTTP server: those whose command line names gunicorn and whose stack is ours."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if b"gunicorn" in command and str(running.state).encode() in environment:
            found.append(int(folder.name))
    if not found:
        raise RuntimeError("no HTTP server of this stack is running")
    return found


def _rss(pid: int) -> int:
    return _status(pid, "VmRSS:")


def _peak_rss(pid: int) -> int:
    return _status(pid, "VmHWM:")


def _status(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field))
