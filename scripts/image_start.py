"""`python -m scripts.image_start`: how big the image is, unpacked and to pull, and how soon a container of it answers.

For the README's figures and for whoever changes what starts. No registry is asked for what a pull takes: the layers are
compressed here as a push does it, so that figure is good to a percent or so. Nothing is checked here: what a start may
take is measured on the laptop's stack by `make bench`; a container adds its runtime's own time to that.
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
import tarfile
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from checks.tree import settings as project
from scripts import compose, image

PATIENCE = 120.0
BLOCK = 1 << 20


def to_pull(archive: Path) -> int:
    """Return about how many bytes a pull takes of the image in an archive."""
    with tarfile.open(archive) as tar:
        return sum(_compressed(file) for one in tar if one.isfile() and (file := tar.extractfile(one)))


def _compressed(file: IO[bytes]) -> int:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return sum(len(packer.compress(block)) for block in iter(lambda: file.read(BLOCK), b"")) + len(packer.flush())


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
    parser.add_argument("--tag", default=f"{image.REPOSITORY}:{version}", help="name of the image")
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
        command = ["env", f"CONTAINERS_CONF={conf}", runtime]
        try:
            image.save(runtime, asked.tag, Path(folder, "image.tar"))
            packed = to_pull(Path(folder, "image.tar"))
            times = sorted(started(command, asked.tag) for _ in range(asked.runs))
        except image.NoImage as error:
            print(error, file=sys.stderr)
            return 1
    print(f"{asked.tag}: {image.size(runtime, asked.tag)} unpacked, {packed / 1e6:.0f} MB to pull")
    load = f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
    spread = f"{times[0]:.1f} to {times[-1]:.1f} in {len(times)} runs, {load}"
    print(f"answers {statistics.median(times):.1f} s after its start ({spread})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
