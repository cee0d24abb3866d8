"""`python -m scripts.download_sizes`: how many bytes each locked package is to download, for set-up to tell beforehand.

`make lock` calls it. A lock names no sizes, so what is new in one is fetched once and weighed, as the wheel that pip
takes on this machine; what is known stays, and what no lock names any more goes. A package that Linux does not need has
no size, and counts nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement

from checks.tree import ROOT
from scripts import prepare

PYTHONS = ("3.11.0", "3.11.9", "3.12.0", "3.13.0", "3.14.0")


def locked(root: Path = ROOT) -> set[str]:
    """Return every package of every lock that one of our versions of Python needs on Linux."""
    lines = [line for lock in root.glob("requirements*.txt") for line in lock.read_text("utf-8").splitlines()]
    pins = [Requirement(line.rstrip("\\ ")) for line in lines if "==" in line and line[0].isalnum()]
    return {f"{one.name}{one.specifier}" for one in pins if one.marker is None or _is_needed(one.marker)}


def _is_needed(marker: Marker) -> bool:
    linux = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
    named = [{"python_full_version": one, "python_version": ".".join(one.split(".")[:2])} for one in PYTHONS]
    return any(marker.evaluate(linux | one) for one in named)


def weigh(package: str) -> int:
    """Return the bytes of the wheel that pip takes."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", "download"]
        what = ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:", "--dest", folder, package]
        subprocess.run([*pip, *what], check=True)
        return sum(path.stat().st_size for path in Path(folder).iterdir())


def main(path: Path = Path(prepare.SIZES), root: Path = ROOT, weigh: Callable[[str], int] = weigh) -> int:
    """Weigh what is new, and write all, a line each, so that two changes at once seldom meet."""
    known: dict[str, int] = json.loads(path.read_text("utf-8"))
    sizes = {package: known[package] if package in known else weigh(package) for package in sorted(locked(root))}
    path.write_text(json.dumps(sizes, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
