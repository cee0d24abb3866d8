"""The tools that lint runs beside our own checks, each in a process of its own.

Their settings stand in pyproject.toml. A tool's output is shown only when it fails. Two run at a time, the
longest first, since mypy takes longer than all the others together.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TOOLS: Mapping[str, tuple[str, ...]] = {
    "mypy": ("mypy",),
    "import contracts": ("lint-imports",),
    "unused or missing packages": ("deptry", "--no-ansi", "--config", "deptry.toml", "."),
    "ruff": ("ruff", "check", "--output-format=concise", "."),
    "ruff format": ("ruff", "format", "--check", "--output-format=concise", "."),
}


@dataclass(frozen=True)
class Outcome:
    """What one tool or check found, and how long it took."""

    name: str
    seconds: float
    complaint: str


def run(name: str, command: tuple[str, ...], root: Path) -> Outcome:
    """Run one tool, found beside our Python, with every root of the product importable."""
    started = time.monotonic()
    program, *arguments = command
    environ = {**os.environ, "PYTHONPATH": f"{root}:{root / 'operator'}:{root / 'cli'}", "COLUMNS": "200"}
    full = [str(Path(sys.executable).parent / program), *arguments]
    done = subprocess.run(full, cwd=root, env=environ, check=False, capture_output=True, text=True)
    complaint = (done.stdout + done.stderr).strip() or f"{name} ended with {done.returncode}"
    return Outcome(name, time.monotonic() - started, complaint if done.returncode else "")


def run_all(root: Path, programs: Mapping[str, tuple[str, ...]]) -> list[Outcome]:
    """Run several tools."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda name: run(name, programs[name], root), programs))
