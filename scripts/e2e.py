"""`python -m scripts.e2e`: everything that a test on a real cluster needs, then the tests, then nothing left.

Installs Debian's packages, builds the programs and the image unless they are built, starts the cluster, loads the
image and runs pytest, or another module, inside. The image's archive is kept in the cache by a digest of what goes
into it. Where a step fails the whole fails: a cluster that does not start is no reason to pass, nor to leave what had
started of it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from checks.tree import ROOT
from cluster import images, up
from cluster.errors import ClusterError
from cluster.places import cache
from scripts import image, system_packages

IMAGE = f"{image.REPOSITORY}:e2e"
CONTENT = (
    *("Dockerfile", ".dockerignore", "requirements-laptop.txt", "requirements-image.txt", "app", "engine", "image"),
    *("k8s/crd.yaml", "local", "operator", "scripts/bill.py", "textmill", "worker"),
)
KEPT = 2


def archive(folder: Path) -> Path:
    """Return where the archive of the image made of the present tree lies."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *CONTENT]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    digest = hashlib.sha256()
    for name in sorted(filter(None, listed.split("\0"))):
        path = ROOT / name
        if path.is_file():
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return folder / "images" / f"textmill-{digest.hexdigest()[:16]}.tar"


def build(path: Path) -> None:
    """Build the image unless its archive is there, and keep few older ones."""
    if path.exists():
        return
    made = path.with_suffix(".new")
    if image.main(["--tag", IMAGE, "--archive", str(made)]):
        raise ClusterError("the image could not be built", "make image shows why")
    made.rename(path)
    older = sorted(path.parent.glob("*.tar"), key=lambda one: one.stat().st_mtime)
    for one in older[:-KEPT]:
        one.unlink()


def main(arguments: Sequence[str]) -> int:
    """Run all of it, and return the exit code of what ran inside."""
    parser = argparse.ArgumentParser(prog="python -m scripts.e2e", description="Tests on a real cluster.")
    parser.add_argument("--keep", action="store_true", help="leave the cluster running")
    parser.add_argument("--module", default="pytest", help="what to run inside, tests.bench.cluster for one")
    asked, words = parser.parse_known_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that what was started is stopped
    try:
        with up.phase("Debian's packages"):
            if system_packages.main("cluster-packages"):
                return 1
        with up.phase("image"):
            path = archive(cache(os.environ))
            build(path)
        try:
            places = up.up()
            with up.phase("image loaded"):
                images.load(places, path)
            with up.phase(asked.module):
                return up.run_inside(places, [sys.executable, "-m", asked.module, *words]).returncode
        finally:
            if not asked.keep:
                up.down()
    except ClusterError as error:
        print(f"{error.message}\n{error.hint}".strip(), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
