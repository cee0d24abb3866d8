"""`python -m scripts.system_packages [TABLE]`: see that Debian's packages are there.

They stand in pyproject.toml in a table for each purpose, with a command by which its presence is known. Where it
may (as root, with apt-get) this installs what is missing; anywhere else it names what is missing, says how to get
it, and fails, because tests that silently leave themselves out prove nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

from checks.tree import settings

Find = Callable[[str], str | None]


def missing(packages: Mapping[str, str], find: Find = shutil.which) -> list[str]:
    """Return the packages whose command is not there."""
    return [package for package, command in packages.items() if find(command) is None]


def install(packages: list[str]) -> int:
    """Install packages with apt-get and return its exit code."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ("-o", "DPkg::Lock::Timeout=600")  # another apt-get may be at work
    update = ["apt-get", *wait, "update", "-qq"]
    add = ["apt-get", *wait, "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (update, add):
        done = subprocess.run(command, env=environ, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode:
            return done.returncode
    return 0


def main(table: str = "system-packages") -> int:
    """Install what is missing, or say it."""
    packages: Mapping[str, str] = settings()["tool"]["textmill"][table]
    lacking = missing(packages)
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(lacking)}", flush=True)
        install(lacking)
        lacking = missing(packages)
    if lacking:
        print(f"missing: {' '.join(lacking)} (Debian, Ubuntu: sudo apt-get install {' '.join(lacking)})")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
