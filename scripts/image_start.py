"""`python -m scripts.image_start`: how big the image is, and how soon a container of it answers.

For the README's figures and for whoever changes what starts. Nothing is checked here: what a start may take is
measured on the laptop's stack by `make bench`; a container adds its runtime's own time to that.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from checks.tree import settings as project
from scripts import compose, image

PATIENCE = 120.0


def started(runtime: list[str], tag: str) -> float:
    """Start a container and return the seconds until the stack in it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    begun = time.monotonic()
    command = [*runtime, "run", "--detach", "--rm", "--publish", f"127.0.0.1:{port}:5000", tag]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        while not _ready(f"http://127.0.0.1:{port}/readyz"):
            if time.monotonic() - begun > PATIENCE:
                raise image.NoImage(f"{tag} does not answer within {PATIENCE:.0f} s")
            time.sleep(0.05)
        return time.monotonic() - begun
    finally:
        subprocess.run([*runtime, "rm", "--force", name], check=False, capture_output=True)


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    version = project()["project"]["version"]
    parser = argparse.ArgumentParser(prog="python -m scripts.image_start", description="Measure the image.")
    parser.add_argument("--tag", default=f"localhost/textmill:{version}", help="name of the image")
    parser.add_argument("--runs", type=int, default=5, help="how often to start it (default: 5)")
    asked = parser.parse_args(arguments)
    runtime = shutil.which("podman") or shutil.which("docker")
    if runtime is None:
        print("make bench-image needs podman or docker", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="textmill-podman-") as folder:
        conf = Path(folder, "containers.conf")
        files, processes = compose.hard(resource.RLIMIT_NOFILE), compose.hard(resource.RLIMIT_NPROC)
        conf.write_text(compose.settings(files, processes), "utf-8")
        times = sorted(started(["env", f"CONTAINERS_CONF={conf}", runtime], asked.tag) for _ in range(asked.runs))
    print(f"{asked.tag}: {image.size(runtime, asked.tag)}")
    load = f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    print(
        f"ready after {statistics.median(times):.1f} s ({times[0]:.1f} to {times[-1]:.1f} in {len(times)} runs, {load})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
